package org.conceptclip.batch;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.conceptclip.batch.BatchListener.Ending;
import org.conceptclip.batch.PendingRequest.State;

/**
 * The state and the decisions of a batcher: it reacts to calls, alarms and ends of batches. Not thread-safe. It has no threads and no
 * clock, and never waits: {@link Batcher} calls it under its lock and carries out the {@link Effects} afterwards.
 *
 * <p>Every request leaves through {@link #end}, once. Its outcome is delivered through {@link #decide}, once, at its end or earlier.
 */
final class Scheduler<K, P, R> {
  private final long maxWaitNanos;
  final double batchesPerReplica;
  private final Batcher<K, P, R> batcher;
  private final Stations<K, P, R> stations;

  private final Shares shares = new Shares();
  private final Map<K, KindQueue<K, P, R>> queues = new LinkedHashMap<>();
  private final Set<PendingRequest<K, P, R>> preparing = new LinkedHashSet<>();
  /** Parts of batches that failed. They start before everything else, because their requests have waited for a batch already. */
  private final Deque<List<PendingRequest<K, P, R>>> retries = new ArrayDeque<>();
  /** Requests with a timeout that no replica has started. */
  private final TreeSet<PendingRequest<K, P, R>> deadlines = new TreeSet<>(
      Comparator.<PendingRequest<K, P, R>>comparingLong(request -> request.deadlineNanos).thenComparingLong(request -> request.number));
  private long nextNumber;
  private int live;
  private long ended;
  /** True if a request was rejected and none has ended since: no further request can be admitted, so a batch need not wait for one. */
  private boolean saturated;
  private boolean closing;
  private boolean hurried;
  private ReplicasLostException allLost;

  /** @param batcher receives the ends of batches and passes them on to this scheduler */
  Scheduler(BatcherOptions options, Batcher<K, P, R> batcher, Stations<K, P, R> stations) {
    this.batcher = batcher;
    this.maxWaitNanos = options.maxWait().toNanos();
    this.batchesPerReplica = 1 + options.queueBatches();
    this.stations = stations;
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
    if (allLost != null) {
      throw allLost;
    }
    long limit = Shares.limit(batchesPerReplica * stations.alive());
    if (!shares.admits(request.priority, request.caller, request.share, limit)) {
      saturated = true;
      return false;
    }
    request.number = nextNumber++;
    request.admittedNanos = nowNanos;
    shares.take(request.priority, request.caller, request.share);
    live++;
    if (request.deadlineNanos != PendingRequest.NEVER) {
      deadlines.add(request);
    }
    preparing.add(request);
    queues.computeIfAbsent(request.kind, kind -> new KindQueue<>(request.limits)).preparationBegan();
    return true;
  }

  void ready(PendingRequest<K, P, R> request, P payload, Effects<K, P, R> effects) {
    preparationEnded(request);
    request.payload = payload;
    if (request.ending != null) {
      end(request, request.ending, null, null, effects);
      return;
    }
    request.readyNanos = effects.nowNanos;
    request.state = State.READY;
    queues.get(request.kind).add(request);
  }

  void notPrepared(PendingRequest<K, P, R> request, Throwable failure, Effects<K, P, R> effects) {
    preparationEnded(request);
    end(request, Ending.FAILED, null, failure, effects);
  }

  private void preparationEnded(PendingRequest<K, P, R> request) {
    if (request.state != State.PREPARING || !preparing.remove(request)) {
      throw new IllegalStateException("request " + request.number + " is " + request.state + ": its preparation has already ended");
    }
    queues.get(request.kind).preparationEnded();
  }

  /** The caller has completed or cancelled the future. */
  void abandoned(PendingRequest<K, P, R> request, Effects<K, P, R> effects) {
    withdraw(request, Ending.CANCELLED, null, effects);
  }

  /** Ends a request that no replica has started. One in preparation gets its outcome now, and ends when its preparation does. */
  private void withdraw(PendingRequest<K, P, R> request, Ending ending, Throwable failureOrNull, Effects<K, P, R> effects) {
    switch (request.state) {
      case PREPARING -> decide(request, ending, null, failureOrNull, effects);
      case READY -> {
        queues.get(request.kind).remove(request);
        end(request, ending, null, failureOrNull, effects);
      }
      case BEGUN, ENDED -> { } // a device computes it, or has computed it
    }
  }

