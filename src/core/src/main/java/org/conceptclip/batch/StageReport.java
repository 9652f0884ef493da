package org.conceptclip.batch;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/**
 * What an engine's stages did in a span of time, for whoever asks which of them limits. Immutable.
 *
 * @param windowNanos length of the span
 * @param rows one a stage, in the order of {@link Stage}
 * @param tokensWanted of texts whose batches succeeded, padding not counted
 * @param tokensComputed rows of texts that were given to devices, batches that failed included: per token wanted 1.00 without padding
 *     and failures
 */
public record StageReport(long windowNanos, List<Row> rows, long tokensWanted, long tokensComputed) {
  public StageReport {
    rows = List.copyOf(rows);
  }

  /**
   * One stage.
   *
   * @param threads that work on it; 0 for {@link Stage#WAIT}
   * @param busyNanos that its threads worked together; for {@link Stage#WAIT}, that requests waited together. Work counts when it ends
   * @param items images decoded, requests that waited, batches packed or computed, requests ended
   * @param queueDepth items in front of it or in it at the end of the span: images to decode, requests that wait for a batch, batches on
   *     lanes, callers' tasks to run
   */
  public record Row(Stage stage, int threads, long busyNanos, long items, int queueDepth) {
    /** Time that its threads had nothing to do in a span. */
    public long idleNanos(long windowNanos) {
      return Math.max(0, threads * windowNanos - busyNanos);
    }

    /** Part of its threads' time that was work, 0 to 1; a little more when work ended in the span that began before. 0 without threads. */
    public double utilisation(long windowNanos) {
      return threads == 0 || windowNanos <= 0 ? 0 : (double) busyNanos / ((double) threads * windowNanos);
    }
  }

  /** The row of a stage. */
  public Row row(Stage stage) {
    return rows.get(stage.ordinal());
  }

  /** The stage whose threads were busiest: more threads or less work there would bring most. When all are idle, callers limit. */
  public Stage limitingStage() {
    return rows.stream().max(Comparator.comparingDouble(row -> row.utilisation(windowNanos))).orElseThrow().stage();
  }

  /** What happened between an earlier report of the same engine and this one. */
  public StageReport since(StageReport earlier) {
    List<Row> differences = new ArrayList<>();
    for (int i = 0; i < rows.size(); i++) {
      Row now = rows.get(i);
      Row then = earlier.rows.get(i);
      differences.add(new Row(
          now.stage(), now.threads(), now.busyNanos() - then.busyNanos(), now.items() - then.items(), now.queueDepth()));
    }
    return new StageReport(windowNanos - earlier.windowNanos, differences, tokensWanted - earlier.tokensWanted,
        tokensComputed - earlier.tokensComputed);
  }

  /** A table for people, a line a stage, under a heading. */
  public List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add("stage     threads     busy ms     idle ms   used       items   queued");
    Stage limiting = limitingStage();
    for (Row row : rows) {
      lines.add(String.format(Locale.ROOT, "%-9s %7d %11.1f %11.1f %5.1f%% %11d %8d%s", row.stage().name().toLowerCase(Locale.ROOT),
          row.threads(), row.busyNanos() / 1e6, row.idleNanos(windowNanos) / 1e6, 100 * row.utilisation(windowNanos), row.items(),
          row.queueDepth(), row.stage() == limiting ? "  <- limits" : ""));
    }
    return List.copyOf(lines);
  }
}
