package org.conceptclip.backend.reference;

import java.util.stream.IntStream;
import org.conceptclip.tensor.HostTensor;

/**
 * {@code x W^T} for rows that are read and written through callbacks.
 *
 * <p>Each sum runs over the inputs in their order, so a result does not depend on the rows that it is computed with. One row of transposed
 * weights serves several rows of x at once: this loop order can be vectorised without reordering a sum, unlike a dot product.
 */
final class MatrixProduct {
  /** Rows of x that share one pass over the weights. */
  private static final int ROWS = 8;

  /** Columns a pass: {@code ROWS * COLUMNS} float64 sums stay in a 32 KiB first-level cache, with the weights beside them. */
  private static final int COLUMNS = 256;

  /** Fills {@code values} with row {@code row}. Called by several threads. */
  interface Source {
    void read(int row, double[] values);
  }

  /** Takes the finished sums of row {@code row}. Called by several threads, once a row. */
  interface Sink {
    void write(int row, double[] sums);
  }

  private MatrixProduct() {}

  /** @param transposed weights, [inputs, outputs] */
  static void run(int rows, Source source, HostTensor transposed, Sink sink) {
    int blocks = (rows + ROWS - 1) / ROWS;
    IntStream.range(0, blocks)
        .parallel()
        .forEach(block -> block(block * ROWS, Math.min(rows, (block + 1) * ROWS), source, transposed, sink));
  }

  private static void block(int first, int last, Source source, HostTensor transposed, Sink sink) {
    int inputs = Math.toIntExact(transposed.rows());
    int outputs = Math.toIntExact(transposed.columns());
    double[][] x = new double[last - first][inputs];
    for (int row = first; row < last; row++) {
      source.read(row, x[row - first]);
    }
    double[][] sums = new double[last - first][outputs];
    double[] weights = new double[COLUMNS];
    for (int column = 0; column < outputs; column += COLUMNS) {
      int count = Math.min(COLUMNS, outputs - column);
      for (int input = 0; input < inputs; input++) {
        Rows.read(transposed, input, column, count, weights, 0);
        for (int row = 0; row < x.length; row++) {
          addScaled(sums[row], column, x[row][input], weights, count);
        }
      }
    }
    for (int row = first; row < last; row++) {
      sink.write(row, sums[row - first]);
    }
  }

  private static void addScaled(double[] sums, int at, double factor, double[] values, int count) {
    for (int i = 0; i < count; i++) {
      sums[at + i] += factor * values[i];
    }
  }
}