  void done(Batch<K, P, R> batch, List<R> results, Effects<K, P, R> effects) {
    leave(batch, null, effects);
    for (int i = 0; i < results.size(); i++) {
      R result = results.get(i);
      Throwable failure = result != null ? null : new IllegalStateException(batch.station.replica.name() + " gave no result");
      end(batch.requests.get(i), failure == null ? Ending.DONE : Ending.FAILED, result, failure, effects);
    }
  }

  void failed(Batch<K, P, R> batch, Throwable failure, Effects<K, P, R> effects) {
    leave(batch, failure, effects);
    List<PendingRequest<K, P, R>> requests = batch.requests;
    int half = requests.size() / 2;
    if (half == 0 || allLost != null) {
      endAll(requests, Ending.FAILED, failure, effects);
    } else if (hurried) {
      endAll(requests, Ending.CLOSED, dropped(), effects);
    } else {
      retries.addFirst(requests.subList(half, requests.size()));
      retries.addFirst(requests.subList(0, half));
    }
  }

  void lost(Batch<K, P, R> batch, Throwable failure, Effects<K, P, R> effects) {
    leave(batch, failure, effects);
    if (stations.lose(batch.station)) {
      effects.inform(listener -> listener.replicaLost(batch.station.replica.name(), failure));
    }
    for (PendingRequest<K, P, R> request : batch.requests.reversed()) {
      if (request.lostADevice || hurried || stations.alive() == 0) {
        end(request, Ending.FAILED, null, failure, effects);
      } else {
        // Alone: if this request made the device fail, no other request fails with it the second time.
        request.lostADevice = true;
        retries.addFirst(List.of(request));
      }
    }
    if (stations.alive() == 0 && allLost == null) {
      allLost = new ReplicasLostException("no replica is left: " + failure.getMessage(), failure);
      dropWaiting(Ending.FAILED, allLost, effects);
    }
  }

  private void leave(Batch<K, P, R> batch, Throwable failureOrNull, Effects<K, P, R> effects) {
    stations.end(batch.station, batch.cost());
    BatchReport<K> report = new BatchReport<>(batch.station.replica.name(), batch.kind(), batch.requests.size(), batch.cost(),
        batch.requests.getFirst().limits.maxCost(), batch.oldestWaitNanos(), effects.nowNanos - batch.begunNanos, batch.retry,
        failureOrNull);
    effects.inform(listener -> listener.batchEnded(report));
  }

  /** Stops admitting requests; batches no longer wait until they are full. */
  void beginClose() {
    closing = true;
  }

  /** Ends the requests that no replica has started. */
  void hurry(Effects<K, P, R> effects) {
    hurried = true;
    dropWaiting(Ending.CLOSED, dropped(), effects);
  }

  private static BatcherClosedException dropped() {
    return new BatcherClosedException("closed before a device started the request");
  }

  /** Ends the requests that are in no batch. */
  private void dropWaiting(Ending ending, RuntimeException failure, Effects<K, P, R> effects) {
    for (KindQueue<K, P, R> queue : List.copyOf(queues.values())) {
      queue.all().forEach(request -> withdraw(request, ending, failure, effects));
    }
    while (!retries.isEmpty()) {
      endAll(retries.removeFirst(), ending, failure, effects);
    }
    preparing.forEach(request -> withdraw(request, ending, failure, effects));
  }

  private void endAll(List<PendingRequest<K, P, R>> requests, Ending ending, Throwable failure, Effects<K, P, R> effects) {
    requests.forEach(request -> end(request, ending, null, failure, effects));
  }

  /** Decides how a request ends and has that delivered to its caller. Only the first decision counts. */
  private void decide(PendingRequest<K, P, R> request, Ending ending, R result, Throwable failure, Effects<K, P, R> effects) {
    if (request.ending == null) {
      request.ending = ending;
      deadlines.remove(request);
      effects.deliver(request, result, failure);
    }
  }

