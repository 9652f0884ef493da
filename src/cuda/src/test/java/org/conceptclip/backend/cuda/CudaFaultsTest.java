package org.conceptclip.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.conceptclip.backend.DeviceException;
import org.conceptclip.backend.DeviceException.Kind;
import org.conceptclip.backend.OnEmulator;
import org.conceptclip.backend.cuda.driver.CudaDriver;
import org.conceptclip.backend.cuda.driver.emulated.EmulatedDevice;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoder;
import org.junit.jupiter.api.Test;

/** All faults on an emulated device, and one whose memory is too small. */
@OnEmulator
class CudaFaultsTest extends CudaFaults {
  @Override
  CudaDriver device() {
    return SmallModel.device();
  }

  @Override
  int stride() {
    return 1;
  }

  @Test
  void passesShrinkUntilDeviceMemoryHoldsThem() {
    List<String> notices = new ArrayList<>();
    float[] expected;
    long plenty;
    try (CudaBackend backend = new CudaBackend("test", SmallModel.device(), CudaOptions.defaults());
        Encoder encoder = SmallModel.load(backend, notices::add)) {
      expected = encoder.encodeImages(SmallModel.images(64), Detail.TOKENS).tokenFeatures().toFloatArray();
      plenty = backend.deviceBytes();
    }
    assertEquals(List.of(), notices);
    EmulatedDevice half = new EmulatedDevice(80, (1 << 20) + (plenty - (1 << 20)) / 3);
    try (CudaBackend backend = new CudaBackend("test", SmallModel.device(half), CudaOptions.defaults());
        Encoder encoder = SmallModel.load(backend, notices::add)) {
      for (int i = 0; i < 2; i++) {
        assertArrayEquals(expected, encoder.encodeImages(SmallModel.images(64), Detail.TOKENS).tokenFeatures().toFloatArray());
      }
    }
    assertEquals(List.of("device memory does not hold a pass of 64 images: going on with 16"), notices);
  }

  @Test
  void oneImageThatDoesNotFitIsSaidSo() {
    EmulatedDevice tiny = new EmulatedDevice(80, (1 << 20) + 4096);
    try (CudaBackend backend = new CudaBackend("test", SmallModel.device(tiny), CudaOptions.defaults());
        Encoder encoder = SmallModel.load(backend, notice -> {})) {
      DeviceException failure = assertThrows(
          DeviceException.class, () -> encoder.encodeImages(SmallModel.images(3), Detail.FEATURES));
      assertEquals(Kind.MEMORY, failure.kind());
      assertTrue(failure.getMessage().startsWith("device memory does not hold one image: cuMemAlloc"), failure.getMessage());
      assertNotNull(failure.getCause());
    }
  }
}
