package org.conceptclip.parity;

import java.lang.foreign.Arena;
import java.util.HashMap;
import java.util.Map;
import org.conceptclip.op.Epilogue;
import org.conceptclip.op.ForwardingOps;
import org.conceptclip.op.LinearWeights;
import org.conceptclip.op.NormWeights;
import org.conceptclip.op.Ops;
import org.conceptclip.op.PatchEmbeddingWeights;
import org.conceptclip.op.TokenBatch;
import org.conceptclip.op.TokenEmbeddingWeights;
import org.conceptclip.op.Workspace;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Tensor;

/**
 * Passes every op through to a backend and keeps what went in and came out, under the name of the weights: {@code
 * "<weights>:in"}, {@code "<weights>:out"} and {@code "<weights>:sum"} (the stream after an addNorm, or the product before a
 * GELU). So every intermediate of the official model can be compared on any backend, without taps in the product's code.
 */
final class ObservedOps extends ForwardingOps {
  private final Ops ops;
  private final Workspace workspace;
  private final Map<String, HostTensor> seen = new HashMap<>();

  ObservedOps(Ops ops, Workspace workspace) {
    super(ops);
    this.ops = ops;
    this.workspace = workspace;
  }

  /** What was seen last under this name; fails when nothing was. */
  HostTensor seen(String name) {
    HostTensor tensor = seen.get(name);
    if (tensor == null) {
      throw new AssertionError("nothing observed as " + name + "; seen: " + seen.keySet().stream().sorted().toList());
    }
    return tensor;
  }

  private void keep(String name, Tensor tensor) {
    seen.put(name, workspace.download(tensor, Arena.ofAuto()));
  }

  @Override
  public void patchEmbed(Tensor pixels, PatchEmbeddingWeights weights, Tensor out) {
    ops.patchEmbed(pixels, weights, out);
    keep(weights.name() + ":out", out);
  }

  @Override
  public void tokenEmbed(TokenBatch tokens, TokenEmbeddingWeights weights, Tensor out) {
    ops.tokenEmbed(tokens, weights, out);
    keep(weights.name() + ":out", out);
  }

  @Override
  public void layerNorm(Tensor x, NormWeights weights, Tensor out) {
    keep(weights.name() + ":in", x);
    ops.layerNorm(x, weights, out);
    keep(weights.name() + ":out", out);
  }

  @Override
  public void addNorm(Tensor x, Tensor y, NormWeights weights, Tensor out) {
    ops.addNorm(x, y, weights, out);
    if (out != x) {
      keep(weights.name() + ":sum", x);
    }
    keep(weights.name() + ":out", out);
  }

  @Override
  public void linear(Tensor x, LinearWeights weights, Epilogue epilogue, Tensor out) {
    keep(weights.name() + ":in", x);
    if (epilogue != Epilogue.NONE) {
      Tensor plain = workspace.buffer("observed.product", out.dtype(), out.rows(), out.columns());
      ops.linear(x, weights, Epilogue.NONE, plain);
      keep(weights.name() + ":sum", plain);
    }
    ops.linear(x, weights, epilogue, out);
    keep(weights.name() + ":out", out);
  }

  /** The product is computed once more on its own: the fused form need not show it. */
  @Override
  public void linearAddNorm(Tensor x, LinearWeights weights, Tensor residual, NormWeights norm, Tensor update, Tensor out) {
    keep(weights.name() + ":in", x);
    Tensor plain = workspace.buffer("observed.product", update.dtype(), update.rows(), update.columns());
    ops.linear(x, weights, Epilogue.NONE, plain);
    keep(weights.name() + ":out", plain);
    ops.linearAddNorm(x, weights, residual, norm, update, out);
    keep(norm.name() + ":sum", residual);
    keep(norm.name() + ":out", out);
  }
}
