package org.conceptclip.cli;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import org.conceptclip.model.ModelConfig;
import org.conceptclip.model.TextConfig;
import org.conceptclip.model.VisionConfig;

/** A model's hyper-parameters as {@code config.json}, in this project's own schema, which names all of them. */
final class ConfigJson {
  private ConfigJson() {}

  static String of(ModelConfig config) {
    JsonObject root = new JsonObject();
    root.addProperty("name", config.name());
    root.add("vision", vision(config.vision()));
    root.add("text", text(config.text()));
    root.addProperty("embed_dim", config.embeddingWidth());
    root.addProperty("proj_activation", "gelu_erf");
    root.addProperty("proj_bias", false);
    root.add("image_mean", array(config.vision().imageMean()));
    root.add("image_std", array(config.vision().imageStd()));
    return new GsonBuilder().setPrettyPrinting().create().toJson(root) + "\n";
  }

  private static JsonObject vision(VisionConfig vision) {
    JsonObject section = new JsonObject();
    section.addProperty("image_size", vision.geometry().imageSize());
    section.addProperty("patch_size", vision.geometry().patchSize());
    section.addProperty("width", vision.width());
    section.addProperty("depth", vision.depth());
    section.addProperty("heads", vision.heads());
    section.addProperty("mlp_hidden", vision.mlpHidden());
    section.addProperty("layer_norm_eps", vision.layerNormEpsilon());
    section.addProperty("activation", "gelu_erf");
    section.addProperty("pool", "map");
    section.addProperty("pool_heads", vision.poolHeads());
    section.addProperty("pool_mlp_hidden", vision.poolMlpHidden());
    return section;
  }

  private static JsonObject text(TextConfig text) {
    JsonObject section = new JsonObject();
    section.addProperty("hidden", text.width());
    section.addProperty("layers", text.depth());
    section.addProperty("heads", text.heads());
    section.addProperty("intermediate", text.mlpHidden());
    section.addProperty("vocab", text.vocabulary());
    section.addProperty("max_position", text.maxPositions());
    section.addProperty("type_vocab", text.tokenTypes());
    section.addProperty("layer_norm_eps", text.layerNormEpsilon());
    section.addProperty("activation", "gelu_erf");
    section.addProperty("pad_id", text.paddingId());
    section.addProperty("pooler", "mean");
    section.addProperty("proj", "linear_nobias");
    section.addProperty("padded_length", text.contextLength());
    return section;
  }

  private static JsonArray array(double[] values) {
    JsonArray array = new JsonArray();
    for (double value : values) {
      array.add(value);
    }
    return array;
  }
}
