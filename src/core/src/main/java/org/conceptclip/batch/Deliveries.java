package org.conceptclip.batch;

/** The lists of outcomes that threads are delivering, linked by {@link PendingRequest#nextDelivery}. Not thread-safe. */
final class Deliveries<K, P, R> {
  private PendingRequest<K, P, R> first;

  /** This thread begins to deliver the list that begins with {@code outcomes}. */
  void begin(PendingRequest<K, P, R> outcomes) {
    outcomes.deliverer = Thread.currentThread();
    outcomes.nextDelivery = first;
    first = outcomes;
  }

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
    outcomes.deliverer = null;
    outcomes.nextDelivery = null;
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
