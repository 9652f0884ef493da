package org.conceptclip.model;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.stream.IntStream;
import org.conceptclip.tensor.Shape;

/** The names and shapes of a model's tensors in the official checkpoint (open_clip). */
public final class ModelLayout {
  private static final List<String> PRODUCTS = List.of("attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2");

  private final SequencedMap<String, Shape> tensors = new LinkedHashMap<>();

  private ModelLayout() {}

  /** The tensors of a model, in the order of the official checkpoint. */
  public static SequencedMap<String, Shape> of(ModelConfig config) {
    ModelLayout layout = new ModelLayout();
    layout.put("logit_scale");
    layout.put("concept_logit_scale");
    layout.put("logit_bias");
    layout.put("concept_logit_bias");
    layout.vision(config.vision());
    layout.text(config.text());
    long embedding = config.embeddingWidth();
    layout.put("text.proj.weight", embedding, config.text().width());
    layout.put("image_proj.0.weight", embedding, config.vision().width());
    layout.put("image_proj.2.weight", embedding, embedding);
    layout.put("text_proj.0.weight", embedding, config.text().width());
    layout.put("text_proj.2.weight", embedding, embedding);
    return layout.tensors;
  }

  /**
   * The weight matrices whose products may compute in 8 bits, in the order in which a pass uses them: the four of each block of the vision
   * tower, which do nearly all of its work. The pool, the projection heads and the text tower are not among them.
   */
  public static List<String> products(ModelConfig config) {
    return IntStream.range(0, config.vision().depth())
        .mapToObj(block -> "visual.trunk.blocks." + block + ".")
        .flatMap(block -> PRODUCTS.stream().map(product -> block + product + ".weight"))
        .toList();
  }

  private void vision(VisionConfig vision) {
    String trunk = "visual.trunk.";
    long width = vision.width();
    long patch = vision.geometry().patchSize();
    put(trunk + "pos_embed", 1, vision.tokens(), width);
    put(trunk + "patch_embed.proj.weight", width, 3, patch, patch);
    put(trunk + "patch_embed.proj.bias", width);
    for (int i = 0; i < vision.depth(); i++) {
      String block = trunk + "blocks." + i + ".";
      norm(block + "norm1", width);
      linear(block + "attn.qkv", 3 * width, width);
      linear(block + "attn.proj", width, width);
      norm(block + "norm2", width);
      linear(block + "mlp.fc1", vision.mlpHidden(), width);
      linear(block + "mlp.fc2", width, vision.mlpHidden());
    }
    norm(trunk + "norm", width);
    String pool = trunk + "attn_pool.";
    put(pool + "latent", 1, 1, width);
    linear(pool + "q", width, width);
    linear(pool + "kv", 2 * width, width);
    linear(pool + "proj", width, width);
    norm(pool + "norm", width);
    linear(pool + "mlp.fc1", vision.poolMlpHidden(), width);
    linear(pool + "mlp.fc2", width, vision.poolMlpHidden());
  }

  private void text(TextConfig text) {
    String embeddings = "text.transformer.embeddings.";
    long width = text.width();
    put(embeddings + "word_embeddings.weight", text.vocabulary(), width);
    put(embeddings + "position_embeddings.weight", text.maxPositions(), width);
    put(embeddings + "token_type_embeddings.weight", text.tokenTypes(), width);
    norm(embeddings + "LayerNorm", width);
    for (int i = 0; i < text.depth(); i++) {
      String layer = "text.transformer.encoder.layer." + i + ".";
      linear(layer + "attention.self.query", width, width);
      linear(layer + "attention.self.key", width, width);
      linear(layer + "attention.self.value", width, width);
      linear(layer + "attention.output.dense", width, width);
      norm(layer + "attention.output.LayerNorm", width);
      linear(layer + "intermediate.dense", text.mlpHidden(), width);
      linear(layer + "output.dense", width, text.mlpHidden());
      norm(layer + "output.LayerNorm", width);
    }
  }

  private void linear(String name, long outputs, long inputs) {
    put(name + ".weight", outputs, inputs);
    put(name + ".bias", outputs);
  }

  private void norm(String name, long width) {
    put(name + ".weight", width);
    put(name + ".bias", width);
  }

  private void put(String name, long... extents) {
    tensors.put(name, Shape.of(extents));
  }
}
