package org.conceptclip.batch;

import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;

/** A batch on a replica. Immutable, except that it can be ended once. */
final class RunningBatch<K, P, R> implements Batch<K, P, R> {
  private final Batcher<K, P, R> batcher;
  final Stations.Station<K, P, R> station;
  final List<PendingRequest<K, P, R>> requests;
  final boolean retry;
  final long begunNanos;
  final long oldestWaitNanos;
  private final List<P> payloads;
  private final long cost;
  private final AtomicBoolean ended = new AtomicBoolean();

  RunningBatch(
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
    this.oldestWaitNanos = begunNanos - requests.stream().mapToLong(request -> request.readyNanos).min().orElseThrow();
  }

  @Override
  public K kind() {
    return requests.getFirst().kind;
  }

  @Override
  public List<P> payloads() {
    return payloads;
  }

  @Override
  public long cost() {
    return cost;
  }

  @Override
  public void done(List<R> results) {
    Objects.requireNonNull(results, "results");
    end();
    if (results.size() == requests.size()) {
      batcher.done(this, results);
    } else {
      batcher.failed(this, new IllegalStateException("replica " + station.replica.name() + " gave " + results.size()
          + " results for a batch of " + requests.size()));
    }
  }

  @Override
  public void failed(Throwable failure) {
    Objects.requireNonNull(failure, "failure");
    end();
    batcher.failed(this, failure);
  }

  @Override
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
}
