package org.conceptclip.bench;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * The float32 multiply-add rate that this machine reaches now, on a given number of threads: the roof that matrix products are
 * held against.
 *
 * <p>The loop is a long chain of fused multiply-adds over an array that fits the first-level cache; the optimising compiler turns
 * it into vector instructions of the machine's full width. Against the same chain written in C with AVX-512 intrinsics it
 * reached the same figure within measurement noise (docs/adr/0006-benchmark.md).
 */
final class PeakFlops {
  private static final int ELEMENTS = 1024;
  private static final int CHAIN = 16;
  private static final int SWEEPS = 20_000;

  private PeakFlops() {}

  /** The best of several short measurements, in FLOP a second over all threads; a multiply-add counts as two. */
  static double measure(int threads) {
    double best = 0;
    for (int attempt = 0; attempt < 8; attempt++) {
      long start = System.nanoTime();
      IntStream.range(0, threads).parallel().forEach(thread -> sweep());
      double seconds = (System.nanoTime() - start) / 1e9;
      best = Math.max(best, 2.0 * threads * ELEMENTS * CHAIN * SWEEPS / seconds);
    }
    return best;
  }

  private static void sweep() {
    float[] values = new float[ELEMENTS];
    Arrays.fill(values, 0.5f);
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
      chain(values, 0.999f, 1e-4f);
    }
    if (values[ELEMENTS - 1] == 0) {
      throw new IllegalStateException("the chain's result is used, so that it cannot be compiled away");
    }
  }

  /** Written out: a loop inside the loop would keep the compiler from vectorising. */
  private static void chain(float[] values, float a, float b) {
    for (int i = 0; i < values.length; i++) {
      float v = values[i];
      v = Math.fma(v, a, b);
      v = Math.fma(v, a, b);
      v = Math.fma(v, a, b);
      v = Math.fma(v, a, b);
      v = Math.fma(v, a, b);
      v = Math.fma(v, a, b);
      v = Math.fma(v, a, b);
      v = Math.fma(v, a, b);
      v = Math.fma(v, a, b);
      v = Math.fma(v, a, b);
      v = Math.fma(v, a, b);
      v = Math.fma(v, a, b);
      v = Math.fma(v, a, b);
      v = Math.fma(v, a, b);
      v = Math.fma(v, a, b);
      v = Math.fma(v, a, b);
      values[i] = v;
    }
  }
}
