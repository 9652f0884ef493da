package org.conceptclip.backend.cpu;

import java.lang.foreign.MemorySegment;
import org.conceptclip.op.Sequences;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;

/** Ops that reduce a sequence or a row to few values: too light for anything but plain loops. */
record PoolingOps(WorkerPool pool) {
  private static final double SMALLEST_NORM = 1e-12;
  private static final int NORMALIZE_CHUNK_ROWS = 32;

  /** See {@link org.conceptclip.op.Ops#poolAttention}. */
  void poolAttention(WorkerContext own, CpuWeights.Query query, HostTensor kv, Sequences sequences, int heads, HostTensor out) {
    int width = query.width();
    int headDim = width / heads;
    pool.run(sequences.count() * heads, own, (task, context) -> {
      int sequence = task / heads;
      int head = task % heads;
      int keys = sequences.keyLength(sequence);
      float[] row = context.floats(0, headDim);
      float[] weights = context.floats(1, keys);
      float[] sums = context.floats(2, headDim);
      long first = (long) sequences.start(sequence) * 2 * width + (long) head * headDim;
      double sum = softmaxWeights(query.values(), head * headDim, kv, first, width, headDim, keys, row, weights);
      java.util.Arrays.fill(sums, 0, headDim, 0);
      for (int t = 0; t < keys; t++) {
        Floats.load(kv.data(), kv.dtype(), first + (long) t * 2 * width + width, row, headDim);
        float weight = (float) (weights[t] / sum);
        for (int d = 0; d < headDim; d++) {
          sums[d] += weight * row[d];
        }
      }
      Floats.store(sums, out.data(), out.dtype(), (long) sequence * width + (long) head * headDim, headDim);
    });
  }

  /** Fills {@code exp(score - max)} per key and returns their sum. */
  private static double softmaxWeights(
      float[] query, int queryStart, HostTensor kv, long first, int width, int headDim, int keys, float[] row, float[] weights) {
    double scale = 1 / Math.sqrt(headDim);
    float max = Float.NEGATIVE_INFINITY;
    for (int t = 0; t < keys; t++) {
      Floats.load(kv.data(), kv.dtype(), first + (long) t * 2 * width, row, headDim);
      double dot = 0;
      for (int d = 0; d < headDim; d++) {
        dot += (double) query[queryStart + d] * row[d];
      }
      weights[t] = (float) (dot * scale);
      max = Math.max(max, weights[t]);
    }
    double sum = 0;
    for (int t = 0; t < keys; t++) {
      weights[t] = (float) Math.exp((double) weights[t] - max);
      sum += weights[t];
    }
    return sum;
  }

  /** See {@link org.conceptclip.op.Ops#meanPool}. */
  void meanPool(WorkerContext own, HostTensor x, Sequences sequences, HostTensor out) {
    int width = Math.toIntExact(x.columns());
    pool.run(sequences.count(), own, (sequence, context) -> {
      float[] row = context.floats(0, width);
      double[] sums = new double[width];
      int count = sequences.keyLength(sequence);
      for (int t = 0; t < count; t++) {
        Floats.load(x.data(), x.dtype(), (long) (sequences.start(sequence) + t) * width, row, width);
        for (int c = 0; c < width; c++) {
          sums[c] += row[c];
        }
      }
      for (int c = 0; c < width; c++) {
        row[c] = (float) (sums[c] / Math.max(1, count));
      }
      Floats.store(row, out.data(), out.dtype(), (long) sequence * width, width);
    });
  }

  /** See {@link org.conceptclip.op.Ops#l2Normalize}. */
  void l2Normalize(WorkerContext own, HostTensor x, HostTensor out) {
    int width = Math.toIntExact(x.columns());
    int rows = Math.toIntExact(x.rows());
    MemorySegment from = x.data();
    DType type = x.dtype();
    pool.run(Math.ceilDiv(rows, NORMALIZE_CHUNK_ROWS), own, (task, context) -> {
      float[] row = context.floats(0, width);
      int end = Math.min(rows, (task + 1) * NORMALIZE_CHUNK_ROWS);
      for (int r = task * NORMALIZE_CHUNK_ROWS; r < end; r++) {
        Floats.load(from, type, (long) r * width, row, width);
        double squares = 0;
        for (int c = 0; c < width; c++) {
          squares += (double) row[c] * row[c];
        }
        double norm = Math.max(Math.sqrt(squares), SMALLEST_NORM);
        for (int c = 0; c < width; c++) {
          row[c] = (float) (row[c] / norm);
        }
        Floats.store(row, out.data(), out.dtype(), (long) r * width, width);
      }
    });
  }
}
