package org.conceptclip.batch;

import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.conceptclip.util.Failures;
import org.conceptclip.util.Nanos;

/**
 * Collects the requests of many callers into batches and gives the batches to replicas.
 *
 * <p>A request is admitted or rejected at once ({@link Shares} has the rule). It then waits until its payload is ready and enters a
 * batch of its kind: higher priorities first, callers of one priority evenly by cost ({@link FairQueue}). A batch starts on the least
 * loaded replica, either when a replica has room and the batch is full, or when a replica is idle and the oldest request has waited for
 * {@code maxWait}. Requests of a higher priority than any due batch start without waiting. A batch that fails is tried again in
 * halves, so that a request that cannot be computed fails alone. Every admitted request ends exactly once.
 *
 * <p>That also holds when memory runs out anywhere: then a call that submits may fail, and has changed nothing. What ends requests and
 * batches allocates nothing. What does need memory (to start a batch, to make an exception, to complete a future) is tried again, every
 * 10 milliseconds at least, until there is some.
 *
 * <p>Thread-safe. All state changes under one lock, in {@link Scheduler}. The batcher has no threads, so a simulation with its own
 * clock runs the same code. It does not own the replicas, the clock or the executor.
 *
 * @param <K> kind of work, compared with {@code equals}
 * @param <P> payload of a request
 * @param <R> result of a request; never null
 */
public final class Batcher<K, P, R> implements AutoCloseable {
  private static final long RETRY_NANOS = 10_000_000;

  private final Function<? super K, BatchLimits> limits;
  private final Timing timing;
  private final Timing.Alarm alarm;
  private final Callees<K, P, R> callees;
  private final Effects<K, P, R> effects = new Effects<>();
  private final Scheduler<K, P, R> scheduler;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private long seenEnded;
  /** Admitted requests whose outcome has not been delivered to their callers. */
  private int undelivered;
  private final Deliveries<K, P, R> deliveries = new Deliveries<>();

  /**
   * Makes a batcher over replicas.
   *
   * @param limits the batch limits of a kind; always the same for equal kinds
   * @param completions completes the callers' futures, and so runs what callers attached to them; must accept tasks until this is closed.
   *     A task that it rejects is offered again
   * @param release receives every payload once, when it is no longer read
   * @param listeners are called one after the other, in this order
   */
  public Batcher(
      BatcherOptions options,
      Function<? super K, BatchLimits> limits,
      List<? extends Replica<K, P, R>> replicas,
      Timing timing,
      Executor completions,
      Consumer<? super P> release,
      List<BatchListener<K>> listeners) {
    this.limits = limits;
    this.timing = timing;
    this.callees = new Callees<>(completions, release, listeners);
    this.scheduler = new Scheduler<>(options, this, new Stations<>(replicas), effects);
    this.alarm = timing.alarm(this::wake);
  }

  /**
   * Admits a request whose payload follows later.
   *
   * @param cost in tokens, at least 1
   * @throws OverloadedException if there is no room
   * @throws BatcherClosedException if closing has begun
   * @throws ReplicasLostException if no replica is left
   */
  public Admission<P, R> admit(K kind, int cost, RequestOptions options) {
    return admitOrRefuse(request(kind, cost, options), null);
  }

  /** Calls {@link #admit} and {@link Admission#ready} in one step. If the request is rejected, the payload stays with the caller. */
  public CompletableFuture<R> submit(K kind, int cost, RequestOptions options, P payload) {
    Objects.requireNonNull(payload, "payload");
    return admitOrRefuse(request(kind, cost, options), payload).future();
  }

  /**
   * Admits a request, and waits for room if there is none. Waiting callers are not served in the order of their calls.
   *
   * @throws DeadlineExceededException if the request's timeout ends before there is room
   * @throws BatcherClosedException if closing has begun
   * @throws ReplicasLostException if no replica is left
   * @throws InterruptedException if this thread is interrupted while it waits
   */
  public Admission<P, R> admitWhenRoom(K kind, int cost, RequestOptions options) throws InterruptedException {
    PendingRequest<K, P, R> request = request(kind, cost, options);
    long seen = -1;
    do {
      seen = awaitRoom(seen, request.deadlineNanos);
    } while (!admit(request, null));
    return request;
  }

  /** A request before its admission. */
  private PendingRequest<K, P, R> request(K kind, int cost, RequestOptions options) {
    if (cost < 1) {
      throw new IllegalArgumentException("cost is " + cost + " tokens, expected at least 1");
    }
    long deadlineNanos =
        options.timeout().map(timeout -> Nanos.after(timing.nanos(), Nanos.of(timeout))).orElse(PendingRequest.NEVER);
    return new PendingRequest<>(this, kind, limits.apply(kind), cost, options, deadlineNanos);
  }

