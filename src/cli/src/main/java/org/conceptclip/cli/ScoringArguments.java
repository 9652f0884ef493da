package org.conceptclip.cli;

import org.conceptclip.task.Scoring;
import org.conceptclip.task.ScoringOptions;
import picocli.CommandLine.Option;

/** How an image is scored against class names. */
final class ScoringArguments {
  @Option(
      names = "--scoring",
      paramLabel = "S",
      defaultValue = "global",
      description = "global (whole image), local (best patches) or ensemble (default: ${DEFAULT-VALUE})")
  private Scoring scoring;

  @Option(
      names = "--top-k",
      paramLabel = "K",
      defaultValue = "128",
      description = "number of patches that a local score is averaged over (default: ${DEFAULT-VALUE})")
  private int topK;

  @Option(
      names = "--alpha",
      paramLabel = "A",
      defaultValue = "0.5",
      description = "weight of the local probability in an ensemble, 0 to 1 (default: ${DEFAULT-VALUE})")
  private double alpha;

  ScoringOptions options() {
    if (topK < 1) {
      throw new UsageException("--top-k " + topK + ": expected 1 or more");
    }
    if (!(alpha >= 0 && alpha <= 1)) {
      throw new UsageException("--alpha " + alpha + ": expected a number from 0 to 1");
    }
    return new ScoringOptions(scoring, topK, alpha);
  }
}
