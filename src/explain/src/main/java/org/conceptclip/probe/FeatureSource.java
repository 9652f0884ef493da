package org.conceptclip.probe;

import java.util.Optional;
import org.conceptclip.util.OneLine;

/**
 * What made features of images.
 *
 * @param model hash of architecture and weights ({@link org.conceptclip.catalog.OpenModel#fingerprint}), or {@link #UNKNOWN}
 * @param name of the model, for people
 * @param preprocessing how images are prepared ({@link org.conceptclip.image.Preprocessor#VERSION}), or {@link #UNKNOWN}
 */
public record FeatureSource(String model, String name, String preprocessing) {
  /** Stands for a model that is not known. */
  public static final String UNKNOWN = "unknown (features from a file)";

  /** Features of which only the file is known. */
  public static final FeatureSource OF_A_FILE = new FeatureSource(UNKNOWN, UNKNOWN, UNKNOWN);

  /** Whether the model is known. */
  public boolean isKnown() {
    return !model.equals(UNKNOWN);
  }

  /** How features of another source differ from these, in words with both; empty if they do not, as far as both are known. */
  public Optional<String> mismatch(FeatureSource other) {
    if (!isKnown() || !other.isKnown()) {
      return Optional.empty();
    }
    if (!model.equals(other.model)) {
      return Optional.of("of model " + shown(other.name) + " (" + shown(other.model) + "), expected those of the model that it was"
          + " trained with, " + shown(name) + " (" + shown(model) + ")");
    }
    return preprocessing.equals(other.preprocessing) ? Optional.empty()
        : Optional.of("preprocessed by " + shown(other.preprocessing) + ", expected " + shown(preprocessing) + " as in its training");
  }

  private static String shown(String text) {
    return OneLine.of(text, 80);
  }
}
