package org.conceptclip.batch;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Busy time and number of items of each stage, summed over all threads. Thread-safe. Counting allocates nothing, so it cannot fail where a
 * failure would lose a request: hence no {@link java.util.concurrent.atomic.LongAdder}.
 */
final class StageClocks implements BatchListener<WorkKind> {
  private final long openedNanos = System.nanoTime();
  private final Map<Stage, Clock> clocks = new EnumMap<>(Stage.class);
  private final AtomicLong tokensWanted = new AtomicLong();
  private final AtomicLong tokensComputed = new AtomicLong();

  private static final class Clock {
    private final AtomicLong busyNanos = new AtomicLong();
    private final AtomicLong items = new AtomicLong();
  }

  StageClocks() {
    for (Stage stage : Stage.values()) {
      clocks.put(stage, new Clock());
    }
  }

  /** Adds finished work to a stage. */
  void add(Stage stage, long busyNanos, long items) {
    Clock clock = clocks.get(stage);
    clock.busyNanos.addAndGet(busyNanos);
    clock.items.addAndGet(items);
  }

  /** Counts the tokens of a batch of texts. Wanted tokens are counted only if the batch succeeded. */
  void addTokens(long wanted, long computed) {
    tokensWanted.addAndGet(wanted);
    tokensComputed.addAndGet(computed);
  }

  @Override
  public void ended(WorkKind kind, Priority priority, Ending ending, long waitNanos, long totalNanos) {
    add(Stage.WAIT, waitNanos, 1);
    add(Stage.COMPLETE, 0, 1);
  }

  /** The report of these rows, from the opening until now. */
  StageReport report(List<StageReport.Row> rows) {
    return new StageReport(System.nanoTime() - openedNanos, rows, tokensWanted.get(), tokensComputed.get());
  }

  StageReport.Row row(Stage stage, int threads, int queueDepth) {
    Clock clock = clocks.get(stage);
    return new StageReport.Row(stage, threads, clock.busyNanos.get(), clock.items.get(), queueDepth);
  }
}
