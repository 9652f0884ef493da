package org.conceptclip.batch;

import java.util.Objects;
import java.util.concurrent.CompletableFuture;

/**
 * A request from its admission to its end. The batcher's lock guards all mutable fields except the future, which the caller may complete
 * at any time.
 */
final class PendingRequest<K, P, R> implements Admission<P, R> {
  /** The states of a request, in order. A request of a failed batch stays in BEGUN until its next batch, or its end. */
  enum State { PREPARING, READY, BEGUN, ENDED }

  static final long NEVER = Long.MAX_VALUE;

  private final Batcher<K, P, R> batcher;
  private final Result future = new Result();

  final K kind;
  final int cost;
  final long share;
  final BatchLimits limits;
  final Priority priority;
  final String caller;
  final long deadlineNanos;

  /** Set at the admission: requests are numbered in its order. */
  long number;
  long admittedNanos;

  State state = State.PREPARING;
  P payload;
  long readyNanos;
  long begunNanos = NEVER;
  boolean lostADevice;

  /** How the request ends, once that is decided; {@code null} before. */
  BatchListener.Ending ending;

  PendingRequest(
      Batcher<K, P, R> batcher, K kind, BatchLimits limits, int cost, RequestOptions options, long deadlineNanos) {
    this.batcher = batcher;
    this.kind = kind;
    this.cost = cost;
    this.limits = limits;
    this.share = Shares.of(cost, limits);
    this.priority = options.priority();
    this.caller = options.caller();
    this.deadlineNanos = deadlineNanos;
  }

  @Override
  public boolean isOver() {
    return future.isDone();
  }

  @Override
  public void ready(P prepared) {
    Objects.requireNonNull(prepared, "payload");
    batcher.react((scheduler, effects) -> scheduler.ready(this, prepared, effects));
  }

  @Override
  public void fail(Throwable failure) {
    Objects.requireNonNull(failure, "failure");
    batcher.react((scheduler, effects) -> scheduler.notPrepared(this, failure, effects));
  }

  @Override
  public CompletableFuture<R> future() {
    return future;
  }

  /** Completes the future, unless the caller has already completed it. The batcher calls this once, outside its lock. */
  void deliver(R result, Throwable failure) {
    future.deliver(result, failure);
  }

  /** A future that reports to the batcher when the caller completes it: by cancelling, by {@code orTimeout}, or with a value. */
  private final class Result extends CompletableFuture<R> {
    void deliver(R result, Throwable failure) {
      if (failure == null) {
        super.complete(result);
      } else {
        super.completeExceptionally(failure);
      }
    }

    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
      return abandoned(super.cancel(mayInterruptIfRunning));
    }

    @Override
    public boolean complete(R value) {
      return abandoned(super.complete(value));
    }

    @Override
    public boolean completeExceptionally(Throwable failure) {
      return abandoned(super.completeExceptionally(failure));
    }

    /** Completing a future that is derived from this one does not end the request. */
    @Override
    public <U> CompletableFuture<U> newIncompleteFuture() {
      return new CompletableFuture<>();
    }

    private boolean abandoned(boolean byThisCall) {
      if (byThisCall) {
        batcher.react((scheduler, effects) -> scheduler.abandoned(PendingRequest.this, effects));
      }
      return byThisCall;
    }
  }
}
