package org.conceptclip.batch;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
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

  /** In the order of the priorities. */
  private final List<Held> held = new ArrayList<>();

  /** What the requests of one priority hold. */
  private static final class Held {
    final Map<String, Holding> byCaller = new HashMap<>();
    long total;
  }

  /** What the requests of one caller and priority hold. */
  static final class Holding {
    private final Held part;
    private final String caller;
    private long share;

    private Holding(Held part, String caller) {
      this.part = part;
      this.caller = caller;
    }
  }

  Shares() {
    for (int i = 0; i < Priority.values().length; i++) {
      held.add(new Held());
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
    for (int other = 0; other <= priority.ordinal(); other++) {
      ahead += held.get(other).total;
    }
    if (ahead == 0 || ahead + share <= limit) {
      return true;
    }
    Map<String, Holding> callers = held.get(priority.ordinal()).byCaller;
    Holding own = callers.get(caller);
    int competing = callers.size() + (own == null ? 1 : 0);
    return competing > 1 && (own == null ? 0 : own.share) + share <= limit / competing && ahead + share <= 2 * limit;
  }

  /** The caller's holding, made if there is none. If nothing is taken then, call {@link #forgetIfUnused}. */
  Holding holding(Priority priority, String caller) {
    Held part = held.get(priority.ordinal());
    Holding holding = part.byCaller.get(caller);
    if (holding == null) {
      holding = new Holding(part, caller);
      put(part, holding);
    }
    return holding;
  }

  private static void put(Held part, Holding holding) {
    try {
      part.byCaller.put(holding.caller, holding);
    } catch (Throwable failure) {
      // A map that cannot grow has put its entry already.
      part.byCaller.remove(holding.caller);
      throw failure;
    }
  }

  void forgetIfUnused(Holding holding) {
    if (holding.share == 0) {
      holding.part.byCaller.remove(holding.caller);
    }
  }

  void take(Holding holding, long share) {
    holding.share += share;
    holding.part.total += share;
  }

  void giveBack(Holding holding, long share) {
    holding.share -= share;
    holding.part.total -= share;
    forgetIfUnused(holding);
  }

  /** The sum of all shares, in full batches. */
  double total() {
    return (double) held.stream().mapToLong(part -> part.total).sum() / FULL;
  }
}
