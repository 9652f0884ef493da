package org.conceptclip.backend.cpu;

import static org.bytedeco.dnnl.global.dnnl.*;

import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.conceptclip.tensor.DType;

/**
 * The primitives of attention over one number of keys.
 *
 * @param packKeys keys of a head to the layout that {@link #scores} wants: from, to; null where they are not packed
 * @param packValues likewise for values; null where they are not packed
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

  private static final int[] MATMUL = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST};
  private static final int[] MOVE = {DNNL_ARG_SRC, DNNL_ARG_DST};

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
        dnnl_memory_desc_get_size(scores.layout(1)), dnnl_memory_desc_get_size(mix.layout(1)));
  }

  private static dnnl_memory_desc transposedKeys(OneDnn dnn, Shape s) {
    return dnn.strided(s.type(), new long[] {s.headDim(), s.keys()}, new long[] {1, s.qkvStride()});
  }

  private static dnnl_memory_desc values(OneDnn dnn, Shape s) {
    return dnn.matrix(s.type(), s.keys(), s.headDim(), s.qkvStride());
  }

  private static Kernel pack(Kernels kernels, Part part, dnnl_memory_desc from, Kernel user) {
    dnnl_memory_desc to = kernels.dnn().copyOf(user.layout(1));
    return kernels.compiled(part.toString(), kernels.dnn().reorder(from, to, part.toString()), MOVE, from, to);
  }

  private static Kernel scores(Kernels kernels, Part part, OneDnn.PostOps scale) {
    OneDnn dnn = kernels.dnn();
    Shape s = part.shape();
    dnnl_memory_desc queries = dnn.matrix(s.type(), s.tile(), s.headDim(), s.qkvStride());
    dnnl_memory_desc any = dnn.anyLayout(s.type(), s.headDim(), s.keys());
    dnnl_memory_desc out = dnn.matrix(DType.F32, s.tile(), s.keys(), s.keys());
    return withPackedWeights(kernels, part, dnn.matmul(queries, any, null, out, scale, part.toString()), queries, any, out);
  }

  private static Kernel mix(Kernels kernels, Part part) {
    OneDnn dnn = kernels.dnn();
    Shape s = part.shape();
    dnnl_memory_desc probabilities = dnn.matrix(s.type(), s.tile(), s.keys(), s.keys());
    dnnl_memory_desc any = dnn.anyLayout(s.type(), s.keys(), s.headDim());
    dnnl_memory_desc out = dnn.matrix(s.type(), s.tile(), s.headDim(), s.width());
    return withPackedWeights(kernels, part,
        dnn.matmul(probabilities, any, null, out, OneDnn.PostOps.NONE, part.toString()), probabilities, any, out);
  }

  private static Kernel withPackedWeights(
      Kernels kernels, Part part, dnnl_primitive_desc desc, dnnl_memory_desc x, dnnl_memory_desc any, dnnl_memory_desc out) {
    dnnl_memory_desc packed = kernels.dnn().copyOf(dnnl_primitive_desc_query_md(desc, dnnl_query_weights_md, 0));
    kernels.dnn().destroy(any);
    return kernels.compiled(part.toString(), desc, MATMUL, x, packed, out);
  }

  private static Kernel batchedScores(Kernels kernels, Part part, OneDnn.PostOps scale) {
    OneDnn dnn = kernels.dnn();
    Shape s = part.shape();
    dnnl_memory_desc queries = dnn.strided(
        s.type(), new long[] {s.heads(), s.tile(), s.headDim()}, new long[] {s.headDim(), s.qkvStride(), 1});
    dnnl_memory_desc keys = dnn.strided(
        s.type(), new long[] {s.heads(), s.headDim(), s.keys()}, new long[] {s.headDim(), 1, s.qkvStride()});
    dnnl_memory_desc out = dnn.strided(DType.F32, new long[] {s.heads(), s.tile(), s.keys()},
        new long[] {(long) s.tile() * s.keys(), s.keys(), 1});
    return kernels.compiled(part.toString(), dnn.matmul(queries, keys, null, out, scale, part.toString()), MATMUL,
        queries, keys, out);
  }

  private static Kernel batchedMix(Kernels kernels, Part part) {
    OneDnn dnn = kernels.dnn();
    Shape s = part.shape();
    dnnl_memory_desc probabilities = dnn.strided(s.type(), new long[] {s.heads(), s.tile(), s.keys()},
        new long[] {(long) s.tile() * s.keys(), s.keys(), 1});
    dnnl_memory_desc values = dnn.strided(
        s.type(), new long[] {s.heads(), s.keys(), s.headDim()}, new long[] {s.headDim(), s.qkvStride(), 1});
    dnnl_memory_desc out = dnn.strided(
        s.type(), new long[] {s.heads(), s.tile(), s.headDim()}, new long[] {s.headDim(), s.width(), 1});
    return kernels.compiled(part.toString(),
        dnn.matmul(probabilities, values, null, out, OneDnn.PostOps.NONE, part.toString()), MATMUL,
        probabilities, values, out);
  }

  private static Kernel softmax(Kernels kernels, Part part) {
    Shape s = part.shape();
    // Dense rows: with padded ones oneDNN falls back to a reference loop that is a hundred times slower.
    long rows = (long) s.heads() * s.tile();
    dnnl_memory_desc in = kernels.dnn().matrix(DType.F32, rows, s.keys(), s.keys());
    dnnl_memory_desc out = kernels.dnn().matrix(s.type(), rows, s.keys(), s.keys());
    return kernels.compiled(part.toString(), kernels.dnn().softmax(in, out, 1, part.toString()), MOVE, in, out);
  }
}
