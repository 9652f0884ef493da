package org.conceptclip.batch;

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
  final List<PendingRequest<K, P, R>> requests;
  final boolean retry;
  final long begunNanos;
  private final List<P> payloads;
  private final long cost;
  private final AtomicBoolean ended = new AtomicBoolean();

  Batch(
      Batcher<K, P, R> batcher,
      Stations.Station<K, P, R> station,
      List<PendingRequest<K, P, R>> requests,
      boolean retry,
      long begunNanos) {
    this.batcher = batcher;
    this.station = station;
    this.requests = List.copyOf(requests);
    this.retry = retry;
    this.begunNanos = begunNanos;
    this.payloads = requests.stream().map(request -> request.payload).toList();
    this.cost = requests.stream().mapToLong(request -> request.cost).sum();
  }

  public K kind() {
    return requests.getFirst().kind;
  }

  /** The payloads, at least one, in the order in which results are expected. */
  public List<P> payloads() {
    return payloads;
  }

  /** The sum of the requests' costs, in tokens. */
  public long cost() {
    return cost;
  }

  /** The longest time that one of the requests waited after its payload was ready. */
  long oldestWaitNanos() {
    return begunNanos - requests.stream().mapToLong(request -> request.readyNanos).min().orElseThrow();
  }

  /**
   * Ends the batch with its results.
   *
   * @param results one for each payload, in the order of the payloads
   */
  public void done(List<R> results) {
    Objects.requireNonNull(results, "results");
    end();
    if (results.size() == requests.size()) {
      batcher.react((scheduler, effects) -> scheduler.done(this, results, effects));
    } else {
      IllegalStateException failure = new IllegalStateException("replica " + station.replica.name() + " gave " + results.size()
          + " results for a batch of " + requests.size());
      batcher.react((scheduler, effects) -> scheduler.failed(this, failure, effects));
    }
  }

  /**
   * Ends a batch that could not be computed. The replica stays in use. The requests are tried again in halves, so that a request that
   * cannot be computed fails alone.
   */
  public void failed(Throwable failure) {
    Objects.requireNonNull(failure, "failure");
    end();
    batcher.react((scheduler, effects) -> scheduler.failed(this, failure, effects));
  }

  /**
   * Ends a batch whose replica has lost its device. The replica gets no more batches. Each request is tried once more, alone, on
   * another replica; if that replica loses its device as well, the request fails.
   */
  public void lost(Throwable failure) {
    Objects.requireNonNull(failure, "failure");
    end();
    batcher.react((scheduler, effects) -> scheduler.lost(this, failure, effects));
  }

  private void end() {
    if (!ended.compareAndSet(false, true)) {
      throw new IllegalStateException("this batch has already ended");
    }
  }
}
