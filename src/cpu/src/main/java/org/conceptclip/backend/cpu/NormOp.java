package org.conceptclip.backend.cpu;

import java.lang.foreign.MemorySegment;
import org.conceptclip.tensor.DType;

/** LayerNorm, alone or after a sum: chunks of rows that stay in cache between the two. */
record NormOp(Kernels kernels, WorkerPool pool) {
  private static final int CHUNK_ROWS = 32;
  private static final int SHIFTED = 2;

  /** See {@link org.conceptclip.op.Ops#layerNorm}. */
  void layerNorm(WorkerContext own, long x, DType xType, int rows, CpuWeights.Norm norm, long out, DType outType) {
    pool.run(Math.ceilDiv(rows, CHUNK_ROWS), own, (task, context) -> {
      long offset = (long) task * CHUNK_ROWS * norm.width();
      chunk(context, x + offset * xType.bytes(), xType, chunkRows(rows, task), norm, out + offset * outType.bytes(), outType);
    });
  }

  /** See {@link org.conceptclip.op.Ops#addNorm}. */
  void addNorm(
      WorkerContext own, long x, DType xType, long y, DType yType, int rows, CpuWeights.Norm norm, long out, DType outType) {
    int width = norm.width();
    MemorySegment xRows = segment(x, (long) rows * width, xType);
    MemorySegment yRows = segment(y, (long) rows * width, yType);
    boolean kept = out != x;
    pool.run(Math.ceilDiv(rows, CHUNK_ROWS), own, (task, context) -> {
      int count = chunkRows(rows, task);
      long first = (long) task * CHUNK_ROWS;
      MemorySegment shifted = shiftedRows(context, count, width);
      float[] sum = context.floats(0, width);
      float[] addend = context.floats(1, width);
      for (int r = 0; r < count; r++) {
        long at = (first + r) * width;
        Floats.load(xRows, xType, at, sum, width);
        Floats.load(yRows, yType, at, addend, width);
        for (int c = 0; c < width; c++) {
          sum[c] += addend[c];
        }
        if (kept) {
          Floats.store(sum, xRows, xType, at, width);
          Floats.load(xRows, xType, at, sum, width);
        }
        shift(sum, width);
        Floats.store(sum, shifted, DType.F32, (long) r * width, width);
      }
      normalise(context, shifted.address(), count, norm, out + first * width * outType.bytes(), outType);
    });
  }

  /** LayerNorm of a few rows on the calling thread. */
  void chunk(WorkerContext context, long x, DType xType, int rows, CpuWeights.Norm norm, long out, DType outType) {
    int width = norm.width();
    MemorySegment xRows = segment(x, (long) rows * width, xType);
    MemorySegment shifted = shiftedRows(context, rows, width);
    float[] row = context.floats(0, width);
    for (int r = 0; r < rows; r++) {
      Floats.load(xRows, xType, (long) r * width, row, width);
      shift(row, width);
      Floats.store(row, shifted, DType.F32, (long) r * width, width);
    }
    normalise(context, shifted.address(), rows, norm, out, outType);
  }

  /**
   * Shifts a row by its first value, which changes nothing but rounding: oneDNN sums the mean in float32, and a row whose mean
   * is far from zero would lose digits. A first value that is an outlier does no harm, since it is at most sqrt(width)
   * standard deviations from the mean. (oneDNN's own broadcast over a strided column is a reference loop: 13 ms a block.)
   */
  private static void shift(float[] row, int width) {
    float first = row[0];
    for (int c = 0; c < width; c++) {
      row[c] -= first;
    }
  }

  private void normalise(WorkerContext context, long shifted, int rows, CpuWeights.Norm norm, long out, DType outType) {
    Kernel kernel = kernels.layerNorm(new Kernels.LayerNorm(rows, norm.width(), norm.epsilon(), outType));
    context.bind(kernel).aim(0, shifted).aim(1, out).aim(2, norm.weightAddress()).aim(3, norm.biasAddress());
    context.run(kernel);
  }

  private static MemorySegment shiftedRows(WorkerContext context, int rows, int width) {
    return segment(context.scratch(SHIFTED, 4L * rows * width), (long) rows * width, DType.F32);
  }

  private static MemorySegment segment(long address, long values, DType type) {
    return MemorySegment.ofAddress(address).reinterpret(values * type.bytes());
  }

  private static int chunkRows(int rows, int task) {
    return Math.min(CHUNK_ROWS, rows - task * CHUNK_ROWS);
  }
}
