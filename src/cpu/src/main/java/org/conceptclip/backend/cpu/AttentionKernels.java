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
    OneDnn.PostOps scale = OneDnn.PostOps.scaled(1 / Math.sqrt(shape.headDim()));
    Kernel softmax = kernels.get(new Part(shape, "softmax"), part -> softmax(kernels, part));
    if (!shape.packed()) {
      return new AttentionKernels(null, null,
          kernels.get(new Part(shape, "scores of several heads"), part -> batchedScores(kernels, part, scale)),
          softmax,
          kernels.get(new Part(shape, "mix of several heads"), part -> batchedMix(kernels, part)), 0, 0);
    }
    Kernel scores = kernels.get(new Part(shape, "scores"), part -> scores(kernels, part, scale));
    Kernel mix = kernels.get(new Part(shape, "mix"), part -> mix(kernels, part));
    return new AttentionKernels(
        kernels.get(new Part(shape, "pack keys"), part -> pack(kernels, part, transposedKeys(kernels.dnn(), shape), scores)),
        kernels.get(new Part(shape, "pack values"), part -> pack(kernels, part, values(kernels.dnn(), shape), mix)),
        scores, softmax, mix,
        scores.layoutBytes(1), mix.layoutBytes(1));
  }

  private static long transposedKeys(OneDnn dnn, Shape s) {
    return dnn.strided(s.type(), new long[] {s.headDim(), s.keys()}, new long[] {1, s.qkvStride()});
  }

  private static long values(OneDnn dnn, Shape s) {
    return dnn.matrix(s.type(), s.keys(), s.headDim(), s.qkvStride());
  }

  private static Kernel pack(Kernels kernels, Part part, long from, Kernel user) {
    long to = kernels.dnn().copyOfDescriptor(user.layout(1));
    return kernels.compiled(part.toString(), kernels.dnn().reorder(from, to, part.toString()), MOVE, from, to);
  }

  private static Kernel scores(Kernels kernels, Part part, OneDnn.PostOps scale) {
    OneDnn dnn = kernels.dnn();
    Shape s = part.shape();
    long queries = dnn.matrix(s.type(), s.tile(), s.headDim(), s.qkvStride());
    long any = dnn.anyLayout(s.type(), s.headDim(), s.keys());
    long out = dnn.matrix(DType.F32, s.tile(), s.keys(), s.keys());
    return withPackedWeights(kernels, part, dnn.matmul(queries, any, 0, out, scale, part.toString()), queries, any, out);
  }

  private static Kernel mix(Kernels kernels, Part part) {
    OneDnn dnn = kernels.dnn();
    Shape s = part.shape();
    long probabilities = dnn.matrix(s.type(), s.tile(), s.keys(), s.keys());
    long any = dnn.anyLayout(s.type(), s.keys(), s.headDim());
    long out = dnn.matrix(s.type(), s.tile(), s.headDim(), s.width());
    return withPackedWeights(kernels, part,
        dnn.matmul(probabilities, any, 0, out, OneDnn.PostOps.NONE, part.toString()), probabilities, any, out);
  }

  private static Kernel withPackedWeights(
      Kernels kernels, Part part, long desc, long x, long any, long out) {
    long packed = kernels.dnn().copyOfDescriptor(kernels.dnn().chosen(desc, Dnnl.QUERY_WEIGHTS));
    kernels.dnn().destroyDescriptor(any);
    return kernels.compiled(part.toString(), desc, MATMUL, x, packed, out);
  }

  private static Kernel batchedScores(Kernels kernels, Part part, OneDnn.PostOps scale) {
    OneDnn dnn = kernels.dnn();
    Shape s = part.shape();
    long queries = dnn.strided(
        s.type(), new long[] {s.heads(), s.tile(), s.headDim()}, new long[] {s.headDim(), s.qkvStride(), 1});
    long keys = dnn.strided(
        s.type(), new long[] {s.heads(), s.headDim(), s.keys()}, new long[] {s.headDim(), 1, s.qkvStride()});
    long out = dnn.strided(DType.F32, new long[] {s.heads(), s.tile(), s.keys()},
        new long[] {(long) s.tile() * s.keys(), s.keys(), 1});
    return kernels.compiled(part.toString(), dnn.matmul(queries, keys, 0, out, scale, part.toString()), MATMUL,
        queries, keys, out);
  }

  private static Kernel batchedMix(Kernels kernels, Part part) {
    OneDnn dnn = kernels.dnn();
    Shape s = part.shape();
    long probabilities = dnn.strided(s.type(), new long[] {s.heads(), s.tile(), s.keys()},
        new long[] {(long) s.tile() * s.keys(), s.keys(), 1});
    long values = dnn.strided(
        s.type(), new long[] {s.heads(), s.keys(), s.headDim()}, new long[] {s.headDim(), s.qkvStride(), 1});
    long out = dnn.strided(
        s.type(), new long[] {s.heads(), s.tile(), s.headDim()}, new long[] {s.headDim(), s.width(), 1});
    return kernels.compiled(part.toString(),
        dnn.matmul(probabilities, values, 0, out, OneDnn.PostOps.NONE, part.toString()), MATMUL,
        probabilities, values, out);
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
