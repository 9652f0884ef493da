package org.conceptclip.batch;

import java.util.ArrayList;
import java.util.List;

/**
 * The requests of one kind that are in no batch. Not thread-safe. A request {@link #join joins} at its admission, which allocates; what
 * follows does not.
 */
final class KindQueue<K, P, R> {
  final K kind;
  final int hash;
  /** Neighbours in {@link KindQueues}, and whether this is there. */
  KindQueue<K, P, R> nextInBucket;
  KindQueue<K, P, R> older;
  KindQueue<K, P, R> newer;
  boolean isListed;
  private final BatchLimits limits;
  /** In the order of the priorities. */
  private final List<FairQueue<PendingRequest<K, P, R>>> byPriority = new ArrayList<>();
  /** All ready requests, the longest waiting first. */
  private final Chain<K, P, R> byAge = new Chain<>();
  private long readyCost;
  private int preparing;

  KindQueue(K kind, int hash, BatchLimits limits) {
    this.kind = kind;
    this.hash = hash;
    this.limits = limits;
    for (int i = 0; i < Priority.values().length; i++) {
      byPriority.add(new FairQueue<>());
    }
  }

  private FairQueue<PendingRequest<K, P, R>> queue(PendingRequest<K, P, R> request) {
    return byPriority.get(request.priority.ordinal());
  }

  /** Prepares a place for a request. Changes nothing if it fails. */
  void join(PendingRequest<K, P, R> request) {
    queue(request).join(request);
  }

  /** Ends the membership of a request that is in preparation or was taken. */
  void leave(PendingRequest<K, P, R> request) {
    queue(request).leave(request);
  }

  void preparationBegan() {
    preparing++;
  }

  void preparationEnded() {
    preparing--;
  }

  boolean isUnused() {
    return preparing == 0 && byAge.isEmpty();
  }

  boolean isEmpty() {
    return byAge.isEmpty();
  }

  int ready() {
    return byAge.size();
  }

  /** The longest waiting request; {@code null} if there is none. */
  PendingRequest<K, P, R> oldest() {
    return byAge.first();
  }

  /** The time at which the longest waiting request became ready. There must be one. */
  long oldestReadyNanos() {
    return byAge.first().readyNanos;
  }

  /** Adds a member that became ready later than all others. */
  void add(PendingRequest<K, P, R> request) {
    queue(request).add(request);
    byAge.addLast(request);
    readyCost += request.cost;
  }

  /** Removes a ready request, and its membership. */
  void remove(PendingRequest<K, P, R> request) {
    queue(request).remove(request);
    taken(request);
  }

  private void taken(PendingRequest<K, P, R> request) {
    byAge.remove(request);
    readyCost -= request.cost;
    leave(request);
  }

  /** Priority of the next request. There must be one. */
  Priority headPriority() {
    return next().peek().priority;
  }

  /** The queue of the next request; {@code null} if there is none. */
  private FairQueue<PendingRequest<K, P, R>> next() {
    for (int i = 0; i < byPriority.size(); i++) {
      if (!byPriority.get(i).isEmpty()) {
        return byPriority.get(i);
      }
    }
    return null;
  }

  /**
   * Whether a batch should start, given an idle lane: because it is full, because its oldest request has waited long enough, or because
   * no request will come that it could wait for.
   *
   * @param noMore whether no further request can be admitted for now
   */
  boolean isDue(long nowNanos, long maxWaitNanos, boolean noMore) {
    if (byAge.isEmpty()) {
      return false;
    }
    return readyCost >= limits.maxCost()
        || byAge.size() >= limits.maxRequests()
        || nowNanos - oldestReadyNanos() >= maxWaitNanos
        || noMore && preparing == 0;
  }

  /** Most requests of the next batch. */
  int mostTaken() {
    return Math.min(byAge.size(), limits.maxRequests());
  }

  /**
   * Moves the next batch into {@code batch}: as many requests as fit, by priority and fairly within one priority. Takes at least one, if
   * there is one.
   *
   * @param batch an empty one with room for {@link #mostTaken} requests
   */
  void take(Batch<K, P, R> batch) {
    long cost = 0;
    while (batch.size() < limits.maxRequests()) {
      FairQueue<PendingRequest<K, P, R>> queue = next();
      // A large request is not passed over for a smaller one behind it, because that could repeat for ever.
      if (queue == null || batch.size() > 0 && cost + queue.peek().cost > limits.maxCost()) {
        break;
      }
      PendingRequest<K, P, R> request = queue.poll();
      batch.add(request);
      cost += request.cost;
    }
    int size = batch.size() == 0 ? 0 : limits.size(batch.size());
    while (batch.size() > size) {
      PendingRequest<K, P, R> surplus = batch.removeLast();
      queue(surplus).giveBack(surplus);
    }
    for (int i = 0; i < size; i++) {
      taken(batch.request(i));
    }
  }
}
