package org.conceptclip.backend.cpu;

import org.conceptclip.op.Sequences;
import org.conceptclip.tensor.DType;

/**
 * Self-attention without a score matrix beyond a tile: scaled scores of some queries, softmax in place, product with the
 * values, straight from and into the strided tensors.
 *
 * <p>Long sequences: a task is a head, whose keys and values are packed once, with tiles of queries that keep the scores in
 * L2. Short ones: a task is half of a sequence's heads as one batched product, since calls would outweigh the work. Either
 * way the kernels depend on the number of keys alone: a text gives the same bits packed or padded, alone or in a batch.
 */
record AttentionOp(Kernels kernels, WorkerPool pool) {
  /** Most queries in a tile; 122 rows of 729 float32 scores are 356 KB. */
  private static final int TILE = 128;

  private static final int SCORES = 0;
  private static final int PROBABILITIES = 1;
  private static final int PACKED = 2;

  /** See {@link org.conceptclip.op.Ops#attention}. */
  void run(WorkerContext own, long qkv, DType type, int width, Sequences sequences, int heads, long out) {
    int group = heads % 2 == 0 ? heads / 2 : heads;
    pool.run(sequences.count() * heads, own, (task, context) -> {
      int sequence = task / heads;
      int head = task % heads;
      int keys = sequences.keyLength(sequence);
      int rows = sequences.rows(sequence);
      long first = sequences.start(sequence);
      int headDim = width / heads;
      long headBytes = (long) head * headDim * type.bytes();
      long queries = qkv + first * 3 * width * type.bytes() + headBytes;
      long target = out + first * width * type.bytes() + headBytes;
      if (keys > TILE) {
        int tile = Math.ceilDiv(keys, Math.ceilDiv(keys, TILE));
        oneHead(context, new AttentionKernels.Shape(tile, keys, 1, true, headDim, width, type), queries, rows, target);
      } else if (keys > 0 && head % group == 0) {
        batched(context, new AttentionKernels.Shape(keys, keys, group, false, headDim, width, type), queries, rows, target);
      }
    });
  }

  private void oneHead(WorkerContext context, AttentionKernels.Shape shape, long queries, int rows, long out) {
    AttentionKernels kernel = AttentionKernels.of(kernels, shape);
    long widthBytes = (long) shape.width() * shape.type().bytes();
    long packedKeys = context.scratch(PACKED, kernel.packedKeyBytes() + kernel.packedValueBytes());
    long packedValues = packedKeys + kernel.packedKeyBytes();
    context.bind(kernel.packKeys()).aim(0, queries + widthBytes).aim(1, packedKeys);
    context.run(kernel.packKeys());
    context.bind(kernel.packValues()).aim(0, queries + 2 * widthBytes).aim(1, packedValues);
    context.run(kernel.packValues());
    tiles(context, shape, kernel, queries, packedKeys, packedValues, rows, out);
  }

  private void batched(WorkerContext context, AttentionKernels.Shape shape, long queries, int rows, long out) {
    long widthBytes = (long) shape.width() * shape.type().bytes();
    tiles(context, shape, AttentionKernels.of(kernels, shape), queries, queries + widthBytes, queries + 2 * widthBytes, rows,
        out);
  }

  /** All query rows in tiles of one size; the last tile starts earlier where it would reach beyond the sequence. */
  private static void tiles(
      WorkerContext context,
      AttentionKernels.Shape shape,
      AttentionKernels kernel,
      long queries,
      long keys,
      long values,
      int rows,
      long out) {
    int bytes = shape.type().bytes();
    long scoreCount = (long) shape.heads() * shape.tile() * shape.keys();
    long scores = context.scratch(SCORES, 4 * scoreCount);
    long probabilities = shape.type() == DType.F32 ? scores : context.scratch(PROBABILITIES, bytes * scoreCount);
    for (int row = 0; row < rows; row += shape.tile()) {
      long start = Math.min(row, rows - shape.tile());
      context.bind(kernel.scores()).aim(0, queries + start * shape.qkvStride() * bytes).aim(1, keys).aim(2, scores);
      context.run(kernel.scores());
      context.bind(kernel.softmax()).aim(0, scores).aim(1, probabilities);
      context.run(kernel.softmax());
      context.bind(kernel.mix()).aim(0, probabilities).aim(1, values).aim(2, out + start * shape.width() * bytes);
      context.run(kernel.mix());
    }
  }
}
