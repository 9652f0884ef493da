package org.conceptclip.backend.cpu;

import java.util.Arrays;
import java.util.Locale;
import org.conceptclip.backend.BackendUnavailableException;
import org.conceptclip.backend.Precision;
import org.conceptclip.op.Epilogue;
import org.conceptclip.tensor.DType;

/**
 * The precision that a backend computes in, and the reason.
 *
 * <p>Bfloat16 instructions alone say little: on some CPUs they halve the time, on others they take twice as long as float32.
 * So the choice times one matrix product of the vision tower's shape in both.
 *
 * @param reason in words; empty if the precision was asked for
 */
record PrecisionChoice(Precision precision, String reason) {
  /** Bfloat16 costs accuracy: it must be this much faster. */
  private static final double WORTHWHILE = 1.2;

  private static final int ROWS = 192;
  private static final int INPUTS = 1152;
  private static final int OUTPUTS = 384;
  private static final int ROUNDS = 9;

  static PrecisionChoice of(Precision asked, Kernels kernels, ContextPool contexts) {
    if (asked == Precision.BF16 && !OneDnn.hasBf16()) {
      throw new BackendUnavailableException(
          "CPU backend: bf16 needs AVX-512 with bf16 or AMX, this CPU has " + OneDnn.instructionSet()
              + "; fp32 and bf16-weights work");
    }
    if (asked != Precision.AUTO) {
      return new PrecisionChoice(asked, "");
    }
    if (OneDnn.hasAmx()) {
      return new PrecisionChoice(Precision.BF16, "auto: the CPU has AMX");
    }
    if (!OneDnn.hasBf16()) {
      return new PrecisionChoice(Precision.FP32, "auto: the CPU has no bf16 arithmetic");
    }
    double ratio = nanos(kernels, contexts, DType.F32) / nanos(kernels, contexts, DType.BF16);
    String measured = String.format(Locale.ROOT, "auto: bf16 measured %.2fx as fast as fp32", ratio);
    return new PrecisionChoice(ratio >= WORTHWHILE ? Precision.BF16 : Precision.FP32, measured);
  }

  /** Shortest time of one product. */
  private static double nanos(Kernels kernels, ContextPool contexts, DType type) {
    Kernel kernel = kernels.linear(
        new Kernels.Linear(ROWS, INPUTS, OUTPUTS, type, type, OUTPUTS, false, Epilogue.NONE));
    WorkerContext context = contexts.acquire();
    try (NativeMemory memory = NativeMemory.allocate(4L * (ROWS * INPUTS + 2 * INPUTS * OUTPUTS + ROWS * OUTPUTS))) {
      memory.segment().fill((byte) 0);
      long weights = memory.address() + 4L * ROWS * INPUTS;
      context.bind(kernel).aim(0, memory.address()).aim(1, weights).aim(2, weights + 8L * INPUTS * OUTPUTS);
      long[] times = new long[ROUNDS];
      for (int i = 0; i < ROUNDS; i++) {
        long start = System.nanoTime();
        context.run(kernel);
        times[i] = System.nanoTime() - start;
      }
      return Arrays.stream(times).min().orElseThrow();
    } finally {
      contexts.release(context);
    }
  }
}
