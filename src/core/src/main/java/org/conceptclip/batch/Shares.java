package org.conceptclip.batch;

import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;

/**
 * Who holds how much of the batcher, in fractions of a full batch, and who may have more. Not thread-safe.
 *
 * <p>A request is admitted when what is in the batcher of its priority and above stays within the limit: lower priorities, which it
 * goes ahead of, do not keep it out. Where others have filled the limit, a caller that holds less than an even part of it is admitted
 * beyond it, up to twice the limit in all: one that floods the queue cannot lock others out, and is itself held back until its part is
 * no more than even.
 */
final class Shares {
  /** A full batch. Shares are rounded up, so that their sum never promises more than fits. */
  private static final long FULL = 1L << 20;

  private final Map<Priority, Held> held = new EnumMap<>(Priority.class);

  private static final class Held {
    final Map<String, long[]> byCaller = new HashMap<>();
    long total;
  }

  Shares() {
    for (Priority priority : Priority.values()) {
      held.put(priority, new Held());
    }
  }

  /** What a request takes of a batch. */
  static long of(int cost, BatchLimits limits) {
    return Math.ceilDiv(cost * FULL, (long) limits.maxCost());
  }

  /** So many full batches, as a limit. */
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
    Map<String, long[]> callers = held.get(priority).byCaller;
    long[] own = callers.get(caller);
    int competing = callers.size() + (own == null ? 1 : 0);
    return competing > 1 && (own == null ? 0 : own[0]) + share <= limit / competing && ahead + share <= 2 * limit;
  }

  void take(Priority priority, String caller, long share) {
    Held part = held.get(priority);
    part.total += share;
    part.byCaller.computeIfAbsent(caller, unused -> new long[1])[0] += share;
  }

  void giveBack(Priority priority, String caller, long share) {
    Held part = held.get(priority);
    part.total -= share;
    long[] own = part.byCaller.get(caller);
    own[0] -= share;
    if (own[0] == 0) {
      part.byCaller.remove(caller);
    }
  }

  /** What all hold together, in full batches. */
  double total() {
    return (double) held.values().stream().mapToLong(part -> part.total).sum() / FULL;
  }
}
