package org.conceptclip.cli;

import java.util.ArrayList;
import java.util.List;
import org.conceptclip.bench.throughput.Section;
import org.conceptclip.bench.throughput.Session;
import org.conceptclip.bench.throughput.ThroughputRow;

/** Prints and appends rows as they come, and shows how far a run is. */
final class BenchSink implements Session.Sink, AutoCloseable {
  /** Every section is as long as another on the bar. */
  private static final int SECTION = 1000;

  private final Console console;
  private final BenchOutput output;
  private final Progress progress;
  private final BenchRows table = new BenchRows();
  private final List<ThroughputRow> all = new ArrayList<>();
  private int section = -1;
  private int steps = 1;
  private int done;

  BenchSink(Console console, BenchOutput output, int sections) {
    this.console = console;
    this.output = output;
    this.progress = new Progress(console, "bench", (long) sections * SECTION);
  }

  @Override
  public void rows(List<ThroughputRow> rows) {
    if (rows.isEmpty()) {
      return;
    }
    all.addAll(rows);
    output.report(console, List.copyOf(rows), printed -> table.lines(rows));
  }

  @Override
  public void begin(Section name, int itsSteps) {
    section++;
    steps = itsSteps;
    done = 0;
    progress.reach((long) section * SECTION);
  }

  @Override
  public void step() {
    done = Math.min(steps, done + 1);
    progress.reach((long) section * SECTION + (long) SECTION * done / steps);
  }

  /** Everything so far. */
  List<ThroughputRow> all() {
    return List.copyOf(all);
  }

  @Override
  public void close() {
    progress.close();
  }
}
