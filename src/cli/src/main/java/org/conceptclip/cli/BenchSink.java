package org.conceptclip.cli;

import java.util.ArrayList;
import java.util.List;
import org.conceptclip.bench.report.TextReport;
import org.conceptclip.bench.throughput.BenchRow;
import org.conceptclip.bench.throughput.Section;
import org.conceptclip.bench.throughput.Session;

/** Reports rows as they come, and shows progress. */
final class BenchSink implements Session.Sink, AutoCloseable {
  /** All sections have the same length on the progress bar. */
  private static final int SECTION = 1000;

  private final Console console;
  private final BenchOutput output;
  private final Progress progress;
  private final TextReport text = new TextReport();
  private final List<BenchRow> all = new ArrayList<>();
  private int section = -1;
  private int steps = 1;
  private int done;

  BenchSink(Console console, BenchOutput output, int sections) {
    this.console = console;
    this.output = output;
    this.progress = new Progress(console, "bench", (long) sections * SECTION);
  }

  @Override
  public void rows(List<BenchRow> rows) {
    if (!rows.isEmpty()) {
      all.addAll(rows);
      output.report(console, text, rows);
    }
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

  /** Page and comparison of all rows. Returns the exit code of the command. */
  int finish() {
    return output.finish(console, all);
  }

  @Override
  public void close() {
    progress.close();
  }
}
