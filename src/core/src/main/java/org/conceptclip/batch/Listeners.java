package org.conceptclip.batch;

import java.util.List;
import org.conceptclip.util.Failures;

/**
 * The listeners of a batcher. A listener must not throw; one that does is reported, and neither disturbs the others nor what the batcher
 * does. Apart from the report of a batch, telling them allocates nothing. Thread-safe.
 */
final class Listeners<K> {
  private final BatchListener<K>[] all;

  @SuppressWarnings("unchecked") // the array is private, and its elements are those of the list
  Listeners(List<BatchListener<K>> listeners) {
    this.all = (BatchListener<K>[]) listeners.toArray(new BatchListener<?>[0]);
  }

  void refused(PendingRequest<K, ?, ?> request) {
    for (BatchListener<K> listener : all) {
      try {
        listener.refused(request.kind, request.priority, request.cost);
      } catch (Throwable failure) {
        Failures.report(failure);
      }
    }
  }

  void admitted(PendingRequest<K, ?, ?> request) {
    for (BatchListener<K> listener : all) {
      try {
        listener.admitted(request.kind, request.priority, request.cost);
      } catch (Throwable failure) {
        Failures.report(failure);
      }
    }
  }

  void ended(PendingRequest<K, ?, ?> request) {
    long waitNanos = request.begunNanos == PendingRequest.NEVER ? 0 : request.begunNanos - request.readyNanos;
    long totalNanos = request.endedNanos - request.admittedNanos;
    for (BatchListener<K> listener : all) {
      try {
        listener.ended(request.kind, request.priority, request.ending, waitNanos, totalNanos);
      } catch (Throwable failure) {
        Failures.report(failure);
      }
    }
  }

  void began(Batch<K, ?, ?> batch) {
    for (BatchListener<K> listener : all) {
      try {
        listener.batchBegan(batch.kind(), batch.station.replica.name(), batch.size(), batch.cost());
      } catch (Throwable failure) {
        Failures.report(failure);
      }
    }
  }

  /** Returns false, and has told nobody, if memory does not suffice for the batch's report. */
  boolean ended(Batch<K, ?, ?> batch) {
    BatchReport<K> report;
    try {
      report = batch.report();
    } catch (Throwable shortage) {
      return false;
    }
    for (BatchListener<K> listener : all) {
      try {
        listener.batchEnded(report);
      } catch (Throwable failure) {
        Failures.report(failure);
      }
    }
    if (batch.lostTheReplica) {
      replicaLost(batch);
    }
    return true;
  }

  private void replicaLost(Batch<K, ?, ?> batch) {
    for (BatchListener<K> listener : all) {
      try {
        listener.replicaLost(batch.station.replica.name(), batch.failureOrNull);
      } catch (Throwable failure) {
        Failures.report(failure);
      }
    }
  }
}
