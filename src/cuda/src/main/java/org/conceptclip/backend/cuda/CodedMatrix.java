package org.conceptclip.backend.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.ScaledRows;

/**
 * A weight matrix as {@code kernels/gemm_e4m3_sm90.cu} reads it: codes of F8_E4M3, a scale for each output, and the outputs of every group
 * of 32 exchanged among each other, so that each thread of a product has eight neighbouring outputs of a row in its registers and stores
 * them at once.
 *
 * @param codes F8_E4M3 [outputs, a multiple of 32][inputs]; rows behind the last output are zeros
 * @param scales of each output, in the outputs' own order: what a code is multiplied by
 */
record CodedMatrix(HostTensor codes, float[] scales) {
  /** Outputs that are exchanged among each other; the rows of {@link #codes} are a multiple of it. */
  static final int GROUP = 32;

  /**
   * The codes nearest to a matrix, see {@link ScaledRows}.
   *
   * @param arena owns the codes; other threads must be able to use its memory
   * @param name for messages
   * @param matrix floating point [outputs, inputs]
   * @throws BadInputException if a number is not finite
   */
  static CodedMatrix of(Arena arena, String name, HostTensor matrix) {
    ScaledRows rows = ScaledRows.of(arena, matrix);
    int outputs = rows.scales().length;
    for (int output = 0; output < outputs; output++) {
      if (!Float.isFinite(rows.scales()[output])) {
        requireFinite(name, matrix.rows(output, 1), output * matrix.columns());
      }
    }
    long inputs = matrix.columns();
    HostTensor exchanged = HostTensor.allocate(arena, DType.F8_E4M3, Math.ceilDiv(outputs, GROUP) * GROUP, inputs);
    for (int output = 0; output < outputs; output++) {
      MemorySegment.copy(rows.codes().data(), output * inputs, exchanged.data(), row(output) * inputs, inputs);
    }
    return new CodedMatrix(exchanged, rows.scales());
  }

  /** The row of an output: with {@code output = 32 g + 8 t + 2 j + e}, row {@code 32 g + 8 j + 2 t + e}. It is its own inverse. */
  static long row(int output) {
    int inside = output % GROUP;
    return output - inside + inside % 8 / 2 * 8 + inside / 8 * 2 + inside % 2;
  }

  /** @param first number of the first element in what the name is of */
  static void requireFinite(String name, HostTensor tensor, long first) {
    for (long i = 0; i < tensor.shape().elements(); i++) {
      if (!Double.isFinite(tensor.getDouble(i))) {
        throw new BadInputException(name + ": element " + (first + i) + " is " + tensor.getDouble(i) + ", expected a finite number");
      }
    }
  }
}
