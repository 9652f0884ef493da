package org.conceptclip.model;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.conceptclip.op.PatchGeometry;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.OneLine;
import org.conceptclip.weights.ModelFiles;

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
  private static final String PROCESSOR = "processor_config.json";

  private static final String PUBLISHED_TOWER = "vit_so400m_patch14_siglip_384";
  private static final List<String> ERF_GELU = List.of("gelu_erf", "gelu", "GELU");
  private static final List<String> SIGLIP_TYPES = List.of("siglip_vision_model", "siglip");
  private static final int WIDEST = 1 << 16;
  private static final int DEEPEST = 512;
  private static final int LARGEST_IMAGE = 8192;
  private static final int LARGEST_TABLE = 10_000_000;

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
    Path name = folder.toAbsolutePath().normalize().getFileName();
    if (name != null && name.toString().endsWith(StagedFolder.PARTIAL)) {
      throw new BadInputException(folder + ": is what an interrupted convert has left, expected a model folder; run convert again");
    }
    String known = ModelFiles.has(folder, CONFIG) || !ModelFiles.has(folder, OPEN_CLIP_CONFIG) ? CONFIG : OPEN_CLIP_CONFIG;
    if (!ModelFiles.has(folder, known)) {
      throw new BadInputException(folder + ": no " + CONFIG + " in it, expected a model folder");
    }
    ConfigSection top = ConfigSection.read(folder.resolve(known));
    ConfigSection root = top.child("model_cfg").orElse(top);
    ModelConfig config =
        new ModelConfigReader(root.has("vision") && root.has("text"))
            .model(top, root, name == null ? folder.toString() : name.toString());
    top.child("preprocess_cfg").ifPresent(section -> PreprocessorConfig.checkOpenClip(section, config.vision()));
    boolean explicit = top.has("image_mean") || top.has("image_std") || top.has("preprocess_cfg");
    return preprocessor(folder).map(section -> PreprocessorConfig.apply(section, config, explicit)).orElse(config);
  }

  /** Where Hugging Face's folders say how images are prepared; newer ones may say it in a section of another file. */
  private static Optional<ConfigSection> preprocessor(Path folder) {
    if (ModelFiles.has(folder, PREPROCESSOR)) {
      return Optional.of(ConfigSection.read(folder.resolve(PREPROCESSOR)));
    }
    return ModelFiles.has(folder, PROCESSOR)
        ? ConfigSection.read(folder.resolve(PROCESSOR)).child("image_processor")
        : Optional.empty();
  }

  private ModelConfig model(ConfigSection top, ConfigSection root, String name) {
    Optional<ConfigSection> visionSection = root.child("vision", "vision_config", "vision_cfg");
    Optional<ConfigSection> textSection = root.child("text", "text_config", "text_cfg");
    if (visionSection.isEmpty() && textSection.isEmpty() && !root.mentions("conceptclip", "model_type", "architectures", "auto_map")) {
      root.text("error").ifPresent(error -> {
        throw root.contradiction("error", "present", "a configuration (this is what a server says when it has no file to give)");
      });
      throw root.contradiction("model_type", root.text("model_type").orElse("absent"), "\"conceptclip\", or sections for vision and text");
    }
    requireOpenClipTowers(root);
    requirePlainModel(root);
    List<Double> mean = normalisation(top, "image_mean", "mean", -10).orElse(published.vision().imageMean());
    List<Double> std = normalisation(top, "image_std", "std", 0).orElse(published.vision().imageStd());
    if (visionSection.isEmpty()) {
      root.requireNumber(published.vision().geometry().imageSize(), "image_size");
      root.requireNumber(published.vision().geometry().patchSize(), "patch_size");
    }
    if (textSection.isEmpty()) {
      root.requireNumber(published.text().vocabulary(), "vocab_size");
    }
    VisionConfig vision = visionSection.map(s -> vision(s, mean, std)).orElseGet(() -> published.vision().withNormalisation(mean, std));
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

  /** Switches of the whole model that change results, in any schema. */
  private static void requirePlainModel(ConfigSection root) {
    root.requireBoolean(false, "quick_gelu");
    root.requireBoolean(false, "nonscalar_logit_scale");
    root.requireAbsent("multimodal_cfg", "quantization_config");
    // A flat configuration may carry them at the top.
    root.requireText(ERF_GELU, "hidden_act");
    root.requireText(List.of("absolute"), "position_embedding_type");
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
    s.text("model_type")
        .filter(type -> !SIGLIP_TYPES.contains(type) && !type.toLowerCase(Locale.ROOT).replaceAll("[^a-z]", "").contains("conceptclip"))
        .ifPresent(type -> {
          throw s.contradiction("model_type", type, "one of " + SIGLIP_TYPES);
        });
    for (String part : List.of("qk_norm", "qk_normalization", "final_ln_after_pool", "no_ln_pre", "attentional_pool", "use_swiglu_ffn")) {
      s.requireBoolean(false, part);
    }
    s.requireAbsent("ls_init_value", "layerscale_value", "num_registers", "num_register_tokens");
    s.requireText(List.of("map"), "global_pool");
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
    for (String part : List.of("is_decoder", "add_cross_attention", "embed_cls", "quick_gelu")) {
      s.requireBoolean(false, part);
    }
    s.requireNumber(width, "embedding_size");
    if (s.hasObject("tokenizer_kwargs")) {
      s.child("tokenizer_kwargs").orElseThrow().refuseOtherKeys();
    }
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
}