  private PendingRequest<K, P, R> admitOrRefuse(PendingRequest<K, P, R> request, P payloadOrNull) {
    if (!admit(request, payloadOrNull)) {
      callees.refused(request);
      throw new OverloadedException("overloaded: the queue of priority " + request.priority + " and above is full ("
          + scheduler.batchesPerReplica + " batches per replica); the request was rejected, try again later");
    }
    return request;
  }

  /** Returns false when there is no room. */
  private boolean admit(PendingRequest<K, P, R> request, P payloadOrNull) {
    StackRoom.require();
    boolean admitted = false;
    lock.lock();
    try {
      long now = timing.nanos();
      admitted = scheduler.admit(request, now);
      if (admitted) {
        undelivered++;
        if (payloadOrNull != null) {
          scheduler.ready(request, payloadOrNull, now);
        }
      }
    } finally {
      leave(admitted ? request : null);
    }
    return admitted;
  }

  /** Waits until another number of requests than {@code seen} has ended, or none is admitted any more. Returns the number. */
  private long awaitRoom(long seen, long deadlineNanos) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (scheduler.ended() == seen && !scheduler.isOver()) {
        if (deadlineNanos == PendingRequest.NEVER) {
          changed.await();
        } else {
          long left = deadlineNanos - timing.nanos();
          if (left <= 0) {
            throw new DeadlineExceededException("timeout ended before there was room for the request");
          }
          changed.awaitNanos(left);
        }
      }
      return scheduler.ended();
    } finally {
      lock.unlock();
    }
  }

  void ready(PendingRequest<K, P, R> request, P payload) {
    lock.lock();
    try {
      scheduler.ready(request, payload, timing.nanos());
    } finally {
      leave(null);
    }
  }

  void notPrepared(PendingRequest<K, P, R> request, Throwable failure) {
    lock.lock();
    try {
      scheduler.notPrepared(request, failure, timing.nanos());
    } finally {
      leave(null);
    }
  }

  /** The caller has completed or cancelled the future. */
  void abandoned(PendingRequest<K, P, R> request) {
    StackRoom.require();
    lock.lock();
    try {
      scheduler.withdraw(request, BatchListener.Ending.CANCELLED, null, timing.nanos());
    } finally {
      leave(null);
    }
  }

  void done(Batch<K, P, R> batch, R[] results, Throwable missing) {
    lock.lock();
    try {
      scheduler.done(batch, results, missing, timing.nanos());
    } finally {
      leave(null);
    }
  }

  void failed(Batch<K, P, R> batch, Throwable failure) {
    lock.lock();
    try {
      scheduler.failed(batch, failure, timing.nanos());
    } finally {
      leave(null);
    }
  }

  void lost(Batch<K, P, R> batch, Throwable failure) {
    lock.lock();
    try {
      scheduler.lost(batch, failure, timing.nanos());
    } finally {
      leave(null);
    }
  }

  /** Looks whether something is due. */
  private void wake() {
    lock.lock();
    leave(null);
  }

  /**
   * Ends a change of state: starts the batches that became due, and releases the lock. Then calls replicas, listeners and callers. What
   * cannot be done for lack of memory stays noted, and is done after a later change. Never throws: the change has happened.
   *
   * @param admittedOrNull the request that was admitted
   */
  private void leave(PendingRequest<K, P, R> admittedOrNull) {
    Throwable broken = null;
    long now = timing.nanos();
    long wakeNanos;
    try {
      scheduler.step(now);
      wakeNanos = scheduler.nextAlarmNanos();
    } catch (Throwable failure) {
      wakeNanos = Nanos.after(now, RETRY_NANOS);
      broken = failure;
    }
    if (scheduler.ended() != seenEnded) {
      seenEnded = scheduler.ended();
      changed.signalAll();
    }
    Batch<K, P, R> begun = effects.takeBegun();
    Batch<K, P, R> endedBatches = effects.takeEndedBatches();
    PendingRequest<K, P, R> ended = effects.takeEnded();
    PendingRequest<K, P, R> outcomes = effects.takeOutcomes();
    PendingRequest<K, P, R> lost = deliveries.lost(now);
    if (outcomes != null) {
      deliveries.found(outcomes, now);
    }
    wakeNanos = Math.min(wakeNanos, deliveries.lookNanos());
    if (wakeNanos != Nanos.NEVER) {
      alarm.set(wakeNanos);
    }
    lock.unlock();
    if (broken != null && !Failures.mayPass(broken)) {
      Failures.report(broken);
    }
    // Replicas get their batches first, so that no device waits for the other calls.
    callees.start(begun);
    callees.release(ended);
    if (admittedOrNull != null) {
      callees.admitted(admittedOrNull);
    }
    Batch<K, P, R> untold = callees.tellEnded(endedBatches);
    callees.tellEnded(ended);
    callees.tellBegun(begun);
    if (untold != null) {
      again(untold, null);
    }
    handOver(outcomes);
    handOver(lost);
  }

  /** Gives a list of outcomes, if it is one, to the threads that deliver them. */
  private void handOver(PendingRequest<K, P, R> outcomes) {
    if (outcomes == null) {
      return;
    }
    boolean accepted = callees.handOver(outcomes);
    lock.lock();
    if (accepted) {
      deliveries.handedOver(outcomes);
    } else {
      deliveries.end(outcomes);
    }
    lock.unlock();
    if (!accepted) {
      again(null, outcomes);
    }
  }

  /** Notes once more what could not be done, for the next change or a few milliseconds later. */
  private void again(Batch<K, P, R> untold, PendingRequest<K, P, R> outcomes) {
    lock.lock();
    try {
      effects.giveBack(untold);
      effects.giveBack(outcomes);
      alarm.set(Nanos.after(timing.nanos(), RETRY_NANOS));
    } finally {
      lock.unlock();
    }
  }

  /**
   * Completes the futures of a list of requests, and so runs what callers attached to them. Never throws, but may be lost half way, see
   * {@link Deliveries}; called again, it goes on.
   */
  void deliver(PendingRequest<K, P, R> outcomes) {
    lock.lock();
    boolean begun = deliveries.begin(outcomes);
    lock.unlock();
    if (!begun) {
      return;
    }
    while (outcomes.rest != null) {
      PendingRequest<K, P, R> request = outcomes.rest;
      boolean told = request.deliver();
      outcomes.rest = request.nextOutcome;
      request.nextOutcome = null;
      if (told) {
        outcomes.delivered++;
      } else {
        request.nextOutcome = outcomes.left;
        outcomes.left = request;
      }
    }
    lock.lock();
    deliveries.end(outcomes);
    undelivered -= outcomes.delivered;
    outcomes.delivered = 0;
    PendingRequest<K, P, R> left = outcomes.left;
    outcomes.left = null;
    changed.signalAll();
    lock.unlock();
    if (left != null) {
      again(null, left);
    }
  }

  boolean isPreparing(PendingRequest<K, P, R> request) {
    lock.lock();
    try {
      return request.state == PendingRequest.State.PREPARING;
    } finally {
      lock.unlock();
    }
  }

  /** Counts of the present moment. */
  public BatcherSnapshot snapshot() {
    return locked(scheduler::snapshot);
  }

  /** Stops admitting requests; batches no longer wait until they are full. Returns at once. */
  void beginClose() {
    lock.lock();
    scheduler.beginClose();
    changed.signalAll();
    leave(null);
  }

  /** Ends all requests that no replica has started, with {@link BatcherClosedException}. Returns at once. */
  void hurry() {
    lock.lock();
    scheduler.hurry();
    leave(null);
  }

  /** Whether every admitted request has ended and its outcome was delivered. */
  boolean isDrained() {
    return locked(() -> scheduler.live() == 0 && undelivered == 0);
  }

  private <T> T locked(Supplier<T> read) {
    lock.lock();
    try {
      return read.get();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Stops admitting requests and waits until every admitted one has ended. If the calling thread is interrupted, requests that have
   * not started are dropped; the call still waits for the batches on the devices, and the thread's interrupt flag is set when it
   * returns. Closing again waits as well.
   *
   * @throws IllegalStateException if called from a callback of a request's future: it would wait for itself
   */
  @Override
  public void close() {
    close(Nanos.NEVER, () -> {});
  }

  /**
   * As {@link #close()}.
   *
   * @param impatient is called, once, if the call still waits after {@code patienceNanos}, or is interrupted
   */
  void close(long patienceNanos, Runnable impatient) {
    // A thread that is delivering outcomes would wait for itself if it waited until all outcomes are delivered.
    if (locked(deliveries::areOnThisThread)) {
      throw new IllegalStateException("closed from a callback of a request's future, which closing would wait for");
    }
    beginClose();
    boolean interrupted = false;
    long impatientNanos = Nanos.after(timing.nanos(), patienceNanos);
    while (true) {
      try {
        if (awaitDrained(impatientNanos)) {
          break;
        }
      } catch (InterruptedException e) {
        interrupted = true;
        hurry();
      }
      if (impatientNanos != Nanos.NEVER) {
        impatientNanos = Nanos.NEVER;
        impatient.run();
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Returns false if there are still requests at the given moment. */
  private boolean awaitDrained(long untilNanos) throws InterruptedException {
    lock.lock();
    try {
      while (scheduler.live() > 0 || undelivered > 0) {
        if (untilNanos == Nanos.NEVER) {
          changed.await();
        } else if (changed.awaitNanos(untilNanos - timing.nanos()) <= 0) {
          return false;
        }
      }
      return true;
    } finally {
      lock.unlock();
    }
  }
}
