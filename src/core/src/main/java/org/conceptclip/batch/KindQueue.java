package org.conceptclip.batch;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** The requests of one kind that are in no batch. Not thread-safe. */
final class KindQueue<K, P, R> {
  private final BatchLimits limits;
  private final Map<Priority, FairQueue<K, P, R>> byPriority = new EnumMap<>(Priority.class);
  /** All ready requests, the longest waiting first. */
  private final TreeSet<PendingRequest<K, P, R>> byAge = new TreeSet<>(
      Comparator.<PendingRequest<K, P, R>>comparingLong(request -> request.readyNanos).thenComparingLong(request -> request.number));
  private long readyCost;
  private int preparing;

  KindQueue(BatchLimits limits) {
    this.limits = limits;
    for (Priority priority : Priority.values()) {
      byPriority.put(priority, new FairQueue<>());
    }
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

  /** The time at which the longest waiting request became ready. There must be one. */
  long oldestReadyNanos() {
    return byAge.first().readyNanos;
  }

  void add(PendingRequest<K, P, R> request) {
    byPriority.get(request.priority).add(request);
    byAge.add(request);
    readyCost += request.cost;
  }

  /** Puts taken requests back, in this order, in front of the other requests of their caller and priority. */
  void giveBack(List<PendingRequest<K, P, R>> requests) {
    for (PendingRequest<K, P, R> request : requests.reversed()) {
      byPriority.get(request.priority).giveBack(request);
      byAge.add(request);
      readyCost += request.cost;
    }
  }

  void remove(PendingRequest<K, P, R> request) {
    byPriority.get(request.priority).remove(request);
    forget(request);
  }

  private void forget(PendingRequest<K, P, R> request) {
    byAge.remove(request);
    readyCost -= request.cost;
  }

  List<PendingRequest<K, P, R>> all() {
    return List.copyOf(byAge);
  }

  /** Priority of the next request. There must be one. */
  Priority headPriority() {
    return next().peek().priority;
  }

  /** The queue of the next request; {@code null} if there is none. */
  private FairQueue<K, P, R> next() {
    for (FairQueue<K, P, R> queue : byPriority.values()) {
      if (!queue.isEmpty()) {
        return queue;
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

  /** Takes the next batch: as many requests as fit, by priority and fairly within one priority. Takes at least one, if there is one. */
  List<PendingRequest<K, P, R>> take() {
    List<PendingRequest<K, P, R>> batch = new ArrayList<>();
    long cost = 0;
    while (batch.size() < limits.maxRequests()) {
      FairQueue<K, P, R> queue = next();
      // A large request is not passed over for a smaller one behind it, because that could repeat for ever.
      if (queue == null || !batch.isEmpty() && cost + queue.peek().cost > limits.maxCost()) {
        break;
      }
      PendingRequest<K, P, R> request = queue.poll();
      forget(request);
      batch.add(request);
      cost += request.cost;
    }
    if (batch.isEmpty()) {
      return batch;
    }
    int size = limits.size(batch.size());
    giveBack(batch.subList(size, batch.size()));
    return batch.subList(0, size);
  }
}
