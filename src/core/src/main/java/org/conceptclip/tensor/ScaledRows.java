package org.conceptclip.tensor;

import java.lang.foreign.Arena;

/**
 * A weight matrix in E4M3 with a scale for each row, as products in 8 bits read it: number [r][c] is {@code scale[r] * code[r][c]}.
 *
 * <p>A row is an output channel. Its scale is its largest absolute number divided by 448, in float32, so that this number has the largest
 * code; code [r][c] is the E4M3 number nearest to {@code number / scale[r]} in float32. A row of zeros has scale 1. A row with a number
 * that is not finite has such a scale, so that its results are not finite either.
 *
 * @param codes F8_E4M3 [rows, columns]
 * @param scales [rows]
 */
public record ScaledRows(HostTensor codes, float[] scales) {
  /**
   * The matrix nearest to another.
   *
   * @param arena owns the codes
   * @param matrix floating point [rows, columns]
   */
  public static ScaledRows of(Arena arena, HostTensor matrix) {
    int rows = Math.toIntExact(matrix.rows());
    int columns = Math.toIntExact(matrix.columns());
    HostTensor codes = HostTensor.allocate(arena, DType.F8_E4M3, rows, columns);
    float[] scales = new float[rows];
    for (int row = 0; row < rows; row++) {
      float[] values = matrix.rows(row, 1).toFloatArray();
      float scale = scale(values);
      scales[row] = scale;
      for (int column = 0; column < columns; column++) {
        codes.set((long) row * columns + column, values[column] / scale);
      }
    }
    return new ScaledRows(codes, scales);
  }

  private static float scale(float[] values) {
    float largest = 0;
    for (float value : values) {
      largest = Math.max(largest, Math.abs(value)); // NaN stays
    }
    return largest == 0 ? 1 : Math.max(largest / Float8.E4M3_MAX, Float.MIN_NORMAL);
  }

  /** The numbers that the codes stand for, as float32 [rows, columns] in memory of {@code arena}. */
  public HostTensor numbers(Arena arena) {
    int columns = Math.toIntExact(codes.columns());
    HostTensor numbers = HostTensor.allocate(arena, DType.F32, scales.length, columns);
    for (int row = 0; row < scales.length; row++) {
      for (long i = (long) row * columns; i < (row + 1L) * columns; i++) {
        numbers.set(i, (float) codes.getDouble(i) * scales[row]);
      }
    }
    return numbers;
  }
}
