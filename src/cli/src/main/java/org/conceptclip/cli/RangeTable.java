package org.conceptclip.cli;

import java.util.Locale;
import java.util.Map;

/** Prints the largest residual sums as a table on stderr: they decide whether float16 can hold the residual stream of a model. */
final class RangeTable {
  private static final double LARGEST_HALF = 65504;

  private RangeTable() {}

  /** @param largest values by norm, see {@link org.conceptclip.backend.Backend#residualRanges}; if empty, nothing is printed */
  static void print(Map<String, Float> largest, Console console) {
    if (largest.isEmpty()) {
      return;
    }
    console.say("largest absolute residual sum in front of each norm; float16 ends at 65504");
    int width = largest.keySet().stream().mapToInt(String::length).max().orElseThrow();
    largest.forEach((norm, value) -> console.say(String.format(
        Locale.ROOT, "%-" + width + "s %12.4g  %9.4f %% of the range", norm, value, 100 * value / LARGEST_HALF)));
  }
}
