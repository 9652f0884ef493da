package org.conceptclip.weights;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.conceptclip.tensor.Shape;

/**
 * Translates the tensor names of a checkpoint to the canonical (open_clip) names.
 *
 * <p>These names are accepted, with any prefix ({@code model.}, {@code module.}, ...): the canonical names, the vision tower in
 * the names of timm or of Hugging Face's SigLIP, the text tower in BERT's names, and projections in the names that such models
 * commonly use. Buffers and heads that the model does not use are recognised and ignored.
 */
final class NameMap {
  /**
   * The part of a canonical tensor that a checkpoint tensor, or some of its rows, supplies.
   *
   * @param canonical name of the canonical tensor
   * @param place index of this part in the canonical tensor
   * @param of number of parts of the canonical tensor
   * @param firstUnit first unit of the source's rows that is used
   * @param units number of units that are used
   * @param sourceUnits number of units into which the source's rows are divided
   */
  record Part(String canonical, int place, int of, int firstUnit, int units, int sourceUnits) {
    static Part whole(String canonical) {
      return new Part(canonical, 0, 1, 0, 1, 1);
    }

    static Part oneOf(String canonical, int place, int of) {
      return new Part(canonical, place, of, 0, 1, 1);
    }
  }

  /** Prefixes of a vision tower, in any naming. */
  private static final Set<String> VISION_ROOTS =
      Set.of("visual", "vision", "vision_model", "vision_tower", "vision_encoder", "visual_model", "image_encoder", "trunk");

  private static final String TRUNK = "visual.trunk.";
  private static final String BERT = "text.transformer.";

  private static final Pattern BLOCK = Pattern.compile("encoder\\.layers\\.(\\d+)\\.(.+)\\.(weight|bias)");
  private static final Map<String, String> BLOCK_PARTS =
      Map.of(
          "self_attn.out_proj", "attn.proj",
          "layer_norm1", "norm1",
          "layer_norm2", "norm2",
          "mlp.fc1", "mlp.fc1",
          "mlp.fc2", "mlp.fc2");
  private static final List<String> QUERY_KEY_VALUE = List.of("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj");

  /** Tensors that are neither the weight nor the bias of a layer. */
  private static final Map<String, String> WITHOUT_KIND =
      Map.of(
          "embeddings.position_embedding.weight", "pos_embed",
          "embeddings.position_embedding", "pos_embed",
          "head.probe", "attn_pool.latent");

  private static final Pattern OUTSIDE_BLOCKS = Pattern.compile("(.+)[._](weight|bias)");
  private static final Map<String, String> OUTSIDE_PARTS =
      Map.of(
          "embeddings.patch_embedding", "patch_embed.proj",
          "post_layernorm", "norm",
          "head.attention.out_proj", "attn_pool.proj",
          "head.attention.q_proj", "attn_pool.q",
          "head.layernorm", "attn_pool.norm",
          "head.mlp.fc1", "attn_pool.mlp.fc1",
          "head.mlp.fc2", "attn_pool.mlp.fc2");

  private static final Pattern TEXT_PROJECTION =
      Pattern.compile("(?:(?:text|text_model|text_encoder)\\.)?(?:text_projection|projection|text_proj|proj)(?:\\.weight)?");
  private static final Set<String> BARE_PROJECTIONS = Set.of("proj", "proj.weight", "projection", "projection.weight");
  private static final Pattern HEAD =
      Pattern.compile(
          "(?:concept_)?(image|vision|visual|text)(?:_token)?_(?:proj|projection|projector|head)\\.(?:(?:net|mlp|layers)\\.)?"
              + "(0|2|fc1|fc2|linear1|linear2|linear_1|linear_2)\\.weight");

  private static final Pattern IGNORED =
      Pattern.compile("(?:.*\\.)?(?:position_ids|token_type_ids|num_batches_tracked|pooler\\..+"
          + "|cls\\.(?:predictions|seq_relationship)\\..+)");

  private final Set<String> canonical;

  NameMap(Map<String, Shape> layout) {
    canonical = layout.keySet();
  }

