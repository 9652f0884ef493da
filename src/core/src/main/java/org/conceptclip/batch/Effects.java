package org.conceptclip.batch;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * What is to happen once the batcher's lock is free: nothing of others is called under it. Replicas get their batches first, so that no
 * device waits for the rest. Used by one thread, once.
 */
final class Effects<K, P, R> {
  private final List<RunningBatch<K, P, R>> begins = new ArrayList<>(1);
  private final List<P> releases = new ArrayList<>(0);
  private final List<End<K, P, R>> ends = new ArrayList<>(0);
  private final List<Consumer<BatchListener<K>>> news = new ArrayList<>(1);

  private record End<K, P, R>(PendingRequest<K, P, R> request, R result, Throwable failure) {}

  void begin(RunningBatch<K, P, R> batch) {
    begins.add(batch);
    news.add(listener ->
        listener.batchBegan(batch.kind(), batch.station.replica.name(), batch.requests.size(), batch.cost()));
  }

  void release(P payload) {
    releases.add(payload);
  }

  /** The caller of a request is told. Once for each. */
  void tell(PendingRequest<K, P, R> request, R result, Throwable failure) {
    ends.add(new End<>(request, result, failure));
  }

  void inform(Consumer<BatchListener<K>> message) {
    news.add(message);
  }

  /** Gives batches to their replicas, payloads back, and news to the listener. */
  void run(BatchListener<K> listener, Consumer<? super P> release) {
    for (RunningBatch<K, P, R> batch : begins) {
      try {
        batch.station.replica.begin(batch);
      } catch (RuntimeException | Error failure) {
        batch.failed(failure);
      }
    }
    releases.forEach(release);
    news.forEach(message -> message.accept(listener));
  }

  /** How many callers are to be told. */
  int toTell() {
    return ends.size();
  }

  /** Tells them: runs whatever they attached to their futures. */
  void tell() {
    ends.forEach(end -> end.request().tell(end.result(), end.failure()));
  }
}
