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
 * Gathers requests of many callers to batches and gives them to replicas.
 *
 * <p>A request is admitted or refused at once ({@link Shares} says when), waits until its payload is there, and enters a batch of its
 * kind: higher priorities first, callers of one priority evenly by cost ({@link FairQueue}). A batch begins on the replica with least
 * to do as soon as one has room and the batch is full, or one is idle and the oldest request has waited for {@code maxWait}. Requests
 * of a higher priority than any due batch holds begin without waiting. A batch that fails is tried again in halves, so that what
 * cannot be computed fails alone. Every admitted request ends exactly once.
 *
 * <p>Thread-safe. All of its state changes under one lock, in {@link Scheduler}; it has no threads, so a simulation with a clock of its
 * own runs the very same code. Owns neither replicas nor clock nor executor.
 *
 * @param <K> kind of work, compared with {@code equals}
 * @param <P> what a request brings
 * @param <R> what it gets; never null
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
  /** Requests that were admitted and whose caller was not told how they ended. */
  private int untold;

  /** True on a thread that tells callers, where waiting for all of them to be told would not end. */
  private final ThreadLocal<Boolean> telling = ThreadLocal.withInitial(() -> false);

  /**
   * A batcher over replicas.
   *
   * @param limits of batches of a kind; always the same for equal kinds
   * @param completions runs what callers attached to their futures; must accept tasks until this is closed
   * @param release gets every payload once, when nobody reads it any more
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
    this.scheduler = new Scheduler<>(options, this, new Lanes<>(replicas));
  }

  /**
   * Promises a place.
   *
   * @param cost in tokens, at least 1
   * @throws OverloadedException if there is no room
   * @throws BatcherClosedException if closing has begun
   * @throws ReplicasLostException if no replica is left
   */
  public Admission<P, R> admit(K kind, int cost, RequestOptions options) {
    return admitOrRefuse(new Application<>(kind, limitsOf(kind, cost), cost, options, deadline(options)), null);
  }

  /** {@link #admit} and {@link Admission#ready} in one; a request that is refused leaves the payload to the caller. */
  public CompletableFuture<R> submit(K kind, int cost, RequestOptions options, P payload) {
    Objects.requireNonNull(payload, "payload");
    return admitOrRefuse(new Application<>(kind, limitsOf(kind, cost), cost, options, deadline(options)), payload).future();
  }

  /**
   * Waits for a place. Who waits is not queued: room goes to whoever comes first.
   *
   * @throws DeadlineExceededException if the request's timeout ends before there is room
   * @throws BatcherClosedException if closing has begun
   * @throws ReplicasLostException if no replica is left
   * @throws InterruptedException if this thread is interrupted as it waits
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

  /** What somebody wants. */
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
    throw new OverloadedException("overloaded: there is as much work of priority " + options.priority()
        + " and above as is done in time (" + batchesPerReplica + " batches a replica); this request was refused, try again later");
  }

  /** The request, or {@code null} when there is no room. */
  private PendingRequest<K, P, R> admit(Application<K> application, P payloadOrNull) {
    return change((now, effects) -> {
      PendingRequest<K, P, R> request = new PendingRequest<>(this, nextNumber++, application.kind(), application.limits(),
          application.cost(), application.options(), now, application.deadlineNanos());
      if (!scheduler.admit(request)) {
        return null;
      }
      untold++;
      effects.inform(told -> told.admitted(request.kind, request.priority, request.cost));
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

  /** Changes state under the lock, draws the conclusions, and lets the world know once the lock is free. */
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
      tell(effects);
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

  private void tell(Effects<K, P, R> effects) {
    if (effects.toTell() == 0) {
      return;
    }
    completions.execute(() -> {
      telling.set(true);
      try {
        effects.tell();
      } finally {
        telling.remove();
        told(effects.toTell());
      }
    });
  }

  private void told(int callers) {
    lock.lock();
    try {
      untold -= callers;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** What is here now. */
  public BatcherSnapshot snapshot() {
    lock.lock();
    try {
      return scheduler.snapshot();
    } finally {
      lock.unlock();
    }
  }

  /** Takes no more requests, and lets batches begin without waiting for more. Does not wait. */
  void beginClose() {
    react((now, effects) -> {
      scheduler.beginClose();
      changed.signalAll();
    });
  }

  /** Ends what no replica has begun with {@link BatcherClosedException}. Does not wait. */
  void hurry() {
    react(scheduler::hurry);
  }

  /** Whether every request that was admitted has ended and its caller was told. */
  boolean isDrained() {
    lock.lock();
    try {
      return scheduler.live() == 0 && untold == 0;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes no more requests and waits until every admitted one has ended. A thread that is interrupted meanwhile drops what has not
   * begun, waits for the batches on the devices, and stays interrupted. Closing again waits as well.
   *
   * @throws IllegalStateException from a callback of a request's future: it would wait for itself
   */
  @Override
  public void close() {
    if (telling.get()) {
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

  /** False when interrupted. */
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
