package org.conceptclip.batch;

import java.util.List;
import java.util.Objects;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;

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
  private final double batchesPerReplica;
  private final Function<? super K, BatchLimits> limits;
  private final Timing timing;
  private final Executor completions;
  private final Consumer<? super P> release;
  private final BatchListener<K> listener;
  private final Scheduler<K, P, R> scheduler;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final TreeSet<Long> alarms = new TreeSet<>();
  private long nextNumber;
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
   */
  public Batcher(
      BatcherOptions options,
      Function<? super K, BatchLimits> limits,
      List<? extends Replica<K, P, R>> replicas,
      Timing timing,
      Executor completions,
      Consumer<? super P> release,
      BatchListener<K> listener) {
    this.batchesPerReplica = 1 + options.queueBatches();
    this.limits = limits;
    this.timing = timing;
    this.completions = completions;
    this.release = release;
    this.listener = listener;
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
    return admitOrRefuse(new Application<>(kind, limitsOf(kind, cost), cost, options, deadline(options)), null);
  }

  /** Calls {@link #admit} and {@link Admission#ready} in one step. If the request is rejected, the payload stays with the caller. */
  public CompletableFuture<R> submit(K kind, int cost, RequestOptions options, P payload) {
    Objects.requireNonNull(payload, "payload");
    return admitOrRefuse(new Application<>(kind, limitsOf(kind, cost), cost, options, deadline(options)), payload).future();
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
    Application<K> application = new Application<>(kind, limitsOf(kind, cost), cost, options, deadline(options));
    while (true) {
      long seen;
      lock.lockInterruptibly();
      try {
        seen = scheduler.ended();
      } finally {
        lock.unlock();
      }
      PendingRequest<K, P, R> request = admit(application, null);
      if (request != null) {
        return request;
      }
      awaitRoom(seen, application.deadlineNanos());
    }
  }

  /** A request before its admission. */
  private record Application<K>(K kind, BatchLimits limits, int cost, RequestOptions options, long deadlineNanos) {}

  private BatchLimits limitsOf(K kind, int cost) {
    if (cost < 1) {
      throw new IllegalArgumentException("cost is " + cost + " tokens, expected at least 1");
    }
    return limits.apply(kind);
  }

  private long deadline(RequestOptions options) {
    return options.timeout().map(timeout -> timing.nanos() + timeout.toNanos()).orElse(PendingRequest.NEVER);
  }

  private PendingRequest<K, P, R> admitOrRefuse(Application<K> application, P payloadOrNull) {
    PendingRequest<K, P, R> request = admit(application, payloadOrNull);
    if (request != null) {
      return request;
    }
    RequestOptions options = application.options();
    listener.refused(application.kind(), options.priority(), application.cost());
    throw new OverloadedException("overloaded: the queue of priority " + options.priority() + " and above is full ("
        + batchesPerReplica + " batches per replica); the request was rejected, try again later");
  }

  /** The request, or {@code null} when there is no room. */
  private PendingRequest<K, P, R> admit(Application<K> application, P payloadOrNull) {
    return change((now, effects) -> {
      PendingRequest<K, P, R> request = new PendingRequest<>(this, nextNumber++, application.kind(), application.limits(),
          application.cost(), application.options(), now, application.deadlineNanos());
      if (!scheduler.admit(request)) {
        return null;
      }
      undelivered++;
      effects.inform(listener -> listener.admitted(request.kind, request.priority, request.cost));
      if (payloadOrNull != null) {
        scheduler.ready(request, payloadOrNull, now, effects);
      }
      return request;
    });
  }

  private void awaitRoom(long seen, long deadlineNanos) throws InterruptedException {
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
    } finally {
      lock.unlock();
    }
  }

  void ready(PendingRequest<K, P, R> request, P payload) {
    react((now, effects) -> scheduler.ready(request, payload, now, effects));
  }

  void notPrepared(PendingRequest<K, P, R> request, Throwable failure) {
    react((now, effects) -> scheduler.notPrepared(request, failure, now, effects));
  }

  void abandoned(PendingRequest<K, P, R> request) {
    react((now, effects) -> scheduler.abandoned(request, now, effects));
  }

  void done(RunningBatch<K, P, R> batch, List<R> results) {
    react((now, effects) -> scheduler.done(batch, results, now, effects));
  }

  void failed(RunningBatch<K, P, R> batch, Throwable failure) {
    react((now, effects) -> scheduler.failed(batch, failure, now, effects));
  }

  void lost(RunningBatch<K, P, R> batch, Throwable failure) {
    react((now, effects) -> scheduler.lost(batch, failure, now, effects));
  }

  /** A change of state that has a result. */
  private interface Change<K, P, R, T> {
    T run(long nowNanos, Effects<K, P, R> effects);
  }

  /** A change of state. */
  private interface Reaction<K, P, R> {
    void run(long nowNanos, Effects<K, P, R> effects);
  }

  private void react(Reaction<K, P, R> reaction) {
    change((now, effects) -> {
      reaction.run(now, effects);
      return null;
    });
  }

  /** Changes state under the lock and starts the batches that became due. Listeners, replicas and callers are called without the lock. */
  private <T> T change(Change<K, P, R, T> change) {
    Effects<K, P, R> effects = new Effects<>();
    T result;
    lock.lock();
    try {
      long now = timing.nanos();
      result = change.run(now, effects);
      scheduler.step(now, effects);
      setAlarm();
      if (scheduler.ended() != seenEnded) {
        seenEnded = scheduler.ended();
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
    try {
      effects.run(listener, release);
    } finally {
      deliver(effects);
    }
    return result;
  }

  private void setAlarm() {
    long at = scheduler.nextAlarmNanos();
    if (at != PendingRequest.NEVER && alarms.floor(at) == null) {
      alarms.add(at);
      timing.schedule(at, () -> react((now, effects) -> alarms.remove(at)));
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
    lock.lock();
    try {
      return scheduler.snapshot();
    } finally {
      lock.unlock();
    }
  }

  /** Stops admitting requests; batches no longer wait until they are full. Returns at once. */
  void beginClose() {
    react((now, effects) -> {
      scheduler.beginClose();
      changed.signalAll();
    });
  }

  /** Ends all requests that no replica has started, with {@link BatcherClosedException}. Returns at once. */
  void hurry() {
    react(scheduler::hurry);
  }

  /** Whether every admitted request has ended and its outcome was delivered. */
  boolean isDrained() {
    lock.lock();
    try {
      return scheduler.live() == 0 && undelivered == 0;
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
