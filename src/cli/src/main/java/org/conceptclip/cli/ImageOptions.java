package org.conceptclip.cli;

import org.conceptclip.image.DecodeLimits;
import picocli.CommandLine.Option;

/** Options of commands that decode images. */
final class ImageOptions {
  @Option(
      names = "--max-pixels",
      paramLabel = "N",
      defaultValue = "178956970",
      description = "reject images with more pixels before they are decoded (default: ${DEFAULT-VALUE})")
  private long maxPixels;

  DecodeLimits limits() {
    try {
      return DecodeLimits.DEFAULT.withMaxPixels(maxPixels);
    } catch (IllegalArgumentException e) {
      throw new UsageException("--max-pixels " + maxPixels + ": " + e.getMessage());
    }
  }
}
