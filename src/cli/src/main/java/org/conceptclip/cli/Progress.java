package org.conceptclip.cli;

import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** A progress bar on an interactive stderr, shown when work takes longer than a moment. Not thread-safe. */
final class Progress implements AutoCloseable {
  /** Shorter work needs no bar, and loading the bar's library takes time. */
  private static final long PATIENCE_NANOS = 1_500_000_000L;

  private final Console console;
  private final String task;
  private final long total;
  private final long startNanos = System.nanoTime();
  private long done;
  private ProgressBar bar;

  Progress(Console console, String task, long total) {
    this.console = console;
    this.task = task;
    this.total = total;
  }

  /** Adds this many pieces to those that are done. */
  void advance(long pieces) {
    reach(done + pieces);
  }

  /** Sets the number of pieces that are done. */
  void reach(long pieces) {
    done = pieces;
    if (bar == null && console.interactive() && done < total && System.nanoTime() - startNanos > PATIENCE_NANOS) {
      bar = new ProgressBarBuilder()
          .setTaskName(task)
          .setInitialMax(total)
          .setStyle(ProgressBarStyle.ASCII)
          .setConsumer(new ConsoleProgressBarConsumer(console.err()))
          .build();
    }
    if (bar != null) {
      bar.stepTo(done);
    }
  }

  @Override
  public void close() {
    if (bar != null) {
      bar.close();
    }
  }
}
