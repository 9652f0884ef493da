package org.conceptclip.batch;

/**
 * The lists of outcomes on their way to their callers, each known by its first request, linked by {@link PendingRequest#nextDelivery}. What
 * was done of a list is noted in its first request and not in local variables: a thread that runs out of memory can lose those together
 * with its exception handlers, because the JVM drops a compiled method whose eliminated allocations it cannot make up for. Not thread-safe.
 */
final class Deliveries<K, P, R> {
  /** A list that no thread has taken for this time, though none was asked to wait, is lost. */
  private static final long LOST_NANOS = 1_000_000_000;

  private PendingRequest<K, P, R> first;

  /** Where a list is. */
  enum Place { NOWHERE, WITH_ITS_FINDER, IN_THE_QUEUE, UNDER_DELIVERY }

  /** This thread has a new list, and will hand it over. */
  void found(PendingRequest<K, P, R> outcomes, long nowNanos) {
    outcomes.place = Place.WITH_ITS_FINDER;
    outcomes.foundNanos = nowNanos;
    outcomes.rest = outcomes;
    outcomes.nextDelivery = first;
    first = outcomes;
  }

  /** The list was given to the threads that deliver. */
  void handedOver(PendingRequest<K, P, R> outcomes) {
    if (outcomes.place == Place.WITH_ITS_FINDER) {
      outcomes.place = Place.IN_THE_QUEUE;
    }
  }

  /** This thread begins to deliver a list, or goes on with it. Returns false if that was done, or another thread does it. */
  boolean begin(PendingRequest<K, P, R> outcomes) {
    boolean byAnother = outcomes.place == Place.UNDER_DELIVERY && outcomes.deliverer != Thread.currentThread();
    if (outcomes.place == Place.NOWHERE || byAnother) {
      return false;
    }
    outcomes.place = Place.UNDER_DELIVERY;
    outcomes.deliverer = Thread.currentThread();
    return true;
  }

  /** Forgets a list. */
  void end(PendingRequest<K, P, R> outcomes) {
    if (first == outcomes) {
      first = outcomes.nextDelivery;
    } else {
      PendingRequest<K, P, R> before = first;
      while (before.nextDelivery != outcomes) {
        before = before.nextDelivery;
      }
      before.nextDelivery = outcomes.nextDelivery;
    }
    outcomes.place = Place.NOWHERE;
    outcomes.deliverer = null;
    outcomes.nextDelivery = null;
  }

  /** A list that the thread that found it has lost; {@code null} if there is none. This thread has it then. */
  PendingRequest<K, P, R> lost(long nowNanos) {
    PendingRequest<K, P, R> list = first;
    while (list != null && (list.place != Place.WITH_ITS_FINDER || nowNanos - list.foundNanos < LOST_NANOS)) {
      list = list.nextDelivery;
    }
    if (list != null) {
      list.foundNanos = nowNanos;
    }
    return list;
  }

  /** When to look for lost lists again; {@link PendingRequest#NEVER} if no thread has one to hand over. */
  long lookNanos() {
    long look = PendingRequest.NEVER;
    for (PendingRequest<K, P, R> list = first; list != null; list = list.nextDelivery) {
      if (list.place == Place.WITH_ITS_FINDER) {
        look = Math.min(look, list.foundNanos + LOST_NANOS);
      }
    }
    return look;
  }

  /** Whether this thread is delivering outcomes. */
  boolean areOnThisThread() {
    PendingRequest<K, P, R> delivery = first;
    while (delivery != null && delivery.deliverer != Thread.currentThread()) {
      delivery = delivery.nextDelivery;
    }
    return delivery != null;
  }
}
