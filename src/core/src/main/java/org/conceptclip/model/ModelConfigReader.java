package org.conceptclip.model;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.conceptclip.op.PatchGeometry;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.OneLine;

/**
 * Reads the hyper-parameters of a model from the {@code config.json} in its folder, and from {@code preprocessor_config.json}
 * if there is one.
 *
 * <p>Three schemas are accepted: this project's own ({@code vision}, {@code text}; every size must be present), Hugging Face's
 * ({@code vision_config}, {@code text_config}, with the keys of SigLIP and BERT) and open_clip's ({@code vision_cfg}, {@code
 * text_cfg}, at the top or under {@code model_cfg}). In the last two, a missing size has the value of the published model. A
 * value that contradicts the architecture (another activation or pooling, a class token) is an error and is never ignored.
 */
public final class ModelConfigReader {
  private static final String CONFIG = "config.json";
  private static final String OPEN_CLIP_CONFIG = "open_clip_config.json";
  private static final String PREPROCESSOR = "preprocessor_config.json";

  private static final String PUBLISHED_TOWER = "vit_so400m_patch14_siglip_384";
  private static final List<String> ERF_GELU = List.of("gelu_erf", "gelu", "GELU");
  private static final int WIDEST = 1 << 16;
  private static final int DEEPEST = 512;
  private static final int LARGEST_IMAGE = 8192;
  private static final int LARGEST_TABLE = 10_000_000;
  private static final int BICUBIC = 3;

  private final ModelConfig published = ModelConfig.conceptClip("");
  private final boolean complete;

  private ModelConfigReader(boolean complete) {
    this.complete = complete;
  }

  /**
   * The configuration of a model folder (or of the folder that holds the given checkpoint file).
   *
   * @throws BadInputException if there is none, or it does not describe a model that this runtime can run
   */
  public static ModelConfig read(Path folderOrFile) {
    Path folder = Files.isRegularFile(folderOrFile) ? folderOrFile.toAbsolutePath().getParent() : folderOrFile;
    if (!Files.isDirectory(folder)) {
      throw new BadInputException(folder + ": no such folder, expected a model folder with " + CONFIG);
    }
    Path file = folder.resolve(CONFIG);
    if (!Files.exists(file) && Files.exists(folder.resolve(OPEN_CLIP_CONFIG))) {
      file = folder.resolve(OPEN_CLIP_CONFIG);
    }
    if (!Files.exists(file)) {
      throw new BadInputException(folder + ": no " + CONFIG + " in it, expected a model folder");
    }
    ConfigSection top = ConfigSection.read(file);
    ConfigSection root = top.child("model_cfg").orElse(top);
    Path name = folder.toAbsolutePath().normalize().getFileName();
    ModelConfig config =
        new ModelConfigReader(root.has("vision") && root.has("text"))
            .model(top, root, name == null ? folder.toString() : name.toString());
    top.child("preprocess_cfg").ifPresent(section -> checkPreprocessing(section, config.vision()));
    Path preprocessor = folder.resolve(PREPROCESSOR);
    if (!Files.exists(preprocessor)) {
      return config;
    }
    ConfigSection section = ConfigSection.read(preprocessor);
    checkPreprocessing(section, config.vision());
    boolean explicit = top.has("image_mean") || top.has("image_std") || top.has("preprocess_cfg");
    return withNormalisation(config, section, explicit);
  }

  private ModelConfig model(ConfigSection top, ConfigSection root, String name) {
    Optional<ConfigSection> visionSection = root.child("vision", "vision_config", "vision_cfg");
    Optional<ConfigSection> textSection = root.child("text", "text_config", "text_cfg");
    if (visionSection.isEmpty() && textSection.isEmpty() && !root.mentions("conceptclip", "model_type", "architectures", "auto_map")) {
      throw root.contradiction("model_type", root.text("model_type").orElse("absent"), "\"conceptclip\", or sections for vision and text");
    }
    requireOpenClipTowers(root);
    List<Double> mean = normalisation(top, "image_mean", "mean", -10).orElse(published.vision().imageMean());
    List<Double> std = normalisation(top, "image_std", "std", 0).orElse(published.vision().imageStd());
    if (visionSection.isEmpty()) {
      root.requireNumber(published.vision().geometry().imageSize(), "image_size");
      root.requireNumber(published.vision().geometry().patchSize(), "patch_size");
    }
    if (textSection.isEmpty()) {
      root.requireNumber(published.text().vocabulary(), "vocab_size");
    }
    VisionConfig vision = visionSection.map(s -> vision(s, mean, std)).orElseGet(() -> vision(published.vision(), mean, std));
    TextConfig text = textSection.map(this::text).orElseGet(published::text);
    int embedding = root.integer(Optional.of(vision.width()), 1, WIDEST, "embed_dim", "projection_dim");
    if (embedding != vision.width()) {
      throw root.contradiction(root.has("embed_dim") ? "embed_dim" : "projection_dim", embedding,
          "the vision width " + vision.width() + " (image features have no projection)");
    }
    root.requireIntegers(List.of(vision.width(), embedding, embedding), "image_proj");
    root.requireIntegers(List.of(text.width(), embedding, embedding), "text_proj");
    root.requireText(ERF_GELU, "proj_activation");
    root.requireBoolean(false, "proj_bias");
    return new ModelConfig(OneLine.of(root.text("name").orElse(name)), vision, text, embedding);
  }

