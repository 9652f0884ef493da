package org.conceptclip.batch;

import org.conceptclip.batch.BatchListener.Ending;
import org.conceptclip.batch.PendingRequest.State;
import org.conceptclip.util.Nanos;

/**
 * The state and the decisions of a batcher: it reacts to calls, alarms and ends of batches. Not thread-safe. It has no threads and no
 * clock, and never waits: {@link Batcher} calls it under its lock and carries out the {@link Effects} afterwards.
 *
 * <p>Every request leaves through {@link #end}, once. Its outcome is delivered through {@link #decide}, once, at its end or earlier.
 *
 * <p>Memory may be short at any moment. So whatever ends a request or a batch allocates nothing. The two methods that allocate, {@link
 * #admit} and {@link #step}, do so before each change that they make: when an allocation fails, nothing is half done. An admission that
 * fails has changed nothing; a step that fails is taken again.
 */
final class Scheduler<K, P, R> {
  /** Loaded before it is needed: {@code instanceof} would load the class in the midst of a request's end, where memory may be short. */
  private static final Class<?> CLOSED = BatcherClosedException.class;

  private final long maxWaitNanos;
  final double batchesPerReplica;
  private final Batcher<K, P, R> batcher;
  private final Stations<K, P, R> stations;
  private final Effects<K, P, R> effects;

  private final Shares shares = new Shares();
  private final KindQueues<K, P, R> queues = new KindQueues<>();
  private final Chain<K, P, R> preparing = new Chain<>();
  /**
   * Parts of batches that failed, one behind the other. They start before everything else, because their requests have waited for a batch
   * already.
   */
  private final Chain<K, P, R> retries = new Chain<>();
  /** Requests with a timeout that no replica has started. */
  private final Heap<PendingRequest<K, P, R>> deadlines = new Heap<>();
  private long nextNumber;
  private int live;
  private long ended;
  /** True if a request was rejected and none has ended since: no further request can be admitted, so a batch need not wait for one. */
  private boolean saturated;
  private boolean closing;
  private boolean hurried;
  /** The failure that took the last replica; {@code null} while there is one. */
  private Throwable lastLoss;

  /**
   * Makes a scheduler.
   *
   * @param batcher receives the ends of batches and passes them on to this scheduler
   * @param effects receives what follows from each change
   */
  Scheduler(BatcherOptions options, Batcher<K, P, R> batcher, Stations<K, P, R> stations, Effects<K, P, R> effects) {
    this.batcher = batcher;
    this.maxWaitNanos = Nanos.of(options.maxWait());
    this.batchesPerReplica = 1 + options.queueBatches();
    this.stations = stations;
    this.effects = effects;
  }

  /**
   * Admits a request, or rejects it by returning false.
   *
   * @throws BatcherClosedException if closing has begun
   * @throws ReplicasLostException if no replica is left
   */
  boolean admit(PendingRequest<K, P, R> request, long nowNanos) {
    if (closing) {
      throw new BatcherClosedException("closed: no more requests are accepted");
    }
    if (lastLoss != null) {
      throw replicasLost();
    }
    long limit = Shares.limit(batchesPerReplica * stations.alive());
    if (!shares.admits(request.priority, request.caller, request.share, limit)) {
      saturated = true;
      return false;
    }
    reservePlaces(request);
    request.number = nextNumber++;
    request.admittedNanos = nowNanos;
    shares.take(request.holding, request.share);
    live++;
    if (request.deadlineNanos != PendingRequest.NEVER) {
      deadlines.add(request);
    }
    preparing.addLast(request);
    request.queue.preparationBegan();
    return true;
  }

  /** Allocates the places of a request that all later changes rely on. Changes nothing if that fails. */
  private void reservePlaces(PendingRequest<K, P, R> request) {
    try {
      deadlines.reserve(deadlines.size() + 1);
      request.holding = shares.holding(request.priority, request.caller);
      request.queue = queues.of(request.kind, request.limits);
      request.queue.join(request);
    } catch (Throwable shortage) {
      if (request.holding != null) {
        shares.forgetIfUnused(request.holding);
      }
      if (request.queue != null) {
        queues.forgetIfUnused(request.queue);
      }
      throw shortage;
    }
  }

  void ready(PendingRequest<K, P, R> request, P payload, long nowNanos) {
    preparationEnded(request);
    request.payload = payload;
    if (request.ending != null) {
      request.queue.leave(request);
      end(request, request.ending, null, null, nowNanos);
      return;
    }
    request.readyNanos = nowNanos;
    request.state = State.READY;
    request.queue.add(request);
  }

  void notPrepared(PendingRequest<K, P, R> request, Throwable failure, long nowNanos) {
    preparationEnded(request);
    request.queue.leave(request);
    end(request, CLOSED.isInstance(failure) ? Ending.CLOSED : Ending.FAILED, null, failure, nowNanos);
  }

  private void preparationEnded(PendingRequest<K, P, R> request) {
    if (request.state != State.PREPARING) {
      throw new IllegalStateException("request " + request.number + " is " + request.state + ": its preparation has already ended");
    }
    preparing.remove(request);
    request.queue.preparationEnded();
  }

