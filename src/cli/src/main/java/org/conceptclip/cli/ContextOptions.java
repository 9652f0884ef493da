package org.conceptclip.cli;

import org.conceptclip.ConceptClipOptions;
import org.conceptclip.catalog.OpenModel;
import picocli.CommandLine.Option;

/** The option that cuts texts to fewer tokens than the model takes. */
final class ContextOptions {
  /** Start, one token, and end. */
  private static final int FEWEST = 3;

  @Option(names = "--max-tokens", paramLabel = "N", description = "length in tokens to which texts are cut (default: the model's, 77)")
  private Integer maxTokens;

  /** Sets this length in the options of the library; {@link #tokens} refuses what is no length, once the model is known. */
  void choose(ConceptClipOptions.Builder library) {
    library.maxTokens(maxTokens == null ? 0 : Math.max(0, maxTokens));
  }

  /** The length in tokens to which texts are cut. Rejects one that this model does not have. */
  int tokens(OpenModel model) {
    int positions = model.config().text().maxPositions();
    if (maxTokens != null && (maxTokens < FEWEST || maxTokens > positions)) {
      throw new UsageException("--max-tokens " + maxTokens + ": expected " + FEWEST + " to the model's " + positions + " positions");
    }
    return maxTokens == null ? model.config().text().contextLength() : maxTokens;
  }
}
