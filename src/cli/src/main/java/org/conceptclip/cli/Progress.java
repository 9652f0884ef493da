package org.conceptclip.cli;

import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** A progress bar on stderr for people, once work takes longer than a moment. Not thread-safe. */
final class Progress implements AutoCloseable {
  /** Work below this needs no bar, and the bar's library costs time to load. */
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

  /** So many more pieces are done. */
  void advance(long pieces) {
    reach(done + pieces);
  }

  /** So many pieces are done in all. */
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