  /** Ends a request, which must be in no queue. */
  private void end(PendingRequest<K, P, R> request, Ending ending, R result, Throwable failure, Effects<K, P, R> effects) {
    decide(request, request.isOver() ? Ending.CANCELLED : ending, result, failure, effects);
    request.state = State.ENDED;
    shares.giveBack(request.priority, request.caller, request.share);
    live--;
    ended++;
    saturated = false;
    if (request.payload != null) {
      effects.release(request.payload);
      request.payload = null;
    }
    forgetIfUnused(request.kind);
    long waitNanos = request.begunNanos == PendingRequest.NEVER ? 0 : request.begunNanos - request.readyNanos;
    long totalNanos = effects.nowNanos - request.admittedNanos;
    effects.inform(listener -> listener.ended(request.kind, request.priority, request.ending, waitNanos, totalNanos));
  }

  /** Unused queues are removed, because each set of classes that images are scored against is a kind of its own. */
  private void forgetIfUnused(K kind) {
    KindQueue<K, P, R> queue = queues.get(kind);
    if (queue != null && queue.isUnused()) {
      queues.remove(kind);
    }
  }

  /** Ends the requests that have expired and starts every batch that can start. */
  void step(Effects<K, P, R> effects) {
    while (!deadlines.isEmpty() && deadlines.first().deadlineNanos <= effects.nowNanos) {
      DeadlineExceededException failure = new DeadlineExceededException("timeout ended before a device started the request");
      withdraw(deadlines.removeFirst(), Ending.EXPIRED, failure, effects);
    }
    while (stations.haveRoom()) {
      if (!retries.isEmpty()) {
        begin(retries.removeFirst(), true, effects);
        continue;
      }
      KindQueue<K, P, R> queue = next(effects.nowNanos);
      if (queue == null) {
        break;
      }
      begin(queue.take(), false, effects);
    }
  }

  /** The queue of the next batch; {@code null} if no batch is due. */
  private KindQueue<K, P, R> next(long nowNanos) {
    // While a device computes, a batch on its other lane cannot compute yet. Starting it before it is full would only keep it small.
    long patienceNanos = stations.haveIdle() ? maxWaitNanos : PendingRequest.NEVER;
    KindQueue<K, P, R> due = null;
    for (KindQueue<K, P, R> queue : queues.values()) {
      if (queue.isDue(nowNanos, patienceNanos, closing || saturated) && (due == null || goesBefore(queue, due))) {
        due = queue;
      }
    }
    if (due == null) {
      return null;
    }
    // A lane is about to be taken, so a more urgent request gains nothing by waiting for a fuller batch.
    KindQueue<K, P, R> first = due;
    for (KindQueue<K, P, R> queue : queues.values()) {
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
  private void begin(List<PendingRequest<K, P, R>> requests, boolean retry, Effects<K, P, R> effects) {
    List<PendingRequest<K, P, R>> wanted = new ArrayList<>(requests.size());
    for (PendingRequest<K, P, R> request : requests) {
      if (request.isOver()) {
        end(request, Ending.CANCELLED, null, null, effects);
        continue;
      }
      request.state = State.BEGUN;
      request.begunNanos = effects.nowNanos;
      deadlines.remove(request);
      wanted.add(request);
    }
    if (!wanted.isEmpty()) {
      forgetIfUnused(wanted.getFirst().kind);
      Batch<K, P, R> batch = new Batch<>(batcher, stations.leastLoaded().orElseThrow(), wanted, retry, effects.nowNanos);
      stations.begin(batch.station, batch.cost());
      effects.begin(batch);
    }
  }

  /** The time at which {@link #step} must be called if nothing else happens before; {@link PendingRequest#NEVER} if there is none. */
  long nextAlarmNanos() {
    long next = deadlines.isEmpty() ? PendingRequest.NEVER : deadlines.first().deadlineNanos;
    if (stations.haveIdle()) {
      for (KindQueue<K, P, R> queue : queues.values()) {
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
    return closing || allLost != null;
  }

  BatcherSnapshot snapshot() {
    int ready = queues.values().stream().mapToInt(KindQueue::ready).sum();
    return new BatcherSnapshot(preparing.size(), ready, live - preparing.size() - ready, shares.total(), stations.busy(), stations.alive());
  }
}
