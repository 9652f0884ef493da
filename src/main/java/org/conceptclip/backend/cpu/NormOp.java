package org.conceptclip.backend.cpu;

import org.conceptclip.tensor.DType;

/** LayerNorm, alone or after a sum: chunks of rows that stay in cache between the two. */
final class NormOp {
  private static final int CHUNK_ROWS = 32;
  private static final int SUMS = 0;
  private static final int SHIFTED = 2;

  private final Kernels kernels;
  private final WorkerPool pool;

  NormOp(Kernels kernels, WorkerPool pool) {
    this.kernels = kernels;
    this.pool = pool;
  }

  /** See {@link org.conceptclip.op.Ops#layerNorm}. */
  void layerNorm(WorkerContext own, long x, DType xType, int rows, CpuNorm norm, long out, DType outType) {
    pool.run(Math.ceilDiv(rows, CHUNK_ROWS), own, (task, context) -> {
      long offset = (long) task * CHUNK_ROWS * norm.width();
      chunk(context, x + offset * xType.bytes(), xType, chunkRows(rows, task), norm, out + offset * outType.bytes(), outType);
    });
  }

  /** See {@link org.conceptclip.op.Ops#addNorm}. */
  void addNorm(
      WorkerContext own, long x, DType xType, long y, DType yType, int rows, CpuNorm norm, long out, DType outType) {
    pool.run(Math.ceilDiv(rows, CHUNK_ROWS), own, (task, context) -> {
      int count = chunkRows(rows, task);
      int values = count * norm.width();
      long offset = (long) task * CHUNK_ROWS * norm.width();
      // Where the sum is not kept it need not be rounded to x's type.
      boolean kept = out != x;
      long sums = kept ? x + offset * xType.bytes() : context.scratch(SUMS, 4L * values);
      DType sumType = kept ? xType : DType.F32;
      Kernel add = kernels.add(new Kernels.Add(values, xType, yType, sumType));
      context.bind(add).aim(0, x + offset * xType.bytes()).aim(1, y + offset * yType.bytes()).aim(2, sums);
      context.run(add);
      chunk(context, sums, sumType, count, norm, out + offset * outType.bytes(), outType);
    });
  }

  /**
   * LayerNorm of a few rows on the calling thread. Each row is first shifted by its first value, which changes nothing but
   * rounding: oneDNN sums the mean in float32, and a row whose mean is far from zero would lose digits. A first value that is
   * an outlier does no harm, since it is at most sqrt(width) standard deviations from the mean.
   */
  void chunk(WorkerContext context, long x, DType xType, int rows, CpuNorm norm, long out, DType outType) {
    long shifted = context.scratch(SHIFTED, 4L * rows * norm.width());
    Kernel shift = kernels.shift(new Kernels.Shift(rows, norm.width(), xType));
    context.bind(shift).aim(0, x).aim(1, x).aim(2, shifted);
    context.run(shift);
    Kernel kernel =
        kernels.layerNorm(new Kernels.LayerNorm(rows, norm.width(), norm.epsilon(), DType.F32, outType));
    context.bind(kernel).aim(0, shifted).aim(1, out).aim(2, norm.weightAddress()).aim(3, norm.biasAddress());
    context.run(kernel);
  }

  private static int chunkRows(int rows, int task) {
    return Math.min(CHUNK_ROWS, rows - task * CHUNK_ROWS);
  }
}
