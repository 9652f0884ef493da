package org.conceptclip.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.conceptclip.backend.OnEmulator;
import org.conceptclip.backend.cuda.ForwardingDriver.Call;
import org.conceptclip.backend.cuda.driver.CudaDriver;
import org.conceptclip.backend.cuda.driver.DeviceProperties;
import org.conceptclip.backend.cuda.driver.KernelLaunch;
import org.conceptclip.backend.cuda.driver.emulated.EmulatedDevice;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoder;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;
import org.junit.jupiter.api.Test;

/** Whole passes with our own products on an emulated Hopper. */
@OnEmulator
class CudaOwnProductsTest {
  private static final int TOKENS = SmallModel.CONFIG.vision().tokens();

  private static CudaDriver hopper() {
    return SmallModel.device(EmulatedDevice.ofCapability(90));
  }

  /** A device of two multiprocessors, on which few rows fill the small tiles; and the kernels that it launches. */
  private static final class SmallDevice extends ForwardingDriver {
    private final Set<String> launched = new TreeSet<>();

    SmallDevice() {
      super(hopper());
    }

    @Override
    void before(Call call, long bytes) {}

    @Override
    public DeviceProperties device() {
      DeviceProperties real = super.device();
      return new DeviceProperties(real.name(), real.major(), real.minor(), 2, real.memoryBytes(), real.driverVersion());
    }

    @Override
    public void launch(KernelLaunch launch, long stream) {
      launched.add(launch.kernel());
      super.launch(launch, stream);
    }
  }

  @Test
  void anImageHasTheSameBitsWhateverTileItsBatchTakes() {
    for (DType residual : new DType[] {DType.F32, DType.F16}) {
      SmallDevice device = new SmallDevice();
      CudaOptions options = CudaOptions.defaults().withGemm(Gemm.OWN).withResidualType(residual);
      try (CudaBackend backend = new CudaBackend("test", device, options); Encoder encoder = SmallModel.load(backend, notice -> { })) {
        int images = 40;
        HostTensor all = SmallModel.images(images);
        float[] together = encoder.encodeImages(all, Detail.TOKENS).tokenFeatures().toFloatArray();
        Set<String> forMany = new TreeSet<>(device.launched);
        device.launched.clear();
        for (int i : new int[] {0, 17, images - 1}) {
          float[] alone = encoder.encodeImages(rows(all, i, 1), Detail.TOKENS).tokenFeatures().toFloatArray();
          assertArrayEquals(Arrays.copyOfRange(together, i * alone.length, (i + 1) * alone.length), alone, residual + ", image " + i);
        }
        assertTrue(forMany.contains("gemm_sm90_bias_f16_64x128") && device.launched.contains("gemm_sm90_bias_f16_64x64")
            && !device.launched.contains("gemm_sm90_bias_f16_64x128"), forMany + " and " + device.launched);
        String sum = "gemm_sm90_add_" + (residual == DType.F16 ? "f16" : "f32") + "_64x64";
        assertTrue(device.launched.contains(sum), sum + " in " + device.launched);
      }
    }
  }

  private static HostTensor rows(HostTensor images, long first, long count) {
    long bytes = images.shape().elements() / images.shape().extent(0);
    return HostTensor.view(images.dtype(), Shape.of(count, images.shape().extent(1), images.shape().extent(2), 3),
        images.data().asSlice(first * bytes, count * bytes));
  }

  /** Neither loading nor a pass gives the library a product: with the driver alone everything computes. */
  @Test
  void aHostWithoutTheToolkitComputesEverything() {
    float[] expected;
    try (CudaBackend backend = new CudaBackend("test", hopper(), CudaOptions.defaults().withGemm(Gemm.OWN));
        Encoder encoder = SmallModel.load(backend, notice -> { })) {
      expected = encoder.encodeTexts(SmallModel.texts(), Detail.TOKENS).tokenFeatures().toFloatArray();
    }
    try (CudaBackend backend = new CudaBackend("test", ProductChoiceTest.withoutLibrary(hopper()), CudaOptions.defaults());
        Encoder encoder = SmallModel.load(backend, notice -> { })) {
      assertTrue(backend.description().endsWith("products: own"), backend.description());
      encoder.encodeImages(SmallModel.images(3), Detail.TOKENS);
      assertArrayEquals(expected, encoder.encodeTexts(SmallModel.texts(), Detail.TOKENS).tokenFeatures().toFloatArray());
    }
  }

  @Test
  void aSteadyPassIsOneGraphAndEncodesNoTensorMap() {
    CountingDriver driver = new CountingDriver(hopper());
    try (CudaBackend backend = new CudaBackend("test", driver, CudaOptions.defaults().withGemm(Gemm.OWN));
        Encoder encoder = SmallModel.load(backend, notice -> { })) {
      driver.reset();
      encoder.encodeImages(SmallModel.images(2), Detail.TOKENS);
      assertNull(driver.calls().get(Call.MATMUL), "products of the library");
      assertTrue(driver.calls().get(Call.ENCODE_TENSOR_MAP) > 10, driver.calls().toString());
      for (int i = 0; i < 2; i++) {
        encoder.encodeImages(SmallModel.images(2), Detail.TOKENS);
      }
      long allocated = driver.allocatedBytes();
      driver.reset();
      encoder.encodeImages(SmallModel.images(2), Detail.TOKENS);
      Map<Call, Long> calls = driver.calls();
      assertEquals(1, calls.get(Call.LAUNCH_GRAPH));
      for (Call call : List.of(
          Call.ALLOCATE, Call.ALLOCATE_PINNED, Call.FREE, Call.LAUNCH, Call.BEGIN_CAPTURE, Call.ENCODE_TENSOR_MAP)) {
        assertNull(calls.get(call), call.name());
      }
      assertEquals(allocated, driver.allocatedBytes());
    }
  }

  /** The record of ranges sees the sums of the same names, whoever adds them. */
  @Test
  void rangesAreRecordedWithOwnProductsToo() {
    Map<String, Float> library = ranges(Gemm.CUBLASLT);
    Map<String, Float> own = ranges(Gemm.OWN);
    assertEquals(library.keySet(), own.keySet());
    assertEquals(4, own.size(), own.toString());
    own.forEach((norm, value) -> assertEquals(library.get(norm), value, 0.01f * value, norm));
  }

  private static Map<String, Float> ranges(Gemm gemm) {
    CudaOptions options = CudaOptions.defaults().withGemm(gemm).withCheckRange(true);
    try (CudaBackend backend = new CudaBackend("test", hopper(), options); Encoder encoder = SmallModel.load(backend, notice -> { })) {
      assertEquals(2 * TOKENS, encoder.encodeImages(SmallModel.images(2), Detail.TOKENS).tokenFeatures().rows());
      encoder.encodeTexts(SmallModel.texts(), Detail.FEATURES);
      return backend.residualRanges();
    }
  }
}
