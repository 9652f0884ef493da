package org.conceptclip.metrics;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The tables of docs/metrics.md. */
public final class MetricsGuide {
  private static final Pattern METER = Pattern.compile("^\\| `(conceptclip\\.[a-z.]+)` \\|", Pattern.MULTILINE);
  private static final Pattern EVENT = Pattern.compile("^\\| `(conceptclip\\.[A-Z]\\w+)` \\|", Pattern.MULTILINE);

  private MetricsGuide() {}

  /** Names of meters. */
  public static Set<String> meters() throws IOException {
    return names(METER);
  }

  /** Names of events. */
  static Set<String> events() throws IOException {
    return names(EVENT);
  }

  private static Set<String> names(Pattern row) throws IOException {
    Set<String> names = new TreeSet<>();
    Matcher rows = row.matcher(Files.readString(Path.of("docs/metrics.md")));
    while (rows.find()) {
      names.add(rows.group(1));
    }
    return names;
  }
}
