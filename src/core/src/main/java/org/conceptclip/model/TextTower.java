package org.conceptclip.model;

import org.conceptclip.op.Epilogue;
import org.conceptclip.op.Ops;
import org.conceptclip.op.Sequences;
import org.conceptclip.op.TokenBatch;
import org.conceptclip.op.Workspace;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.Tensor;

/**
 * The text tower: a post-norm BERT encoder, mean-pooled over the tokens that are not padding, then projected to the embedding
 * space.
 *
 * <p>Letters in shapes: R rows (tokens of all texts), S texts, W width, H hidden columns of the MLP, E embedding width. Immutable
 * and thread-safe: the state of a call is in its workspace.
 */
public final class TextTower {
  private final TextConfig config;
  private final ModelWeights.Text weights;

  public TextTower(TextConfig config, ModelWeights.Text weights) {
    this.config = config;
    this.weights = weights;
  }

  /** The last hidden states of a packed or dense batch: [R, W] in the workspace's activation type. */
  public Tensor states(Ops ops, Workspace workspace, TokenBatch tokens) {
    Sequences texts = tokens.sequences();
    long rows = texts.totalRows();
    int width = config.width();
    DType activation = workspace.activationType();
    Tensor x = workspace.buffer("text.states", activation, rows, width); // [R, W]
    Tensor qkv = workspace.buffer("text.qkv", activation, rows, 3L * width); // [R, 3W]
    Tensor attended = workspace.buffer("text.attended", activation, rows, width); // [R, W]
    Tensor update = workspace.buffer("text.update", activation, rows, width); // [R, W]
    Tensor hidden = workspace.buffer("text.hidden", activation, rows, config.mlpHidden()); // [R, H]

    ops.tokenEmbed(tokens, weights.embedding(), x);
    for (ModelWeights.TextLayer layer : weights.layers()) {
      ops.linear(x, layer.qkv(), Epilogue.NONE, qkv);
      ops.attention(qkv, texts, config.heads(), attended);
      ops.linear(attended, layer.attentionOutput(), Epilogue.NONE, update);
      ops.addNorm(x, update, layer.attentionNorm(), x);
      ops.linear(x, layer.fc1(), Epilogue.GELU, hidden);
      ops.linear(hidden, layer.fc2(), Epilogue.NONE, update);
      ops.addNorm(x, update, layer.outputNorm(), x);
    }
    return x;
  }

  /** Raw text features: masked mean of the states, projected. [S, E] in the workspace's feature type. */
  public Tensor pool(Ops ops, Workspace workspace, Tensor states, Sequences texts) {
    Tensor mean = workspace.buffer("text.mean", workspace.activationType(), texts.count(), config.width()); // [S, W]
    Tensor features =
        workspace.buffer("text.features", workspace.featureType(), texts.count(), weights.proj().outputs()); // [S, E]
    ops.meanPool(states, texts, mean);
    ops.linear(mean, weights.proj(), Epilogue.NONE, features);
    return features;
  }

  /** Token features in the concept space: the projection head over every token, [R, E], not normalised. */
  public Tensor project(Ops ops, Workspace workspace, Tensor states) {
    return ProjectionHeads.apply(ops, workspace, "text.head", states, weights.head());
  }
}
