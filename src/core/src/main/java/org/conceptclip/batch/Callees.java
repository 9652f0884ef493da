package org.conceptclip.batch;

import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.conceptclip.util.Failures;

/**
 * The foreign code that a batcher calls: replicas, the receiver of payloads, listeners, and the executor that delivers outcomes. Whatever
 * it throws, the batcher goes on. No method throws. Thread-safe; not called under the batcher's lock.
 */
final class Callees<K, P, R> {
  private final Executor completions;
  private final Consumer<? super P> release;
  private final Listeners<K> listeners;

  Callees(Executor completions, Consumer<? super P> release, List<BatchListener<K>> listeners) {
    this.completions = completions;
    this.release = release;
    this.listeners = new Listeners<>(listeners);
  }

  void refused(PendingRequest<K, P, R> request) {
    listeners.refused(request);
  }

  void admitted(PendingRequest<K, P, R> request) {
    listeners.admitted(request);
  }

  /** Gives a list of batches to their replicas. */
  void start(Batch<K, P, R> begun) {
    for (Batch<K, P, R> batch = begun; batch != null; batch = batch.nextBegun) {
      try {
        batch.station.replica.begin(batch);
      } catch (Throwable failure) { // includes a lack of memory: the requests must not wait for a batch that never began
        batch.failUnlessEnded(failure);
      }
    }
  }

  /** Releases the payloads of a list of requests that have ended. */
  void release(PendingRequest<K, P, R> ended) {
    for (PendingRequest<K, P, R> request = ended; request != null; request = request.nextEnded) {
      P payload = request.payload;
      request.payload = null;
      if (payload != null) {
        try {
          release.accept(payload);
        } catch (Throwable failure) {
          Failures.report(failure);
        }
      }
    }
  }

  /** Tells the listeners of a list of batches that have ended. Returns the rest of the list for which memory did not suffice. */
  Batch<K, P, R> tellEnded(Batch<K, P, R> ended) {
    Batch<K, P, R> batch = ended;
    while (batch != null && listeners.ended(batch)) {
      Batch<K, P, R> next = batch.nextEnded;
      batch.nextEnded = null;
      batch = next;
    }
    return batch;
  }

  /** Tells the listeners of a list of requests that have ended, and takes the list apart. */
  void tellEnded(PendingRequest<K, P, R> ended) {
    for (PendingRequest<K, P, R> request = ended; request != null;) {
      listeners.ended(request);
      PendingRequest<K, P, R> next = request.nextEnded;
      request.nextEnded = null;
      request = next;
    }
  }

  /** Tells the listeners of a list of batches that were started, and takes the list apart. */
  void tellBegun(Batch<K, P, R> begun) {
    for (Batch<K, P, R> batch = begun; batch != null;) {
      listeners.began(batch);
      Batch<K, P, R> next = batch.nextBegun;
      batch.nextBegun = null;
      batch = next;
    }
  }

  /** Gives a list of outcomes to the threads that deliver them. Returns false if it was not accepted. */
  boolean handOver(PendingRequest<K, P, R> outcomes) {
    try {
      completions.execute(outcomes);
      return true;
    } catch (Throwable rejected) {
      if (!Failures.mayPass(rejected)) {
        Failures.report(rejected);
      }
      return false;
    }
  }
}
