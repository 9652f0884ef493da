package org.conceptclip.backend.cuda;

import java.lang.foreign.Arena;
import org.conceptclip.op.Workspace;
import org.conceptclip.tensor.Tensor;

/** Something that several engines can compute, with random operands on a device. Owns its memory. Not thread-safe. */
interface Trial extends AutoCloseable {
  /** Queues the work so many times and waits for it. The second and later calls with one number are launches of one graph. */
  void run(String engine, int times);

  /**
   * Results of one run of an engine: as many values of the first rows as of the last rows, the first before the last. The first rows have
   * the same operands whatever the number of rows.
   */
  float[] results(String engine);

  @Override
  void close();

  /** The first and then the last {@code count} rows of a matrix. */
  static float[] ends(Workspace workspace, Tensor matrix, int count) {
    float[] values = new float[2 * count * Math.toIntExact(matrix.columns())];
    for (int end = 0; end < 2; end++) {
      try (Arena arena = Arena.ofConfined()) {
        float[] part = workspace.download(workspace.rows(matrix, end == 0 ? 0 : matrix.rows() - count, count), arena).toFloatArray();
        System.arraycopy(part, 0, values, end * part.length, part.length);
      }
    }
    return values;
  }
}
