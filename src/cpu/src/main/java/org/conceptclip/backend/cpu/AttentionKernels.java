package org.conceptclip.backend.cpu;

import org.conceptclip.tensor.DType;

/**
 * The primitives of attention over one number of keys.
 *
 * @param packKeys keys of a head to the layout that {@link #scores} wants: from, to; null where they are not packed
 * @param packValues values of a head to the layout that {@link #mix} wants: from, to; null where they are not packed
 * @param scores scaled scores: queries, keys, out
 * @param softmax of the scores: in, out
 * @param mix probabilities times values: probabilities, values, out
 * @param packedKeyBytes size of packed keys, or 0
 * @param packedValueBytes size of packed values, or 0
 */
record AttentionKernels(
    Kernel packKeys, Kernel packValues, Kernel scores, Kernel softmax, Kernel mix, long packedKeyBytes, long packedValueBytes) {

  /**
   * @param tile queries at a time
   * @param heads heads at a time; 1 where packed
   * @param packed whether keys and values are packed, which pays where several tiles share them
   */
  record Shape(int tile, int keys, int heads, boolean packed, int headDim, int width, DType type) {
    int qkvStride() {
      return 3 * width;
    }
  }

  private record Part(Shape shape, String role) {}

  private static final int[] MATMUL = {Dnnl.SRC, Dnnl.WEIGHTS, Dnnl.DST};
  private static final int[] MOVE = {Dnnl.SRC, Dnnl.DST};

  static AttentionKernels of(Kernels kernels, Shape shape) {
    Kernel scores = kernels.get(new Part(shape, "scores"), part -> scores(kernels, part));
    Kernel softmax = kernels.get(new Part(shape, "softmax"), part -> softmax(kernels, part));
    Kernel mix = kernels.get(new Part(shape, "mix"), part -> mix(kernels, part));
    if (!shape.packed()) {
      return new AttentionKernels(null, null, scores, softmax, mix, 0, 0);
    }
    return new AttentionKernels(
        kernels.get(new Part(shape, "pack keys"), part -> pack(kernels, part, keys(kernels.dnn(), shape), scores)),
        kernels.get(new Part(shape, "pack values"), part -> pack(kernels, part, values(kernels.dnn(), shape), mix)),
        scores, softmax, mix,
        scores.layoutBytes(1), mix.layoutBytes(1));
  }

  /** Descriptor of the [rows, columns] operands of the heads; of the only head's operand, where keys and values are packed. */
  private static long operand(
      OneDnn dnn, Shape s, DType type, int rows, int columns, long headStride, long rowStride, long columnStride) {
    return s.packed()
        ? dnn.strided(type, new long[] {rows, columns}, new long[] {rowStride, columnStride})
        : dnn.strided(type, new long[] {s.heads(), rows, columns}, new long[] {headStride, rowStride, columnStride});
  }

  /** Keys as they lie in the rows, transposed. */
  private static long keys(OneDnn dnn, Shape s) {
    return operand(dnn, s, s.type(), s.headDim(), s.keys(), s.headDim(), 1, s.qkvStride());
  }

  private static long values(OneDnn dnn, Shape s) {
    return operand(dnn, s, s.type(), s.keys(), s.headDim(), s.headDim(), s.qkvStride(), 1);
  }

  private static long scoreTile(OneDnn dnn, Shape s, DType type) {
    return operand(dnn, s, type, s.tile(), s.keys(), (long) s.tile() * s.keys(), s.keys(), 1);
  }

  private static Kernel pack(Kernels kernels, Part part, long from, Kernel user) {
    long to = kernels.dnn().copyOfDescriptor(user.layout(1));
    return kernels.compiled(part.toString(), kernels.dnn().reorder(from, to, part.toString()), MOVE, from, to);
  }

  private static Kernel scores(Kernels kernels, Part part) {
    OneDnn dnn = kernels.dnn();
    Shape s = part.shape();
    long queries = operand(dnn, s, s.type(), s.tile(), s.headDim(), s.headDim(), s.qkvStride(), 1);
    long keys = s.packed() ? dnn.anyLayout(s.type(), s.headDim(), s.keys()) : keys(dnn, s);
    OneDnn.PostOps scale = OneDnn.PostOps.scaled(1 / Math.sqrt(s.headDim()));
    return product(kernels, part, scale, queries, keys, scoreTile(dnn, s, DType.F32));
  }

  private static Kernel mix(Kernels kernels, Part part) {
    OneDnn dnn = kernels.dnn();
    Shape s = part.shape();
    long values = s.packed() ? dnn.anyLayout(s.type(), s.keys(), s.headDim()) : values(dnn, s);
    long out = operand(dnn, s, s.type(), s.tile(), s.headDim(), s.headDim(), s.width(), 1);
    return product(kernels, part, OneDnn.PostOps.NONE, scoreTile(dnn, s, s.type()), values, out);
  }

  private static Kernel product(Kernels kernels, Part part, OneDnn.PostOps postOps, long x, long weights, long out) {
    OneDnn dnn = kernels.dnn();
    long desc = dnn.matmul(x, weights, 0, out, postOps, part.toString());
    if (!part.shape().packed()) {
      return kernels.compiled(part.toString(), desc, MATMUL, x, weights, out);
    }
    long packed = dnn.copyOfDescriptor(dnn.chosen(desc, Dnnl.QUERY_WEIGHTS));
    dnn.destroyDescriptor(weights);
    return kernels.compiled(part.toString(), desc, MATMUL, x, packed, out);
  }

  private static Kernel softmax(Kernels kernels, Part part) {
    Shape s = part.shape();
    // Dense rows: with padded ones oneDNN falls back to a reference loop that is a hundred times slower.
    long rows = (long) s.heads() * s.tile();
    long in = kernels.dnn().matrix(DType.F32, rows, s.keys(), s.keys());
    long out = kernels.dnn().matrix(s.type(), rows, s.keys(), s.keys());
    return kernels.compiled(part.toString(), kernels.dnn().softmax(in, out, 1, part.toString()), MOVE, in, out);
  }
}
