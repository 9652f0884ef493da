package org.conceptclip.model;

import java.util.List;
import org.conceptclip.op.Epilogue;
import org.conceptclip.op.Ops;
import org.conceptclip.op.Sequences;
import org.conceptclip.op.Workspace;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.Tensor;

/**
 * The vision tower: SigLIP's ViT (timm {@code vit_so400m_patch14_siglip_384}), pre-norm, with an attention pool.
 *
 * <p>Letters in shapes: B images, T tokens per image, W width, H hidden columns of the MLP. Immutable and thread-safe: the state
 * of a call is in its workspace.
 */
public final class VisionTower {
  private final VisionConfig config;
  private final ModelWeights.Vision weights;

  public VisionTower(VisionConfig config, ModelWeights.Vision weights) {
    this.config = config;
    this.weights = weights;
  }

  /**
   * Token states after the final LayerNorm.
   *
   * @param pixels U8 [B, size, size, 3], or normalised float [B, 3, size, size]
   * @return [B * T, W] in the workspace's activation type
   */
  public Tensor states(Ops ops, Workspace workspace, Tensor pixels) {
    Sequences images = sequences(pixels);
    long rows = images.totalRows();
    int width = config.width();
    DType activation = workspace.activationType();
    Tensor x = workspace.buffer("vision.residual", workspace.residualType(), rows, width); // [B*T, W]
    Tensor qkv = workspace.buffer("vision.qkv", activation, rows, 3L * width); // [B*T, 3W]
    Tensor update = workspace.buffer("vision.update", activation, rows, width); // [B*T, W]

    List<ModelWeights.VisionBlock> blocks = weights.blocks();
    Tensor normed = workspace.inputOf(blocks.getFirst().qkv(), "vision.normed", rows); // [B*T, W]
    ops.patchEmbed(pixels, weights.embedding(), x);
    ops.layerNorm(x, blocks.getFirst().norm1(), normed);
    for (int b = 0; b < blocks.size(); b++) {
      ModelWeights.VisionBlock block = blocks.get(b);
      Tensor attended = workspace.inputOf(block.proj(), "vision.attended", rows); // [B*T, W]
      ops.linear(normed, block.qkv(), Epilogue.NONE, qkv);
      ops.attention(qkv, images, config.heads(), attended);
      normed = workspace.inputOf(block.fc1(), "vision.normed", rows);
      ops.linearAddNorm(attended, block.proj(), x, block.norm2(), update, normed);
      Tensor hidden = workspace.inputOf(block.fc2(), "vision.hidden", rows); // [B*T, H]
      ops.linear(normed, block.fc1(), Epilogue.GELU, hidden);
      boolean last = b + 1 == blocks.size();
      normed = last
          ? workspace.buffer("vision.normed", activation, rows, width)
          : workspace.inputOf(blocks.get(b + 1).qkv(), "vision.normed", rows);
      ops.linearAddNorm(hidden, block.fc2(), x, last ? weights.norm() : blocks.get(b + 1).norm1(), update, normed);
    }
    return normed;
  }

  /**
   * Attention pool: one query attends to the tokens of an image; then {@code x + MLP(LN(x))}.
   *
   * @param states [B * T, W], from {@link #states}
   * @return raw image features [B, W] in the workspace's feature type
   */
  public Tensor pool(Ops ops, Workspace workspace, Tensor states, Sequences images) {
    ModelWeights.Pool pool = weights.pool();
    int width = config.width();
    DType activation = workspace.activationType();
    Tensor kv = workspace.buffer("pool.kv", activation, states.rows(), 2L * width); // [B*T, 2W]
    Tensor attended = workspace.buffer("pool.attended", activation, images.count(), width); // [B, W]
    Tensor normed = workspace.buffer("pool.normed", activation, images.count(), width); // [B, W]
    Tensor hidden = workspace.buffer("pool.hidden", activation, images.count(), config.poolMlpHidden()); // [B, H]
    Tensor features = workspace.buffer("pool.features", workspace.featureType(), images.count(), width); // [B, W]

    ops.linear(states, pool.kv(), Epilogue.NONE, kv);
    ops.poolAttention(pool.query(), kv, images, config.poolHeads(), attended);
    ops.linear(attended, pool.proj(), Epilogue.NONE, features);
    ops.layerNorm(features, pool.norm(), normed);
    ops.linear(normed, pool.fc1(), Epilogue.GELU, hidden);
    ops.linear(hidden, pool.fc2(), Epilogue.ACCUMULATE, features);
    return features;
  }

  /** Token features in the concept space: the projection head over every token, [B * T, W], not normalised. */
  public Tensor project(Ops ops, Workspace workspace, Tensor states) {
    return ProjectionHeads.apply(ops, workspace, "vision.head", states, weights.head());
  }

  /** The sequences of a batch of images: one of T tokens per image. */
  public Sequences sequences(Tensor pixels) {
    return Sequences.uniform(Math.toIntExact(pixels.shape().extent(0)), config.tokens());
  }
}
