package org.conceptclip.runtime;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.DeviceException;
import org.conceptclip.backend.Precision;
import org.conceptclip.backend.cpu.CpuBackend;
import org.conceptclip.backend.reference.ReferenceBackend;
import org.conceptclip.catalog.OpenModel;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;
import org.junit.jupiter.api.Test;

/** Images in tensors of their own give the bits of the same images in one tensor. */
class EncoderPiecesTest {
  private static final int SIZE = 61;

  private static HostTensor together(int count) {
    byte[] pixels = new byte[count * SIZE * SIZE * 3];
    new Random(3).nextBytes(pixels);
    return HostTensor.view(DType.U8, Shape.of(count, SIZE, SIZE, 3), MemorySegment.ofArray(pixels));
  }

  private static List<HostTensor> pieces(HostTensor images) {
    List<HostTensor> pieces = new ArrayList<>();
    long bytes = images.byteSize() / images.shape().extent(0);
    for (long i = 0; i < images.shape().extent(0); i++) {
      pieces.add(HostTensor.view(DType.U8, Shape.of(SIZE, SIZE, 3), images.data().asSlice(i * bytes, bytes)));
    }
    return pieces;
  }

  private static Encoder load(Backend backend) {
    try (OpenModel model = OpenModel.open("synthetic:tiny")) {
      return model.load(backend);
    }
  }

  private static void piecesAreTheBatch(Backend owned, int count) {
    HostTensor images = together(count);
    List<Long> uploads = new ArrayList<>();
    try (Backend backend = owned; Encoder encoder = load(backend)) {
      Encoding expected = encoder.encodeImages(images, Detail.TOKENS);
      Encoding found = encoder.encodeImages(pieces(images), Detail.TOKENS, uploads::add);
      assertArrayEquals(expected.features().toDoubleArray(), found.features().toDoubleArray());
      assertArrayEquals(expected.tokenFeatures().toDoubleArray(), found.tokenFeatures().toDoubleArray());
      assertEquals(Math.ceilDiv(count, encoder.limits().images()), uploads.size());
      HostTensor classes = encoder.encodeImages(images, Detail.FEATURES).features();
      assertArrayEquals(
          encoder.scoreImages(images, classes, classes, 3).localLogits().toDoubleArray(),
          encoder.scoreImages(pieces(images), classes, classes, 3, nanos -> {}).localLogits().toDoubleArray());
    }
  }

  @Test
  void onTheCpu() {
    piecesAreTheBatch(new CpuBackend(Precision.FP32, 1), 6);
  }

  @Test
  void onTheReference() {
    piecesAreTheBatch(new ReferenceBackend(), 2);
  }

  @Test
  void otherShapesAreRefused() {
    try (Backend backend = new CpuBackend(Precision.FP32, 1); Encoder encoder = load(backend)) {
      HostTensor small = HostTensor.allocate(Arena.ofAuto(), DType.U8, SIZE, SIZE - 1, 3);
      HostTensor good = HostTensor.allocate(Arena.ofAuto(), DType.U8, SIZE, SIZE, 3);
      assertEquals("pixels: found U8 [61, 60, 3], expected U8 [61, 61, 3]",
          assertThrows(BadInputException.class, () -> encoder.encodeImages(List.of(good, small), Detail.FEATURES, nanos -> {}))
              .getMessage());
      assertThrows(BadInputException.class, () -> encoder.encodeImages(List.of(), Detail.FEATURES, nanos -> {}));
    }
  }

  @Test
  void architecturesAreComparedByNumbers() {
    try (Backend backend = new CpuBackend(Precision.FP32, 1);
        Encoder one = load(backend);
        Encoder other = load(backend);
        OpenModel demo = OpenModel.embedded();
        Encoder different = demo.load(backend)) {
      assertTrue(one.sameArchitecture(other));
      assertFalse(one.sameArchitecture(different));
    }
  }

  @Test
  void lossIsSeenThroughItsWrappings() {
    DeviceException lost = new DeviceException(DeviceException.Kind.LOST, "gone", null);
    assertTrue(Encoder.isDeviceLost(new IllegalStateException(new RuntimeException(lost))));
    assertFalse(Encoder.isDeviceLost(new DeviceException(DeviceException.Kind.FAILED, "busy", null)));
  }
}