  /** Ends a request that no replica has started. One in preparation gets its outcome now, and ends when its preparation does. */
  void withdraw(PendingRequest<K, P, R> request, Ending ending, Throwable failureOrNull, long nowNanos) {
    if (request.state == State.PREPARING) {
      decide(request, ending, null, failureOrNull);
    } else if (request.state == State.READY) {
      request.queue.remove(request);
      end(request, ending, null, failureOrNull, nowNanos);
    }
    // Otherwise a device computes it, or has computed it.
  }

  /** @param missing the failure of requests without a result; {@code null} if there is none */
  void done(Batch<K, P, R> batch, R[] results, Throwable missing, long nowNanos) {
    leave(batch, null, nowNanos);
    for (int i = 0; i < results.length; i++) {
      boolean answered = results[i] != null;
      end(batch.request(i), answered ? Ending.DONE : Ending.FAILED, results[i], answered ? null : missing, nowNanos);
    }
  }

  void failed(Batch<K, P, R> batch, Throwable failure, long nowNanos) {
    leave(batch, failure, nowNanos);
    int half = batch.size() / 2;
    if (half == 0 || lastLoss != null) {
      for (int i = 0; i < batch.size(); i++) {
        end(batch.request(i), Ending.FAILED, null, failure, nowNanos);
      }
      return;
    }
    for (int i = batch.size() - 1; i >= 0; i--) {
      retryFirst(batch.request(i), i == batch.size() - 1 || i == half - 1);
    }
  }

  void lost(Batch<K, P, R> batch, Throwable failure, long nowNanos) {
    leave(batch, failure, nowNanos);
    batch.lostTheReplica = stations.lose(batch.station);
    for (int i = batch.size() - 1; i >= 0; i--) {
      PendingRequest<K, P, R> request = batch.request(i);
      if (request.lostADevice || hurried || stations.alive() == 0) {
        end(request, Ending.FAILED, null, failure, nowNanos);
      } else {
        // Alone: if this request made the device fail, no other request fails with it the second time.
        request.lostADevice = true;
        retryFirst(request, true);
      }
    }
    if (stations.alive() == 0 && lastLoss == null) {
      lastLoss = failure;
    }
  }

  private void retryFirst(PendingRequest<K, P, R> request, boolean endsPart) {
    request.endsPart = endsPart;
    retries.addFirst(request);
  }

  private void leave(Batch<K, P, R> batch, Throwable failureOrNull, long nowNanos) {
    stations.end(batch.station, batch.cost());
    batch.endedNanos = nowNanos;
    batch.failureOrNull = failureOrNull;
    effects.ended(batch);
  }

  /** Stops admitting requests; batches no longer wait until they are full. */
  void beginClose() {
    closing = true;
  }

  /** Has the next {@link #step} end the requests that no replica has started. */
  void hurry() {
    hurried = true;
  }

  private ReplicasLostException replicasLost() {
    return new ReplicasLostException("no replica is left: " + lastLoss.getMessage(), lastLoss);
  }

  /** Ends the requests that are in no batch. */
  private void dropWaiting(Ending ending, RuntimeException failure, long nowNanos) {
    // A queue that is removed because it is empty still knows the next one.
    for (KindQueue<K, P, R> queue = queues.first(); queue != null; queue = queue.newer) {
      while (!queue.isEmpty()) {
        withdraw(queue.oldest(), ending, failure, nowNanos);
      }
    }
    while (!retries.isEmpty()) {
      PendingRequest<K, P, R> request = retries.first();
      retries.remove(request);
      end(request, ending, null, failure, nowNanos);
    }
    for (PendingRequest<K, P, R> request = preparing.first(); request != null; request = request.newer) {
      withdraw(request, ending, failure, nowNanos);
    }
  }

  private boolean isAnyUndecided() {
    boolean undecided = !retries.isEmpty();
    for (KindQueue<K, P, R> queue = queues.first(); queue != null && !undecided; queue = queue.newer) {
      undecided = !queue.isEmpty();
    }
    for (PendingRequest<K, P, R> request = preparing.first(); request != null && !undecided; request = request.newer) {
      undecided = request.ending == null;
    }
    return undecided;
  }

  /** Decides how a request ends and has that delivered to its caller. Only the first decision counts. */
  private void decide(PendingRequest<K, P, R> request, Ending ending, R result, Throwable failure) {
    if (request.ending == null) {
      deadlines.remove(request);
      request.decide(ending, result, failure);
      effects.outcome(request);
    }
  }

  /** Ends a request, which must be in no queue. */
  private void end(PendingRequest<K, P, R> request, Ending ending, R result, Throwable failure, long nowNanos) {
    decide(request, request.isTold() ? Ending.CANCELLED : ending, result, failure);
    request.state = State.ENDED;
    request.endedNanos = nowNanos;
    shares.giveBack(request.holding, request.share);
    live--;
    ended++;
    saturated = false;
    queues.forgetIfUnused(request.queue);
    // Whoever keeps the future keeps the request, but must not keep these.
    request.queue = null;
    request.holding = null;
    effects.ended(request);
  }

