package org.conceptclip.bench;

import java.util.Random;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Tensor;

/** What single ops are timed on. */
final class OpOperands {
  private OpOperands() {}

  /** Float32 numbers from -0.5 to 0.5 over {@code divisor}, the same for the same seed. */
  static HostTensor random(long seed, float divisor, long... extents) {
    long elements = 1;
    for (long extent : extents) {
      elements *= extent;
    }
    Random random = new Random(seed);
    float[] values = new float[Math.toIntExact(elements)];
    for (int i = 0; i < values.length; i++) {
      values[i] = (random.nextFloat() - 0.5f) / divisor;
    }
    return HostTensor.of(values, extents);
  }

  /** Bytes of all elements. */
  static double bytes(Tensor... tensors) {
    double bytes = 0;
    for (Tensor tensor : tensors) {
      bytes += (double) tensor.shape().elements() * tensor.dtype().bytes();
    }
    return bytes;
  }
}
