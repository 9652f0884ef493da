package org.conceptclip.backend.cuda;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.cuda.driver.emulated.EmulatedCudaDriver;
import org.conceptclip.backend.cuda.driver.emulated.EmulatedDevice;
import org.conceptclip.model.ModelConfig;
import org.conceptclip.model.ModelLayout;
import org.conceptclip.model.TextConfig;
import org.conceptclip.model.VisionConfig;
import org.conceptclip.op.PatchGeometry;
import org.conceptclip.op.TokenBatch;
import org.conceptclip.runtime.Encoder;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;
import org.conceptclip.weights.SyntheticWeights;

/** A model with every part of ConceptCLIP, one block a tower, that an emulated device computes in milliseconds; and inputs for it. */
final class SmallModel {
  private static final List<Double> HALF = List.of(0.5, 0.5, 0.5);
  private static final int IMAGE_SIZE = 14;

  static final ModelConfig CONFIG = new ModelConfig(
      "small",
      new VisionConfig(new PatchGeometry(IMAGE_SIZE, 7), 24, 1, 1, 40, 1, 40, 1e-6, HALF, HALF),
      new TextConfig(24, 1, 1, 40, 20, 8, 2, 1e-12, 0, 8),
      24);

  private SmallModel() {}

  /** An emulated device with memory to spare. */
  static EmulatedCudaDriver device() {
    return device(EmulatedDevice.ofCapability(80));
  }

  static EmulatedCudaDriver device(EmulatedDevice device) {
    return EmulatedCudaDriver.open(device, System.err::println);
  }

  static Encoder load(Backend backend, Consumer<String> notices) {
    try (SyntheticWeights weights = new SyntheticWeights(CONFIG.name(), ModelLayout.of(CONFIG))) {
      return Encoder.load(CONFIG, weights, backend, notices);
    }
  }

  /** U8 [images, 14, 14, 3]. */
  static HostTensor images(int count) {
    byte[] pixels = new byte[count * IMAGE_SIZE * IMAGE_SIZE * 3];
    new Random(1).nextBytes(pixels);
    return HostTensor.view(DType.U8, Shape.of(count, IMAGE_SIZE, IMAGE_SIZE, 3), MemorySegment.ofArray(pixels));
  }

  /** Texts of 3, 1 and 8 tokens. */
  static TokenBatch texts() {
    return TokenBatch.packed(List.of(new int[] {2, 7, 3}, new int[] {9}, new int[] {2, 4, 5, 6, 7, 8, 19, 3}));
  }
}