  /**
   * Ends the requests that have expired and starts every batch that can start. If it fails for lack of memory, it has done a part of that,
   * and goes on with the rest when it is called again.
   */
  void step(long nowNanos) {
    while (!deadlines.isEmpty() && deadlines.first().deadlineNanos <= nowNanos) {
      DeadlineExceededException failure = new DeadlineExceededException("timeout ended before a device started the request");
      withdraw(deadlines.first(), Ending.EXPIRED, failure, nowNanos);
    }
    if ((hurried || lastLoss != null) && isAnyUndecided()) {
      if (lastLoss != null) {
        dropWaiting(Ending.FAILED, replicasLost(), nowNanos);
      } else {
        dropWaiting(Ending.CLOSED, new BatcherClosedException("closed before a device started the request"), nowNanos);
      }
    }
    Stations.Station<K, P, R> station = stations.leastLoaded();
    while (station != null) {
      KindQueue<K, P, R> queue = retries.isEmpty() ? next(nowNanos) : null;
      if (retries.isEmpty() && queue == null) {
        break;
      }
      Batch<K, P, R> batch = new Batch<>(batcher, station, queue == null ? partSize() : queue.mostTaken(), queue == null);
      if (queue == null) {
        takePart(batch);
      } else {
        queue.take(batch);
      }
      begin(batch, nowNanos);
      station = stations.leastLoaded();
    }
  }

  /** Number of requests in the first part to be tried again. */
  private int partSize() {
    int size = 1;
    for (PendingRequest<K, P, R> request = retries.first(); !request.endsPart; request = request.newer) {
      size++;
    }
    return size;
  }

  private void takePart(Batch<K, P, R> batch) {
    PendingRequest<K, P, R> request;
    do {
      request = retries.first();
      retries.remove(request);
      batch.add(request);
    } while (!request.endsPart);
  }

  /** The queue of the next batch; {@code null} if no batch is due. */
  private KindQueue<K, P, R> next(long nowNanos) {
    // While a device computes, a batch on its other lane cannot compute yet. Starting it before it is full would only keep it small.
    long patienceNanos = stations.haveIdle() ? maxWaitNanos : PendingRequest.NEVER;
    KindQueue<K, P, R> due = null;
    for (KindQueue<K, P, R> queue = queues.first(); queue != null; queue = queue.newer) {
      if (queue.isDue(nowNanos, patienceNanos, closing || saturated) && (due == null || goesBefore(queue, due))) {
        due = queue;
      }
    }
    if (due == null) {
      return null;
    }
    // A lane is about to be taken, so a more urgent request gains nothing by waiting for a fuller batch.
    KindQueue<K, P, R> first = due;
    for (KindQueue<K, P, R> queue = queues.first(); queue != null; queue = queue.newer) {
      if (!queue.isEmpty() && queue.headPriority().compareTo(due.headPriority()) < 0 && goesBefore(queue, first)) {
        first = queue;
      }
    }
    return first;
  }

  private boolean goesBefore(KindQueue<K, P, R> queue, KindQueue<K, P, R> other) {
    int byPriority = queue.headPriority().compareTo(other.headPriority());
    return byPriority != 0 ? byPriority < 0 : queue.oldestReadyNanos() < other.oldestReadyNanos();
  }

  /** Starts a batch of requests that are in no queue. Cancelled ones are left out. */
  private void begin(Batch<K, P, R> batch, long nowNanos) {
    for (int i = batch.size() - 1; i >= 0; i--) {
      PendingRequest<K, P, R> request = batch.request(i);
      if (request.isTold()) {
        batch.remove(i);
        end(request, Ending.CANCELLED, null, null, nowNanos);
      } else {
        request.state = State.BEGUN;
        request.begunNanos = nowNanos;
        deadlines.remove(request);
      }
    }
    if (batch.size() > 0) {
      // Each set of classes that images are scored against is a kind of its own, so queues must not stay.
      queues.forgetIfUnused(batch.request(0).queue);
      batch.begin(nowNanos);
      stations.begin(batch.station, batch.cost());
      effects.begun(batch);
    }
  }

  /** The time at which {@link #step} must be called if nothing else happens before; {@link PendingRequest#NEVER} if there is none. */
  long nextAlarmNanos() {
    long next = deadlines.isEmpty() ? PendingRequest.NEVER : deadlines.first().deadlineNanos;
    if (stations.haveIdle()) {
      for (KindQueue<K, P, R> queue = queues.first(); queue != null; queue = queue.newer) {
        if (!queue.isEmpty()) {
          next = Math.min(next, queue.oldestReadyNanos() + maxWaitNanos);
        }
      }
    }
    return next;
  }

  /** Number of requests that have ended. While it does not change, no room becomes free. */
  long ended() {
    return ended;
  }

  /** Requests that have not ended. */
  int live() {
    return live;
  }

  /** Whether no request will be admitted any more. */
  boolean isOver() {
    return closing || lastLoss != null;
  }

  BatcherSnapshot snapshot() {
    int ready = queues.ready();
    return new BatcherSnapshot(preparing.size(), ready, live - preparing.size() - ready, shares.total(), stations.busy(), stations.alive());
  }
}
