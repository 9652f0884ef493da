package org.conceptclip.model;

import java.util.Optional;
import org.conceptclip.op.PatchGeometry;

/** Configurations of the models whose weights are generated. */
public final class SyntheticModels {
  private static final String FULL = "synthetic:full";
  private static final String SHALLOW = "synthetic:shallow";
  private static final String SMALL = "synthetic:small";
  private static final String TINY = "synthetic:tiny";

  private SyntheticModels() {}

  /** All names, for people. */
  public static String names() {
    return String.join(", ", FULL, SHALLOW, SMALL) + " or " + TINY;
  }

  /** The configuration of this name, or empty when it is none of {@link #names}. */
  public static Optional<ModelConfig> named(String name) {
    return switch (name) {
      case FULL -> Optional.of(ModelConfig.conceptClip(FULL));
      case SHALLOW -> Optional.of(shallow());
      case SMALL -> Optional.of(small());
      case TINY -> Optional.of(tiny());
      default -> Optional.empty();
    };
  }

  /** Three blocks and three layers of the full model: its shapes, and so its speeds of single ops, in a ninth of the time. */
  private static ModelConfig shallow() {
    ModelConfig full = ModelConfig.conceptClip(SHALLOW);
    VisionConfig vision = full.vision();
    TextConfig text = full.text();
    return new ModelConfig(
        SHALLOW,
        new VisionConfig(vision.geometry(), vision.width(), 3, vision.heads(), vision.mlpHidden(), vision.poolHeads(),
            vision.poolMlpHidden(), vision.layerNormEpsilon(), vision.imageMean(), vision.imageStd()),
        new TextConfig(text.width(), 3, text.heads(), text.mlpHidden(), text.vocabulary(), text.maxPositions(), text.tokenTypes(),
            text.layerNormEpsilon(), text.paddingId(), text.contextLength()),
        full.embeddingWidth());
  }

  /** Some hundredth of the full model's work, with its head widths: for measurements that need many requests. */
  private static ModelConfig small() {
    double[] half = {0.5, 0.5, 0.5};
    return new ModelConfig(
        SMALL,
        new VisionConfig(new PatchGeometry(224, 14), 432, 6, 6, 1616, 6, 1616, 1e-6, half, half),
        new TextConfig(384, 6, 6, 1536, 4096, 512, 2, 1e-12, 0, 77),
        432);
  }

  /** A model with every part of the full one, small enough to compute in float64 in no time. */
  private static ModelConfig tiny() {
    double[] half = {0.5, 0.5, 0.5};
    return new ModelConfig(
        TINY,
        new VisionConfig(new PatchGeometry(61, 14), 144, 3, 2, 538, 2, 538, 1e-6, half, half),
        new TextConfig(96, 3, 4, 384, 200, 40, 2, 1e-12, 0, 24),
        144);
  }
}
