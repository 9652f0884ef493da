package org.conceptclip.model;

import java.util.Optional;
import org.conceptclip.op.PatchGeometry;

/** Configurations of the models whose weights are generated: {@code synthetic:full} and {@code synthetic:tiny}. */
public final class SyntheticModels {
  private static final String FULL = "synthetic:full";
  private static final String TINY = "synthetic:tiny";

  private SyntheticModels() {}

  /** The configuration of this name, or empty when it is none of the two. */
  public static Optional<ModelConfig> named(String name) {
    return switch (name) {
      case FULL -> Optional.of(ModelConfig.conceptClip(FULL));
      case TINY -> Optional.of(tiny());
      default -> Optional.empty();
    };
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