  /** True for buffers and heads that the model does not use. */
  static boolean isIgnored(String name) {
    return IGNORED.matcher(name).matches();
  }

  /** The canonical tensors that a checkpoint tensor supplies, wholly or in part; empty if the name is unknown. */
  List<Part> parts(String name) {
    String modern = name.replaceFirst("LayerNorm\\.gamma$", "LayerNorm.weight").replaceFirst("LayerNorm\\.beta$", "LayerNorm.bias");
    boolean inVision = false;
    for (int start = 0; start >= 0; start = next(modern, start)) {
      String rest = modern.substring(start);
      boolean root = VISION_ROOTS.contains(rest.substring(0, Math.max(0, rest.indexOf('.'))));
      inVision |= root;
      if (canonical.contains(rest)) {
        return List.of(Part.whole(rest));
      }
      List<Part> parts = known(root ? vision(modern.substring(next(modern, start))) : inVision ? List.of() : outsideVision(rest));
      if (!parts.isEmpty()) {
        return parts;
      }
    }
    return List.of();
  }

  private static int next(String name, int start) {
    int dot = name.indexOf('.', start);
    return dot < 0 ? -1 : dot + 1;
  }

  private List<Part> known(List<Part> parts) {
    return parts.stream().allMatch(part -> canonical.contains(part.canonical)) ? parts : List.of();
  }

  private static List<Part> outsideVision(String name) {
    if (name.startsWith("embeddings.") || name.startsWith("encoder.layer.")) {
      return List.of(Part.whole(BERT + name));
    }
    if (TEXT_PROJECTION.matcher(name).matches() && !BARE_PROJECTIONS.contains(name)) {
      return List.of(Part.whole("text.proj.weight"));
    }
    Matcher head = HEAD.matcher(name);
    if (head.matches()) {
      String layer = head.group(2).equals("0") || head.group(2).endsWith("1") ? "0" : "2";
      return List.of(Part.whole((head.group(1).equals("text") ? "text_proj." : "image_proj.") + layer + ".weight"));
    }
    return List.of();
  }

  /** Translates a name below the prefix of a vision tower. */
  private List<Part> vision(String name) {
    if (canonical.contains(TRUNK + name)) {
      return List.of(Part.whole(TRUNK + name));
    }
    if (WITHOUT_KIND.containsKey(name)) {
      return List.of(Part.whole(TRUNK + WITHOUT_KIND.get(name)));
    }
    Matcher block = BLOCK.matcher(name);
    if (block.matches()) {
      return block(TRUNK + "blocks." + block.group(1) + ".", block.group(2), "." + block.group(3));
    }
    Matcher outside = OUTSIDE_BLOCKS.matcher(name);
    return outside.matches() ? outside(outside.group(1), "." + outside.group(2)) : List.of();
  }

  private static List<Part> block(String block, String part, String kind) {
    String canonicalPart = BLOCK_PARTS.get(part);
    if (canonicalPart != null) {
      return List.of(Part.whole(block + canonicalPart + kind));
    }
    int which = QUERY_KEY_VALUE.indexOf(part);
    return which < 0 ? List.of() : List.of(Part.oneOf(block + "attn.qkv" + kind, which, 3));
  }

  private static List<Part> outside(String part, String kind) {
    String canonicalPart = OUTSIDE_PARTS.get(part);
    if (canonicalPart != null) {
      return List.of(Part.whole(TRUNK + canonicalPart + kind));
    }
    String keyValue = TRUNK + "attn_pool.kv" + kind;
    return switch (part) {
      // torch.nn.MultiheadAttention stacks query, key and value; the pool's query has a layer of its own.
      case "head.attention.in_proj" ->
          List.of(new Part(TRUNK + "attn_pool.q" + kind, 0, 1, 0, 1, 3), new Part(keyValue, 0, 1, 1, 2, 3));
      case "head.attention.k_proj" -> List.of(Part.oneOf(keyValue, 0, 2));
      case "head.attention.v_proj" -> List.of(Part.oneOf(keyValue, 1, 2));
      default -> List.of();
    };
  }
}
