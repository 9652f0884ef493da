package org.conceptclip.backend.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.conceptclip.op.Sequences;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;

/**
 * Scaled dot products between rows of two tensors, in float32. Tiles come in multiples of 16 rows and columns, smaller
 * operands are padded, so that a dot product's bits do not depend on how many others are asked for.
 */
record SimilarityOps(Kernels kernels, WorkerPool pool) {
  private static final int TILE_ROWS = 192;
  private static final int TILE_COLUMNS = 64;
  private static final int SMALLEST = RowChunks.STEP;

  // Scratch slots: 0 a tile's results; 1 is free for kernels; 2 and 3 hold operands and belong to the caller's context.
  private static final int RESULTS = 0;
  private static final int A = 2;
  private static final int B = 3;

  /** See {@link org.conceptclip.op.Ops#similarity}. */
  void similarity(WorkerContext own, HostTensor a, HostTensor b, double scale, HostTensor out) {
    int width = Math.toIntExact(a.columns());
    int m = Math.toIntExact(a.rows());
    int n = Math.toIntExact(b.rows());
    long aRows = float32(own, a, A, false);
    long bRows = float32(own, b, B, false);
    RowChunks rows = RowChunks.of(Math.max(m, SMALLEST), TILE_ROWS, true);
    RowChunks columns = RowChunks.of(Math.max(n, SMALLEST), TILE_COLUMNS, true);
    pool.run(rows.count() * columns.count(), own, (task, context) -> {
      int row = rows.starts()[task / columns.count()];
      int rowCount = rows.sizes()[task / columns.count()];
      int column = columns.starts()[task % columns.count()];
      int columnCount = columns.sizes()[task % columns.count()];
      long bytes = 4L * rowCount * columnCount;
      long tile = context.scratch(RESULTS, bytes);
      dotProducts(context, aRows + 4L * row * width, rowCount, bRows + 4L * column * width, columnCount, width, scale, tile);
      MemorySegment results = MemorySegment.ofAddress(tile).reinterpret(bytes);
      float[] line = context.floats(0, columnCount);
      for (int r = 0; r < Math.min(rowCount, m - row); r++) {
        Floats.load(results, DType.F32, (long) r * columnCount, line, columnCount);
        Floats.store(line, out.data(), out.dtype(), (long) (row + r) * n + column, Math.min(columnCount, n - column));
      }
    });
  }

  /** See {@link org.conceptclip.op.Ops#topKMeanSimilarity}: sorts each concept's scores. */
  void topKMean(
      WorkerContext own, HostTensor patches, Sequences sequences, HostTensor concepts, double scale, int k, HostTensor out) {
    int width = Math.toIntExact(patches.columns());
    int n = Math.toIntExact(concepts.rows());
    long patchRows = float32(own, patches, A, true);
    long conceptRows = float32(own, concepts, B, false);
    RowChunks columns = RowChunks.of(Math.max(n, SMALLEST), TILE_COLUMNS, true);
    pool.run(sequences.count() * columns.count(), own, (task, context) -> {
      int sequence = task / columns.count();
      int column = columns.starts()[task % columns.count()];
      int columnCount = columns.sizes()[task % columns.count()];
      int count = sequences.keyLength(sequence);
      // A sequence below the smallest tile reads on into the next one's rows, or the padding; those scores are left out.
      RowChunks rows = RowChunks.of(Math.max(count, SMALLEST), TILE_ROWS, true);
      long bytes = 4L * Math.max(count, SMALLEST) * columnCount;
      long scores = context.scratch(RESULTS, bytes);
      for (int c = 0; c < rows.count(); c++) {
        long row = rows.starts()[c];
        dotProducts(context, patchRows + 4 * (sequences.start(sequence) + row) * width, rows.sizes()[c],
            conceptRows + 4L * column * width, columnCount, width, scale, scores + 4 * row * columnCount);
      }
      MemorySegment tile = MemorySegment.ofAddress(scores).reinterpret(bytes);
      float[] values = context.floats(0, count);
      float[] mean = context.floats(1, columnCount);
      for (int j = 0; j < columnCount; j++) {
        mean[j] = topMean(tile, j, columnCount, values, count, k);
      }
      Floats.store(mean, out.data(), out.dtype(), (long) sequence * n + column, Math.min(columnCount, n - column));
    });
  }

  private static float topMean(MemorySegment tile, int column, int columns, float[] values, int count, int k) {
    for (int t = 0; t < count; t++) {
      values[t] = tile.getAtIndex(ValueLayout.JAVA_FLOAT, (long) t * columns + column);
    }
    Arrays.sort(values, 0, count);
    int taken = Math.min(k, count);
    double sum = 0;
    for (int i = count - taken; i < count; i++) {
      sum += values[i];
    }
    return (float) (sum / taken);
  }

  private void dotProducts(
      WorkerContext context, long a, int rows, long b, int columns, int width, double scale, long out) {
    Kernel kernel = kernels.dotProducts(
        new Kernels.DotProducts(rows, columns, width, width, width, columns, (float) scale));
    context.bind(kernel).aim(0, a).aim(1, b).aim(2, out);
    context.run(kernel);
  }

  /**
   * The tensor's float32 values: at least {@link #SMALLEST} rows, or, if the caller reads beyond the last row, as many more; zeros
   * follow the last.
   */
  private static long float32(WorkerContext own, HostTensor tensor, int slot, boolean readsOn) {
    int width = Math.toIntExact(tensor.columns());
    int rows = Math.toIntExact(tensor.rows());
    if (tensor.dtype() == DType.F32 && rows >= SMALLEST && !readsOn) {
      return tensor.data().address();
    }
    long bytes = 4L * (rows + SMALLEST) * width;
    long address = own.scratch(slot, bytes);
    MemorySegment copy = MemorySegment.ofAddress(address).reinterpret(bytes);
    float[] line = own.floats(0, width);
    for (int r = 0; r < rows; r++) {
      Floats.load(tensor.data(), tensor.dtype(), (long) r * width, line, width);
      Floats.store(line, copy, DType.F32, (long) r * width, width);
    }
    copy.asSlice(4L * rows * width).fill((byte) 0);
    return address;
  }
}
