package org.conceptclip.batch;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * The time of a change of a batcher's state, and the calls to make once the batcher's lock is released: no foreign code runs under the
 * lock. Replicas get their batches first, so that no device waits for the other calls. Used by one thread, once.
 */
final class Effects<K, P, R> {
  private final List<Batch<K, P, R>> begins = new ArrayList<>(1);
  private final List<P> releases = new ArrayList<>(0);
  private final List<Runnable> deliveries = new ArrayList<>(0);
  private final List<Consumer<BatchListener<K>>> news = new ArrayList<>(1);

  final long nowNanos;

  Effects(long nowNanos) {
    this.nowNanos = nowNanos;
  }

  void begin(Batch<K, P, R> batch) {
    begins.add(batch);
    news.add(listener -> listener.batchBegan(batch.kind(), batch.station.replica.name(), batch.requests.size(), batch.cost()));
  }

  void release(P payload) {
    releases.add(payload);
  }

  /** Delivers a request's outcome to its caller. Called once per request. */
  void deliver(PendingRequest<K, P, R> request, R result, Throwable failure) {
    deliveries.add(() -> request.deliver(result, failure));
  }

  void inform(Consumer<BatchListener<K>> message) {
    news.add(message);
  }

  /** Starts the batches on their replicas, releases payloads and informs the listeners. */
  void run(List<BatchListener<K>> listeners, Consumer<? super P> release) {
    for (Batch<K, P, R> batch : begins) {
      try {
        batch.station.replica.begin(batch);
      } catch (RuntimeException | Error failure) {
        batch.failed(failure);
      }
    }
    releases.forEach(release);
    news.forEach(listeners::forEach);
  }

  /** Number of outcomes to deliver. */
  int toDeliver() {
    return deliveries.size();
  }

  /** Completes the futures, and so runs what callers attached to them. */
  void deliver() {
    deliveries.forEach(Runnable::run);
  }
}
