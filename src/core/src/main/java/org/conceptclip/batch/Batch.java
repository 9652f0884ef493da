package org.conceptclip.batch;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Requests that a replica computes together. The replica may read the payloads until it ends the batch, and must not keep them after
 * that. It ends the batch with one call of {@link #done}, {@link #failed} or {@link #lost}; a second call throws {@link
 * IllegalStateException}. Thread-safe.
 */
public final class Batch<K, P, R> {
  private final Batcher<K, P, R> batcher;
  final Stations.Station<K, P, R> station;
  final boolean retry;
  /** The first {@code size} of them; filled before the batch begins. */
  private final PendingRequest<K, P, R>[] requests;
  private final P[] payloads;
  private int size;
  private long cost;
  long begunNanos;
  private final AtomicBoolean ended = new AtomicBoolean();

  /** Set at the end, under the batcher's lock. */
  long endedNanos;
  Throwable failureOrNull;
  /** Whether the replica's loss became known by this batch. */
  boolean lostTheReplica;

  /** The next one in a list of {@link Effects}: of batches that begin, and of those that have ended. */
  Batch<K, P, R> nextBegun;
  Batch<K, P, R> nextEnded;

  /** An empty batch with room for so many requests. */
  @SuppressWarnings("unchecked") // the arrays are private, and only what has the right type is put into them
  Batch(Batcher<K, P, R> batcher, Stations.Station<K, P, R> station, int capacity, boolean retry) {
    this.batcher = batcher;
    this.station = station;
    this.retry = retry;
    this.requests = (PendingRequest<K, P, R>[]) new PendingRequest<?, ?, ?>[capacity];
    this.payloads = (P[]) new Object[capacity];
  }

  int size() {
    return size;
  }

  PendingRequest<K, P, R> request(int i) {
    return requests[i];
  }

  void add(PendingRequest<K, P, R> request) {
    requests[size++] = request;
  }

  PendingRequest<K, P, R> removeLast() {
    PendingRequest<K, P, R> last = requests[--size];
    requests[size] = null;
    return last;
  }

  /** Fixes what the replica sees. */
  void begin(long nowNanos) {
    begunNanos = nowNanos;
    for (int i = 0; i < size; i++) {
      payloads[i] = requests[i].payload;
      cost += requests[i].cost;
    }
  }

  /** Removes a request; the others keep their order. */
  void remove(int i) {
    System.arraycopy(requests, i + 1, requests, i, --size - i);
    requests[size] = null;
  }

  public K kind() {
    return requests[0].kind;
  }

  /** The payloads, at least one, in the order in which results are expected. */
  public List<P> payloads() {
    return Collections.unmodifiableList(Arrays.asList(payloads).subList(0, size));
  }

  /** The sum of the requests' costs, in tokens. */
  public long cost() {
    return cost;
  }

  /** What listeners are told of the batch, which must have ended. */
  BatchReport<K> report() {
    long oldestReadyNanos = begunNanos;
    for (int i = 0; i < size; i++) {
      oldestReadyNanos = Math.min(oldestReadyNanos, requests[i].readyNanos);
    }
    return new BatchReport<>(station.replica.name(), kind(), size, cost, requests[0].limits.maxCost(), begunNanos - oldestReadyNanos,
        endedNanos - begunNanos, retry, failureOrNull);
  }

  /**
   * Ends the batch with its results. If they are not one for each payload, or memory does not suffice to read them, the batch fails.
   *
   * @param results one for each payload, in the order of the payloads
   */
  @SuppressWarnings("unchecked") // the array holds elements of the list
  public void done(List<R> results) {
    R[] answers;
    IllegalStateException missing = null;
    try {
      answers = (R[]) results.toArray();
      if (answers.length != size) {
        throw new IllegalStateException("replica " + station.replica.name() + " gave " + answers.length
            + " results for a batch of " + size);
      }
      for (int i = 0; i < size; i++) {
        if (answers[i] == null && missing == null) {
          missing = new IllegalStateException(station.replica.name() + " gave no result");
        }
      }
    } catch (Throwable unusable) {
      failed(unusable);
      return;
    }
    end();
    batcher.done(this, answers, missing);
  }

  /**
   * Ends a batch that could not be computed. The replica stays in use. The requests are tried again in halves, so that a request that
   * cannot be computed fails alone.
   */
  public void failed(Throwable failure) {
    Objects.requireNonNull(failure, "failure");
    end();
    batcher.failed(this, failure);
  }

  /**
   * Ends a batch whose replica has lost its device. The replica gets no more batches. Each request is tried once more, alone, on
   * another replica; if that replica loses its device as well, the request fails.
   */
  public void lost(Throwable failure) {
    Objects.requireNonNull(failure, "failure");
    end();
    batcher.lost(this, failure);
  }

  private void end() {
    if (!ended.compareAndSet(false, true)) {
      throw new IllegalStateException("this batch has already ended");
    }
  }

  boolean hasEnded() {
    return ended.get();
  }

  /** As {@link #failed}, unless the batch has ended. */
  void failUnlessEnded(Throwable failure) {
    if (ended.compareAndSet(false, true)) {
      batcher.failed(this, failure);
    }
  }
}
