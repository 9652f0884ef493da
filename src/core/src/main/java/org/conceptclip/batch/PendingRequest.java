package org.conceptclip.batch;

import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.conceptclip.util.Failures;
import org.conceptclip.util.Nanos;

/**
 * A request from its admission to its end. The batcher's lock guards all mutable fields, except the future, which the caller may complete
 * at any time, and those that say otherwise.
 *
 * <p>It is also its own place in every list that it can be in until its outcome is delivered. Whatever ends a request therefore allocates
 * nothing, and cannot fail for lack of memory.
 */
final class PendingRequest<K, P, R> extends FairQueue.Entry<PendingRequest<K, P, R>> implements Admission<P, R>, Runnable {
  /** The states of a request, in order. A request of a failed batch stays in BEGUN until its next batch, or its end. */
  enum State { PREPARING, READY, BEGUN, ENDED }

  static final long NEVER = Nanos.NEVER;

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
  KindQueue<K, P, R> queue;
  Shares.Holding holding;

  State state = State.PREPARING;
  P payload;
  long readyNanos;
  long begunNanos = NEVER;
  long endedNanos;
  boolean lostADevice;

  /** Neighbours in a {@link Chain}. */
  PendingRequest<K, P, R> older;
  PendingRequest<K, P, R> newer;
  /** Whether this is the last request of a part of a batch that is to be tried again. */
  boolean endsPart;
  /** The next one in a list of {@link Effects}: of requests that have ended, and of outcomes to deliver. */
  PendingRequest<K, P, R> nextEnded;
  PendingRequest<K, P, R> nextOutcome;

  /** How the request ends, once that is decided; {@code null} before. Read without the lock as well. */
  volatile BatchListener.Ending ending;
  private R result;
  private Throwable failure;

  /** The state of the list of outcomes that begins here, see {@link Deliveries}. */
  Deliveries.Place place = Deliveries.Place.NOWHERE;
  Thread deliverer;
  long foundNanos;
  PendingRequest<K, P, R> nextDelivery;
  /** The next outcome of this list to deliver; those of it for which memory did not suffice; and the number of those that are delivered. */
  PendingRequest<K, P, R> rest;
  PendingRequest<K, P, R> left;
  int delivered;

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
  String caller() {
    return caller;
  }

  @Override
  long cost() {
    return cost;
  }

  /** The place of requests by deadline. */
  @Override
  long rank() {
    return deadlineNanos;
  }

  @Override
  long number() {
    return number;
  }

  @Override
  public boolean isOver() {
    return ending != null || future.isDone();
  }

  @Override
  public boolean isOpen() {
    return batcher.isPreparing(this);
  }

  /** Whether the caller has completed or cancelled the future, or the outcome was delivered. */
  boolean isTold() {
    return future.isDone();
  }

  @Override
  public void ready(P prepared) {
    batcher.ready(this, Objects.requireNonNull(prepared, "payload"));
  }

  @Override
  public void fail(Throwable reason) {
    batcher.notPrepared(this, Objects.requireNonNull(reason, "failure"));
  }

  @Override
  public CompletableFuture<R> future() {
    return future;
  }

  /** Notes what to deliver. Called once. */
  void decide(BatchListener.Ending decided, R value, Throwable reason) {
    result = value;
    failure = reason;
    ending = decided;
  }

  /** Delivers the outcomes of the list that begins with this request. */
  @Override
  public void run() {
    batcher.deliver(this);
  }

  /**
   * Completes the future, unless the caller has already completed it. Called outside the lock. Returns false if memory did not suffice for
   * that; it must be called again then. Never throws.
   */
  boolean deliver() {
    while (true) {
      try {
        future.deliver(result, failure);
        break;
      } catch (Throwable shortage) {
        if (!future.isDone()) {
          return false;
        }
        // Of what callers attached, something could not be completed. Completing again goes on with the rest.
        if (!Failures.mayPass(shortage)) {
          Failures.report(shortage);
        }
      }
    }
    result = null;
    failure = null;
    return true;
  }

  /** A future that reports to the batcher when the caller completes it: by cancelling, by {@code orTimeout}, or with a value. */
  private final class Result extends CompletableFuture<R> {
    void deliver(R value, Throwable reason) {
      if (reason == null) {
        super.complete(value);
      } else {
        super.completeExceptionally(reason);
      }
    }

    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
      try {
        return super.cancel(mayInterruptIfRunning);
      } finally {
        abandoned();
      }
    }

    @Override
    public boolean complete(R value) {
      try {
        return super.complete(value);
      } finally {
        abandoned();
      }
    }

    @Override
    public boolean completeExceptionally(Throwable reason) {
      try {
        return super.completeExceptionally(reason);
      } finally {
        abandoned();
      }
    }

    /** Completing a future that is derived from this one does not end the request. */
    @Override
    public <U> CompletableFuture<U> newIncompleteFuture() {
      return new CompletableFuture<>();
    }

    /** Also after a failure: callbacks that did not get their memory have failed then, but the future may be completed. */
    private void abandoned() {
      if (ending == null && isDone()) {
        batcher.abandoned(PendingRequest.this);
      }
    }
  }
}
