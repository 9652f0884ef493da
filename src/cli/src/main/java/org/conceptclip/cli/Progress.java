package org.conceptclip.cli;

import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/**
 * A progress bar on an interactive stderr, shown when work takes longer than a moment. Not thread-safe, but for {@link #total}.
 */
final class Progress implements AutoCloseable {
  /** The total while it is not known: the bar shows what is done. */
  static final long UNKNOWN = -1;

  /** Shorter work needs no bar, and loading the bar's library takes time. */
  private static final long PATIENCE_NANOS = 1_500_000_000L;

  /** To the beginning of the line, and erase it. */
  private static final String ERASE = "\r\u001b[K";

  private final Console console;
  private final String task;
  private final long startNanos = System.nanoTime();
  private volatile long total;
  private long done;
  private ProgressBar bar;

  Progress(Console console, String task, long total) {
    this.console = console;
    this.task = task;
    this.total = total;
  }

  /** Sets how many pieces there are, once that is known. May be called by any thread. */
  void total(long pieces) {
    total = pieces;
  }

  /** Adds this many pieces to those that are done. */
  void advance(long pieces) {
    reach(done + pieces);
  }

  /** Sets the number of pieces that are done. */
  void reach(long pieces) {
    done = pieces;
    long all = total;
    if (bar == null && console.interactive() && done != all && System.nanoTime() - startNanos > PATIENCE_NANOS) {
      bar = new ProgressBarBuilder()
          .setTaskName(task)
          .setInitialMax(all)
          .setStyle(ProgressBarStyle.ASCII)
          .setConsumer(new ConsoleProgressBarConsumer(console.err()))
          .build();
    }
    if (bar != null) {
      if (bar.getMax() != all) {
        bar.maxHint(all);
      }
      bar.stepTo(done);
    }
  }

  /** Runs what delivers results, with the bar out of the way if they appear on a terminal. */
  void asideOfResults(Runnable printing) {
    if (bar == null || !console.out().isTerminal()) {
      printing.run();
    } else {
      aside(printing);
    }
  }

  /** Runs what prints messages, with the bar out of the way: both are on one terminal. */
  void aside(Runnable printing) {
    if (bar == null) {
      printing.run();
      return;
    }
    bar.pause();
    console.err().print(ERASE);
    console.err().flush();
    try {
      printing.run();
    } finally {
      bar.resume();
    }
  }

  @Override
  public void close() {
    if (bar != null) {
      bar.close();
    }
  }
}
