package org.conceptclip.batch;

/**
 * What is to be done for changes of a batcher's state once the batcher's lock is released, because no foreign code runs under the lock.
 * Lists of the batches and requests concerned, linked through themselves, so that noting something allocates nothing. A thread takes the
 * lists under the lock and works on them without; what it cannot do for lack of memory it puts back. Not thread-safe.
 */
final class Effects<K, P, R> {
  private Batch<K, P, R> firstBegun;
  private Batch<K, P, R> lastBegun;
  private Batch<K, P, R> firstEndedBatch;
  private Batch<K, P, R> lastEndedBatch;
  private PendingRequest<K, P, R> firstEnded;
  private PendingRequest<K, P, R> lastEnded;
  private PendingRequest<K, P, R> firstOutcome;
  private PendingRequest<K, P, R> lastOutcome;

  /** A batch for its replica. */
  void begun(Batch<K, P, R> batch) {
    if (firstBegun == null) {
      firstBegun = batch;
    } else {
      lastBegun.nextBegun = batch;
    }
    lastBegun = batch;
  }

  /** A batch that the listeners must be told of. */
  void ended(Batch<K, P, R> batch) {
    if (firstEndedBatch == null) {
      firstEndedBatch = batch;
    } else {
      lastEndedBatch.nextEnded = batch;
    }
    lastEndedBatch = batch;
  }

  /** A request whose payload must be released, and of which the listeners must be told. */
  void ended(PendingRequest<K, P, R> request) {
    if (firstEnded == null) {
      firstEnded = request;
    } else {
      lastEnded.nextEnded = request;
    }
    lastEnded = request;
  }

  /** A request whose outcome must be delivered to its caller. */
  void outcome(PendingRequest<K, P, R> request) {
    if (firstOutcome == null) {
      firstOutcome = request;
    } else {
      lastOutcome.nextOutcome = request;
    }
    lastOutcome = request;
  }

  Batch<K, P, R> takeBegun() {
    Batch<K, P, R> first = firstBegun;
    firstBegun = null;
    lastBegun = null;
    return first;
  }

  Batch<K, P, R> takeEndedBatches() {
    Batch<K, P, R> first = firstEndedBatch;
    firstEndedBatch = null;
    lastEndedBatch = null;
    return first;
  }

  PendingRequest<K, P, R> takeEnded() {
    PendingRequest<K, P, R> first = firstEnded;
    firstEnded = null;
    lastEnded = null;
    return first;
  }

  PendingRequest<K, P, R> takeOutcomes() {
    PendingRequest<K, P, R> first = firstOutcome;
    firstOutcome = null;
    lastOutcome = null;
    return first;
  }

  /** Puts back a list of batches that the listeners were not told of. */
  void giveBack(Batch<K, P, R> untold) {
    for (Batch<K, P, R> batch = untold; batch != null;) {
      Batch<K, P, R> next = batch.nextEnded;
      batch.nextEnded = null;
      ended(batch);
      batch = next;
    }
  }

  /** Puts back a list of outcomes that were not delivered. */
  void giveBack(PendingRequest<K, P, R> undelivered) {
    for (PendingRequest<K, P, R> request = undelivered; request != null;) {
      PendingRequest<K, P, R> next = request.nextOutcome;
      request.nextOutcome = null;
      outcome(request);
      request = next;
    }
  }
}