  /** Without the names of a timm and a Hugging Face model, open_clip's sections would describe its own CLIP towers. */
  private static void requireOpenClipTowers(ConfigSection root) {
    if (root.hasObject("vision_cfg") && !root.child("vision_cfg").orElseThrow().has("timm_model_name")) {
      throw root.contradiction("vision_cfg.timm_model_name", "absent", PUBLISHED_TOWER);
    }
    if (root.hasObject("text_cfg") && !root.child("text_cfg").orElseThrow().has("hf_model_name")) {
      throw root.contradiction("text_cfg.hf_model_name", "absent", "a BERT model");
    }
  }

  private static Optional<List<Double>> normalisation(ConfigSection top, String key, String openClipKey, double low) {
    return top.channels(low, 10, key).or(() -> top.child("preprocess_cfg").flatMap(s -> s.channels(low, 10, openClipKey)));
  }

  private VisionConfig vision(ConfigSection s, List<Double> mean, List<Double> std) {
    VisionConfig known = published.vision();
    s.text("timm_model", "timm_model_name")
        .filter(tower -> !tower.replaceFirst("^timm/", "").replaceFirst("\\..*$", "").equals(PUBLISHED_TOWER))
        .ifPresent(tower -> {
          throw s.contradiction(s.has("timm_model") ? "timm_model" : "timm_model_name", tower, PUBLISHED_TOWER);
        });
    int imageSize = s.integer(or(known.geometry().imageSize()), 1, LARGEST_IMAGE, "image_size");
    int patchSize = s.integer(or(known.geometry().patchSize()), 1, imageSize, "patch_size");
    PatchGeometry geometry = new PatchGeometry(imageSize, patchSize);
    int width = s.integer(or(known.width()), 1, WIDEST, "width", "hidden_size");
    int depth = s.integer(or(known.depth()), 1, DEEPEST, "depth", "num_hidden_layers");
    int heads = heads(s, known.heads(), width);
    int hidden = s.integer(or(known.mlpHidden()), 1, WIDEST, "mlp_hidden", "intermediate_size");
    int poolHeads = s.integer(Optional.of(heads), 1, width, "pool_heads");
    if (width % poolHeads != 0) {
      throw s.contradiction("pool_heads", poolHeads, "a divisor of the width " + width);
    }
    int poolHidden = s.integer(Optional.of(hidden), 1, WIDEST, "pool_mlp_hidden");
    double epsilon = s.number(or(known.layerNormEpsilon()), 0, 0.1, "layer_norm_eps");
    s.requireNumber(geometry.grid(), "grid");
    s.requireNumber(geometry.tokens(), "tokens");
    s.requireNumber(3, "num_channels", "in_chans");
    s.requireNumber(1, "pool_latents");
    s.requireText(ERF_GELU, "activation", "hidden_act");
    s.requireBoolean(true, "qkv_bias");
    s.requireBoolean(false, "class_token");
    s.requireText(List.of("map"), "pool", "timm_pool");
    s.requireText(List.of("none", ""), "timm_proj");
    s.requireBoolean(true, "vision_use_head");
    return new VisionConfig(geometry, width, depth, heads, hidden, poolHeads, poolHidden, epsilon, mean, std);
  }

