package org.conceptclip.batch;

import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;

/**
 * What each priority and caller holds of the batcher, in fractions of a full batch, and the rule of admission. Not thread-safe.
 *
 * <p>A request is admitted if the requests of its priority and above stay within the limit together with it. Lower priorities do not
 * count, because the request is computed before them. If other callers have filled the limit, a caller that holds less than an even
 * share of it is admitted beyond the limit, up to twice the limit in total. So a caller that floods the queue cannot lock others out; it
 * is itself rejected until its share is even.
 */
final class Shares {
  /** The share of a full batch. Shares of requests are rounded up, so that admitted requests never exceed the limit. */
  private static final long FULL = 1L << 20;

  private final Map<Priority, Held> held = new EnumMap<>(Priority.class);

  private static final class Held {
    final Map<String, Long> byCaller = new HashMap<>();
    long total;
  }

  Shares() {
    for (Priority priority : Priority.values()) {
      held.put(priority, new Held());
    }
  }

  /** The share of a full batch that a request takes. */
  static long of(int cost, BatchLimits limits) {
    return Math.ceilDiv(cost * FULL, (long) limits.maxCost());
  }

  /** A number of full batches as a limit. */
  static long limit(double batches) {
    return (long) (batches * FULL);
  }

  boolean admits(Priority priority, String caller, long share, long limit) {
    long ahead = 0;
    for (Priority other : Priority.values()) {
      if (other.compareTo(priority) <= 0) {
        ahead += held.get(other).total;
      }
    }
    if (ahead == 0 || ahead + share <= limit) {
      return true;
    }
    Map<String, Long> callers = held.get(priority).byCaller;
    int competing = callers.size() + (callers.containsKey(caller) ? 0 : 1);
    return competing > 1 && callers.getOrDefault(caller, 0L) + share <= limit / competing && ahead + share <= 2 * limit;
  }

  void take(Priority priority, String caller, long share) {
    Held part = held.get(priority);
    part.total += share;
    part.byCaller.merge(caller, share, Long::sum);
  }

  void giveBack(Priority priority, String caller, long share) {
    Held part = held.get(priority);
    part.total -= share;
    part.byCaller.computeIfPresent(caller, (unused, own) -> own == share ? null : Long.valueOf(own - share));
  }

  /** The sum of all shares, in full batches. */
  double total() {
    return (double) held.values().stream().mapToLong(part -> part.total).sum() / FULL;
  }
}
