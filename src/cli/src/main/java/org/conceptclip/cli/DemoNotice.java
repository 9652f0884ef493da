package org.conceptclip.cli;

import java.util.Optional;
import org.conceptclip.catalog.OpenModel;

/** What a page or picture says of the embedded demo model, beside the model's name. */
final class DemoNotice {
  /** Added to the model's name where there is no room for a sentence. */
  static final String SHORT = " (trained on drawings)";

  private static final String SENTENCE = "The embedded demo model was trained on drawings and knows no medicine.";

  private DemoNotice() {}

  /** The sentence for a page, if the model is the embedded one. */
  static Optional<String> of(OpenModel model) {
    return model.notice().map(_ -> SENTENCE);
  }
}
