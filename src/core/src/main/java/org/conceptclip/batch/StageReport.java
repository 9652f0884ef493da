package org.conceptclip.batch;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/**
 * How busy the stages of an engine were in a span of time. It shows which stage limits the throughput. Immutable.
 *
 * @param windowNanos length of the span
 * @param rows one per stage, in the order of {@link Stage}
 * @param tokensWanted tokens of the texts whose batches succeeded, without padding
 * @param tokensComputed token rows that were given to encoders, including those of failed batches; equal to {@code tokensWanted} if there
 *     was no failure. Rows that an encoder adds, to have passes of few sizes, are not counted
 */
public record StageReport(long windowNanos, List<Row> rows, long tokensWanted, long tokensComputed) {
  public StageReport {
    rows = List.copyOf(rows);
  }

  /**
   * How busy one stage was.
   *
   * @param threads number of its threads; 0 for {@link Stage#WAIT}
   * @param busyNanos sum of the time that its threads worked; for {@link Stage#WAIT}, sum of the requests' waiting times. Work is
   *     counted when it ends
   * @param items number of images decoded, requests that waited, requests packed or computed, or requests ended
   * @param queueDepth items in the stage at the end of the span: images to decode, requests that wait for a batch, batches on lanes, or
   *     callbacks to run
   */
  public record Row(Stage stage, int threads, long busyNanos, long items, int queueDepth) {
    /** Sum of the time that its threads were idle in a span. */
    public long idleNanos(long windowNanos) {
      return Math.max(0, threads * windowNanos - busyNanos);
    }

    /**
     * Share of its threads' time that was work, 0 to 1. It can be slightly above 1, because work that began before the span is counted
     * when it ends. 0 for a stage without threads.
     */
    public double utilisation(long windowNanos) {
      return threads == 0 || windowNanos <= 0 ? 0 : (double) busyNanos / ((double) threads * windowNanos);
    }
  }

  /** The row of one stage. */
  public Row row(Stage stage) {
    return rows.get(stage.ordinal());
  }

  /** The stage whose threads were busiest. If all stages were mostly idle, the callers submit too little to use the devices. */
  public Stage limitingStage() {
    return rows.stream().max(Comparator.comparingDouble(row -> row.utilisation(windowNanos))).orElseThrow().stage();
  }

  /** The report of the span between an earlier report of the same engine and this one. */
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

  /** A printable table with a heading and one line per stage. */
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
