package org.conceptclip.backend.cpu;

import static org.conceptclip.op.HostWorkspace.host;

import org.conceptclip.op.Epilogue;
import org.conceptclip.op.LinearWeights;
import org.conceptclip.op.NormWeights;
import org.conceptclip.op.Ops;
import org.conceptclip.op.PatchEmbeddingWeights;
import org.conceptclip.op.QueryWeights;
import org.conceptclip.op.Sequences;
import org.conceptclip.op.TokenBatch;
import org.conceptclip.op.TokenEmbeddingWeights;
import org.conceptclip.tensor.Tensor;

/** The ops of one execution: unwraps tensors to addresses and hands them to the op groups, with the caller's context. */
record CpuOps(WorkerContext own, OpGroups groups) implements Ops {
  /** The op groups of a backend; without state, shared by all executions. */
  record OpGroups(
      LinearOp linear,
      NormOp norm,
      AttentionOp attention,
      EmbeddingOps embedding,
      PoolingOps pooling,
      SimilarityOps similarity) {
    static OpGroups of(Kernels kernels, WorkerPool pool) {
      LinearOp linear = new LinearOp(kernels, pool);
      NormOp norm = new NormOp(kernels, pool);
      return new OpGroups(linear, norm, new AttentionOp(kernels, pool), new EmbeddingOps(pool, linear, norm),
          new PoolingOps(pool), new SimilarityOps(kernels, pool));
    }
  }

  private static long address(Tensor tensor) {
    return host(tensor).data().address();
  }

  private static int rows(Tensor tensor) {
    return Math.toIntExact(tensor.rows());
  }

  @Override
  public void patchEmbed(Tensor pixels, PatchEmbeddingWeights weights, Tensor out) {
    groups.embedding().patchEmbed(own, host(pixels), (CpuWeights.PatchEmbedding) weights, host(out));
  }

  @Override
  public void tokenEmbed(TokenBatch tokens, TokenEmbeddingWeights weights, Tensor out) {
    groups.embedding().tokenEmbed(own, tokens, (CpuWeights.TokenEmbedding) weights, host(out));
  }

  @Override
  public void layerNorm(Tensor x, NormWeights weights, Tensor out) {
    groups.norm().layerNorm(own, address(x), x.dtype(), rows(x), (CpuWeights.Norm) weights, address(out), out.dtype());
  }

  @Override
  public void addNorm(Tensor x, Tensor y, NormWeights weights, Tensor out) {
    groups.norm().addNorm(own, address(x), x.dtype(), address(y), y.dtype(), rows(x), (CpuWeights.Norm) weights, address(out),
        out.dtype());
  }

  @Override
  public void linear(Tensor x, LinearWeights weights, Epilogue epilogue, Tensor out) {
    groups.linear().run(own, address(x), x.dtype(), rows(x), (PackedLinear) weights, epilogue, address(out), out.dtype());
  }

  @Override
  public void attention(Tensor qkv, Sequences sequences, int heads, Tensor out) {
    int width = Math.toIntExact(out.columns());
    groups.attention().run(own, address(qkv), qkv.dtype(), width, sequences, heads, address(out));
  }

  @Override
  public void poolAttention(QueryWeights query, Tensor kv, Sequences sequences, int heads, Tensor out) {
    groups.pooling().poolAttention(own, (CpuWeights.Query) query, host(kv), sequences, heads, host(out));
  }

  @Override
  public void meanPool(Tensor x, Sequences sequences, Tensor out) {
    groups.pooling().meanPool(own, host(x), sequences, host(out));
  }

  @Override
  public void l2Normalize(Tensor x, Tensor out) {
    groups.pooling().l2Normalize(own, host(x), host(out));
  }

  @Override
  public void similarity(Tensor a, Tensor b, double scale, Tensor out) {
    groups.similarity().similarity(own, host(a), host(b), scale, host(out));
  }

  @Override
  public void topKMeanSimilarity(Tensor patches, Sequences sequences, Tensor concepts, double scale, int k, Tensor out) {
    groups.similarity().topKMean(own, host(patches), sequences, host(concepts), scale, k, host(out));
  }
}
