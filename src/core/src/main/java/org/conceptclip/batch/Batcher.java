package org.conceptclip.batch;

import java.util.List;
import java.util.Objects;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Collects the requests of many callers into batches and gives the batches to replicas.
 *
 * <p>A request is admitted or rejected at once ({@link Shares} has the rule). It then waits until its payload is ready and enters a
 * batch of its kind: higher priorities first, callers of one priority evenly by cost ({@link FairQueue}). A batch starts on the least
 * loaded replica, either when a replica has room and the batch is full, or when a replica is idle and the oldest request has waited for
 * {@code maxWait}. Requests of a higher priority than any due batch start without waiting. A batch that fails is tried again in
 * halves, so that a request that cannot be computed fails alone. Every admitted request ends exactly once.
 *
 * <p>Thread-safe. All state changes under one lock, in {@link Scheduler}. The batcher has no threads, so a simulation with its own
 * clock runs the same code. It does not own the replicas, the clock or the executor.
 *
 * @param <K> kind of work, compared with {@code equals}
 * @param <P> payload of a request
 * @param <R> result of a request; never null
 */
public final class Batcher<K, P, R> implements AutoCloseable {
  private final Function<? super K, BatchLimits> limits;
  private final Timing timing;
  private final Executor completions;
  private final Consumer<? super P> release;
  private final List<BatchListener<K>> listeners;
  private final Scheduler<K, P, R> scheduler;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final TreeSet<Long> alarms = new TreeSet<>();
  private long seenEnded;
  /** Admitted requests whose outcome has not been delivered to their callers. */
  private int undelivered;

  /** True on a thread that is delivering outcomes: if it waited until all outcomes are delivered, it would wait for itself. */
  private final ThreadLocal<Boolean> delivering = ThreadLocal.withInitial(() -> false);

  /**
   * Makes a batcher over replicas.
   *
   * @param limits the batch limits of a kind; always the same for equal kinds
   * @param completions completes the callers' futures, and so runs what callers attached to them; must accept tasks until this is closed
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
    this.completions = completions;
    this.release = release;
    this.listeners = List.copyOf(listeners);
    this.scheduler = new Scheduler<>(options, this, new Stations<>(replicas));
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
    long deadlineNanos = options.timeout().map(timeout -> timing.nanos() + timeout.toNanos()).orElse(PendingRequest.NEVER);
    return new PendingRequest<>(this, kind, limits.apply(kind), cost, options, deadlineNanos);
  }

  private PendingRequest<K, P, R> admitOrRefuse(PendingRequest<K, P, R> request, P payloadOrNull) {
    if (!admit(request, payloadOrNull)) {
      listeners.forEach(listener -> listener.refused(request.kind, request.priority, request.cost));
      throw new OverloadedException("overloaded: the queue of priority " + request.priority + " and above is full ("
          + scheduler.batchesPerReplica + " batches per replica); the request was rejected, try again later");
    }
    return request;
  }

  /** Returns false when there is no room. */
  private boolean admit(PendingRequest<K, P, R> request, P payloadOrNull) {
    return change(effects -> {
      boolean admitted = scheduler.admit(request, effects.nowNanos);
      if (admitted) {
        undelivered++;
        effects.inform(listener -> listener.admitted(request.kind, request.priority, request.cost));
        if (payloadOrNull != null) {
          scheduler.ready(request, payloadOrNull, effects);
        }
      }
      return admitted;
    });
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

  /** Changes state without a result. */
  void react(BiConsumer<Scheduler<K, P, R>, Effects<K, P, R>> reaction) {
    change(effects -> {
      reaction.accept(scheduler, effects);
      return null;
    });
  }

  /** Changes state under the lock and starts the batches that became due. Listeners, replicas and callers are called without the lock. */
  private <T> T change(Function<Effects<K, P, R>, T> change) {
    Effects<K, P, R> effects;
    T result;
    lock.lock();
    try {
      effects = new Effects<>(timing.nanos());
      result = change.apply(effects);
      scheduler.step(effects);
      setAlarm();
      if (scheduler.ended() != seenEnded) {
        seenEnded = scheduler.ended();
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
    try {
      effects.run(listeners, release);
    } finally {
      deliver(effects);
    }
    return result;
  }

  private void setAlarm() {
    long at = scheduler.nextAlarmNanos();
    if (at != PendingRequest.NEVER && alarms.floor(at) == null) {
      alarms.add(at);
      timing.schedule(at, () -> react((scheduler, effects) -> alarms.remove(at)));
    }
  }

  private void deliver(Effects<K, P, R> effects) {
    if (effects.toDeliver() == 0) {
      return;
    }
    completions.execute(() -> {
      delivering.set(true);
      try {
        effects.deliver();
      } finally {
        delivering.remove();
        delivered(effects.toDeliver());
      }
    });
  }

  private void delivered(int callers) {
    lock.lock();
    try {
      undelivered -= callers;
      changed.signalAll();
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
    react((scheduler, effects) -> {
      scheduler.beginClose();
      changed.signalAll();
    });
  }

  /** Ends all requests that no replica has started, with {@link BatcherClosedException}. Returns at once. */
  void hurry() {
    react(Scheduler::hurry);
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
    if (delivering.get()) {
      throw new IllegalStateException("closed from a callback of a request's future, which closing would wait for");
    }
    beginClose();
    boolean interrupted = false;
    while (!awaitDrained()) {
      interrupted = true;
      hurry();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Returns false if the thread was interrupted. */
  private boolean awaitDrained() {
    lock.lock();
    try {
      while (!isDrained()) {
        changed.await();
      }
      return true;
    } catch (InterruptedException e) {
      return false;
    } finally {
      lock.unlock();
    }
  }
}
