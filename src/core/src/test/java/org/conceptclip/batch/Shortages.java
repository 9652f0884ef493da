package org.conceptclip.batch;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Moments at which memory may be found short: every place where a class that a {@link ShortageLoader} loaded may allocate. They are counted,
 * and some of them fail. Public, because the rewritten classes call it.
 */
public final class Shortages {
  private static final AtomicInteger SEEN = new AtomicInteger();
  private static volatile int first = Integer.MAX_VALUE;
  private static volatile int last = Integer.MAX_VALUE;
  private static volatile OutOfMemoryError planted;

  private Shortages() {}

  /** Called in front of an allocation. */
  public static void point() {
    int number = SEEN.incrementAndGet();
    if (number >= first && number <= last) {
      planted = new OutOfMemoryError("planted at moment " + number);
      throw planted;
    }
  }

  /** From now on, moments are counted from 1, and {@code count} of them fail, beginning with {@code from}. */
  public static void plant(int from, int count) {
    SEEN.set(0);
    last = from + count - 1;
    first = from;
  }

  /** The failure that was thrown last. */
  public static OutOfMemoryError planted() {
    return planted;
  }

  /** From now on, none fails. Returns how many there were. */
  public static int end() {
    first = Integer.MAX_VALUE;
    return SEEN.get();
  }
}