  private TextConfig text(ConfigSection s) {
    TextConfig known = published.text();
    int width = s.integer(or(known.width()), 1, WIDEST, "hidden", "hidden_size", "width");
    int depth = s.integer(or(known.depth()), 1, DEEPEST, "layers", "num_hidden_layers");
    int heads = heads(s, known.heads(), width);
    int hidden = s.integer(or(known.mlpHidden()), 1, WIDEST, "intermediate", "intermediate_size");
    int vocabulary = s.integer(or(known.vocabulary()), 1, LARGEST_TABLE, "vocab", "vocab_size");
    int positions = s.integer(or(known.maxPositions()), 1, LARGEST_TABLE, "max_position", "max_position_embeddings");
    int types = s.integer(or(known.tokenTypes()), 1, WIDEST, "type_vocab", "type_vocab_size");
    double epsilon = s.number(or(known.layerNormEpsilon()), 0, 0.1, "layer_norm_eps");
    int padding = s.integer(or(known.paddingId()), 0, vocabulary - 1, "pad_id", "pad_token_id");
    int context =
        s.integer(complete ? Optional.empty() : Optional.of(Math.min(known.contextLength(), positions)), 3, positions,
            "padded_length", "context_length");
    s.requireText(ERF_GELU, "activation", "hidden_act");
    s.requireText(List.of("absolute"), "position_embedding_type");
    s.requireText(List.of("mean", "mean_pooler"), "pooler", "pooler_type", "hf_pooler_type");
    s.requireText(List.of("linear", "linear_nobias"), "proj", "proj_type", "hf_proj_type");
    s.requireText(List.of("bert"), "model_type");
    s.requireBoolean(false, "is_decoder");
    return new TextConfig(width, depth, heads, hidden, vocabulary, positions, types, epsilon, padding, context);
  }

  private int heads(ConfigSection s, int known, int width) {
    int heads = s.integer(or(known), 1, width, "heads", "num_attention_heads");
    if (width % heads != 0) {
      throw s.contradiction(s.has("heads") ? "heads" : "num_attention_heads", heads, "a divisor of the width " + width);
    }
    s.requireNumber(width / heads, "head_dim");
    return heads;
  }

  /** The size in the published model as a default, except in this project's own schema, which has no defaults. */
  private <T> Optional<T> or(T published) {
    return complete ? Optional.empty() : Optional.of(published);
  }

  /** Rejects a preprocessing other than that of this runtime: squash to a square, bicubic, divide by 255, normalise. */
  private static void checkPreprocessing(ConfigSection s, VisionConfig vision) {
    int imageSize = vision.geometry().imageSize();
    for (String step : List.of("do_resize", "do_rescale", "do_normalize")) {
      s.requireBoolean(true, step);
    }
    s.requireNumber(BICUBIC, "resample");
    s.requireNumber(1.0 / 255, "rescale_factor");
    s.requireText(List.of("bicubic"), "interpolation");
    s.requireText(List.of("squash"), "resize_mode");
    s.requireText(List.of("RGB"), "mode");
    if (s.hasObject("size")) {
      ConfigSection size = s.child("size").orElseThrow();
      if (size.has("shortest_edge")) {
        throw size.contradiction("shortest_edge", "present", "height and width: images are squashed, their aspect ratio is not kept");
      }
      size.requireNumber(imageSize, "height");
      size.requireNumber(imageSize, "width");
    } else if (s.hasList("size")) {
      s.requireIntegers(List.of(imageSize, imageSize), "size");
    } else {
      s.requireNumber(imageSize, "size");
    }
  }

  /** Mean and deviation of the preprocessor's file. They must be equal to those of the configuration, if it has any. */
  private static ModelConfig withNormalisation(ModelConfig config, ConfigSection s, boolean explicit) {
    VisionConfig vision = config.vision();
    List<Double> mean = confirmed(s, "image_mean", -10, vision.imageMean(), explicit);
    List<Double> std = confirmed(s, "image_std", 0, vision.imageStd(), explicit);
    return new ModelConfig(config.name(), vision(vision, mean, std), config.text(), config.embeddingWidth());
  }

  private static List<Double> confirmed(ConfigSection s, String key, double low, List<Double> known, boolean explicit) {
    List<Double> found = s.channels(low, 10, key).orElse(known);
    if (explicit && IntStream.range(0, 3).anyMatch(c -> Math.abs(found.get(c) - known.get(c)) > 1e-6)) {
      throw s.contradiction(key, found, "that of " + CONFIG);
    }
    return found;
  }

  private static VisionConfig vision(VisionConfig v, List<Double> mean, List<Double> std) {
    return new VisionConfig(v.geometry(), v.width(), v.depth(), v.heads(), v.mlpHidden(), v.poolHeads(), v.poolMlpHidden(),
        v.layerNormEpsilon(), mean, std);
  }
}
