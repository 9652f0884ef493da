package org.conceptclip.model;

import java.util.Optional;
import org.conceptclip.op.PatchGeometry;

/** The configurations of the models with generated weights. */
public final class SyntheticModels {
  private static final String FULL = "synthetic:full";
  private static final String SMALL = "synthetic:small";
  private static final String TINY = "synthetic:tiny";

  private SyntheticModels() {}

  /** All names, as a list for messages. */
  public static String names() {
    return String.join(", ", FULL, SMALL) + " or " + TINY;
  }

  /** The configuration with this name; empty if there is none. */
  public static Optional<ModelConfig> named(String name) {
    return switch (name) {
      case FULL -> Optional.of(ModelConfig.conceptClip(FULL));
      // Has the head widths of the full model and less than a hundredth of its work. For measurements that need many requests.
      case SMALL -> Optional.of(new ModelConfig(
          SMALL,
          new VisionConfig(new PatchGeometry(224, 14), 288, 4, 4, 1076, 4, 1076, 1e-6, ModelConfig.HALF, ModelConfig.HALF),
          new TextConfig(256, 4, 4, 1024, 4096, 512, 2, 1e-12, 0, 77),
          288));
      // Has every part of the full model and is small enough to be computed quickly in float64.
      case TINY -> Optional.of(new ModelConfig(
          TINY,
          new VisionConfig(new PatchGeometry(61, 14), 144, 3, 2, 538, 2, 538, 1e-6, ModelConfig.HALF, ModelConfig.HALF),
          new TextConfig(96, 3, 4, 384, 200, 40, 2, 1e-12, 0, 24),
          144));
      default -> Optional.empty();
    };
  }
}
