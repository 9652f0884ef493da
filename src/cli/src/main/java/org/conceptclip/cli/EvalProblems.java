package org.conceptclip.cli;

import java.util.function.Consumer;

/** Items that cost themselves: a line each, until there are too many to read, and their number. Not thread-safe. */
final class EvalProblems implements Consumer<String> {
  /** Lines of one run: a wrong column makes a problem of every row. */
  private static final int MOST_LINES = 100;

  private final Consumer<String> say;
  private int count;
  private int lines;

  EvalProblems(Consumer<String> say) {
    this.say = say;
  }

  /** Counts a problem, and says it unless too many were said. */
  @Override
  public void accept(String line) {
    accept(line, 1);
  }

  /** A problem of several items. */
  void accept(String line, int items) {
    count += items;
    lines++;
    if (lines <= MOST_LINES) {
      say.accept(line);
    } else if (lines == MOST_LINES + 1) {
      say.accept("more than " + MOST_LINES + " items have problems; the others are only counted");
    }
  }

  int count() {
    return count;
  }
}
