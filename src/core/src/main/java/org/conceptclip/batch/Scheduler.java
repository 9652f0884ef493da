package org.conceptclip.batch;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.conceptclip.batch.BatchListener.Outcome;
import org.conceptclip.batch.PendingRequest.State;

/**
 * What the batcher knows and decides: reactions to calls, alarms and ends of batches. Not thread-safe, without threads, clock or
 * waiting: {@link Batcher} calls it under its lock and carries out the {@link Effects} afterwards.
 *
 * <p>Every request leaves through {@link #end}, once; its caller is told through {@link #decide}, once, at its end or before it.
 */
final class Scheduler<K, P, R> {
  private final long maxWaitNanos;
  private final double batchesPerReplica;
  private final Batcher<K, P, R> batcher;
  private final Lanes<K, P, R> lanes;

  private final Shares shares = new Shares();
  private final Map<K, KindQueue<K, P, R>> queues = new LinkedHashMap<>();
  private final Set<PendingRequest<K, P, R>> preparing = new LinkedHashSet<>();
  /** Parts of batches that failed: they go before everything else, as what they wait for is only bad luck. */
  private final Deque<List<PendingRequest<K, P, R>>> retries = new ArrayDeque<>();
  /** Requests whose timeout may still end; they leave when a replica begins with them. */
  private final TreeSet<PendingRequest<K, P, R>> deadlines = new TreeSet<>();
  private int live;
  private long ended;
  /** A request was refused and nothing has ended since: waiting for more is in vain. */
  private boolean saturated;
  private boolean closing;
  private boolean hurried;
  private ReplicasLostException allLost;

  /** @param batcher is told by batches how they ended, and calls back here */
  Scheduler(BatcherOptions options, Batcher<K, P, R> batcher, Lanes<K, P, R> lanes) {
    this.batcher = batcher;
    this.maxWaitNanos = options.maxWait().toNanos();
    this.batchesPerReplica = 1 + options.queueBatches();
    this.lanes = lanes;
  }

  /**
   * Takes a request in, or refuses it.
   *
   * @throws BatcherClosedException if closing has begun
   * @throws ReplicasLostException if no replica is left
   */
  boolean admit(PendingRequest<K, P, R> request) {
    if (closing) {
      throw new BatcherClosedException("closed: no more requests are taken");
    }
    if (allLost != null) {
      throw allLost;
    }
    long limit = Shares.limit(batchesPerReplica * lanes.alive());
    if (!shares.admits(request.priority, request.caller, request.share, limit)) {
      saturated = true;
      return false;
    }
    shares.take(request.priority, request.caller, request.share);
    live++;
    if (request.deadlineNanos != PendingRequest.NEVER) {
      deadlines.add(request);
    }
    preparing.add(request);
    queues.computeIfAbsent(request.kind, kind -> new KindQueue<>(request.limits)).preparationBegan();
    return true;
  }

  void ready(PendingRequest<K, P, R> request, P payload, long now, Effects<K, P, R> effects) {
    preparationEnded(request);
    request.payload = payload;
    if (request.outcome != null) {
      end(request, request.outcome, null, null, now, effects);
      return;
    }
    request.readyNanos = now;
    request.state = State.READY;
    queues.get(request.kind).add(request);
  }

  void notPrepared(PendingRequest<K, P, R> request, Throwable failure, long now, Effects<K, P, R> effects) {
    preparationEnded(request);
    end(request, Outcome.FAILED, null, failure, now, effects);
  }

  private void preparationEnded(PendingRequest<K, P, R> request) {
    if (request.state != State.PREPARING || !preparing.remove(request)) {
      throw new IllegalStateException("request " + request.number + " is " + request.state + ": its preparation has ended before");
    }
    queues.get(request.kind).preparationEnded();
  }

  /** Its caller has ended the future. */
  void abandoned(PendingRequest<K, P, R> request, long now, Effects<K, P, R> effects) {
    switch (request.state) {
      case PREPARING -> decide(request, Outcome.CANCELLED, null, null, effects);
      case READY -> {
        queues.get(request.kind).remove(request);
        end(request, Outcome.CANCELLED, null, null, now, effects);
      }
      case BEGUN, ENDED -> { } // the device has it, or had it
    }
  }

  void done(RunningBatch<K, P, R> batch, List<R> results, long now, Effects<K, P, R> effects) {
    leave(batch, null, now, effects);
    for (int i = 0; i < results.size(); i++) {
      R result = results.get(i);
      Throwable failure = result != null ? null : new IllegalStateException(batch.station.replica.name() + " gave no result");
      end(batch.requests.get(i), failure == null ? Outcome.DONE : Outcome.FAILED, result, failure, now, effects);
    }
  }

  void failed(RunningBatch<K, P, R> batch, Throwable failure, long now, Effects<K, P, R> effects) {
    leave(batch, failure, now, effects);
    List<PendingRequest<K, P, R>> requests = batch.requests;
    int half = requests.size() / 2;
    if (half == 0 || allLost != null) {
      endAll(requests, Outcome.FAILED, failure, now, effects);
    } else if (hurried) {
      endAll(requests, Outcome.CLOSED, dropped(), now, effects);
    } else {
      retries.addFirst(requests.subList(half, requests.size()));
      retries.addFirst(requests.subList(0, half));
    }
  }

  void lost(RunningBatch<K, P, R> batch, Throwable failure, long now, Effects<K, P, R> effects) {
    leave(batch, failure, now, effects);
    if (lanes.lose(batch.station)) {
      effects.inform(told -> told.replicaLost(batch.station.replica.name(), failure));
    }
    for (PendingRequest<K, P, R> request : batch.requests.reversed()) {
      if (request.tookADeviceAlong || hurried || lanes.alive() == 0) {
        end(request, Outcome.FAILED, null, failure, now, effects);
      } else {
        // Alone: should it have been this one, it takes no other along.
        request.tookADeviceAlong = true;
        retries.addFirst(List.of(request));
      }
    }
    if (lanes.alive() == 0 && allLost == null) {
      allLost = new ReplicasLostException("no replica is left: " + failure.getMessage(), failure);
      dropWaiting(Outcome.FAILED, allLost, now, effects);
    }
  }

  private void leave(RunningBatch<K, P, R> batch, Throwable failureOrNull, long now, Effects<K, P, R> effects) {
    lanes.end(batch.station, batch.cost());
    BatchReport<K> report = new BatchReport<>(batch.station.replica.name(), batch.kind(), batch.requests.size(), batch.cost(),
        batch.requests.getFirst().limits.maxCost(), batch.oldestWaitNanos, now - batch.begunNanos, batch.retry, failureOrNull);
    effects.inform(told -> told.batchEnded(report));
  }

  /** No more requests; batches begin without waiting for more. */
  void beginClose() {
    closing = true;
  }

  /** Ends what no replica has begun. */
  void hurry(long now, Effects<K, P, R> effects) {
    hurried = true;
    dropWaiting(Outcome.CLOSED, dropped(), now, effects);
  }

  private static BatcherClosedException dropped() {
    return new BatcherClosedException("closed in a hurry before a device began with the request");
  }

  /** Everything that no replica has ends; requests in preparation are told now, and end with it. */
  private void dropWaiting(Outcome outcome, RuntimeException failure, long now, Effects<K, P, R> effects) {
    for (KindQueue<K, P, R> queue : List.copyOf(queues.values())) {
      for (PendingRequest<K, P, R> request : queue.all()) {
        queue.remove(request);
        end(request, outcome, null, failure, now, effects);
      }
    }
    while (!retries.isEmpty()) {
      endAll(retries.removeFirst(), outcome, failure, now, effects);
    }
    preparing.forEach(request -> decide(request, outcome, null, failure, effects));
  }

  private void endAll(
      List<PendingRequest<K, P, R>> requests, Outcome outcome, Throwable failure, long now, Effects<K, P, R> effects) {
    requests.forEach(request -> end(request, outcome, null, failure, now, effects));
  }

  /** What the caller is told; the first decision counts. */
  private void decide(PendingRequest<K, P, R> request, Outcome outcome, R result, Throwable failure, Effects<K, P, R> effects) {
    if (request.outcome == null) {
      request.outcome = outcome;
      deadlines.remove(request);
      effects.tell(request, result, failure);
    }
  }

  /** The request leaves; it must be in no queue. */
  private void end(
      PendingRequest<K, P, R> request, Outcome outcome, R result, Throwable failure, long now, Effects<K, P, R> effects) {
    decide(request, request.isOver() ? Outcome.CANCELLED : outcome, result, failure, effects);
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
    effects.inform(told -> told.ended(request.kind, request.priority, request.outcome, waitNanos, now - request.admittedNanos));
  }

  /** Kinds come and go: each set of classes that images are scored against is one. */
  private void forgetIfUnused(K kind) {
    KindQueue<K, P, R> queue = queues.get(kind);
    if (queue != null && queue.isUnused()) {
      queues.remove(kind);
    }
  }

  /** Ends what has expired and begins every batch that can begin. */
  void step(long now, Effects<K, P, R> effects) {
    while (!deadlines.isEmpty() && deadlines.first().deadlineNanos <= now) {
      expire(deadlines.removeFirst(), now, effects);
    }
    while (lanes.haveRoom()) {
      if (!retries.isEmpty()) {
        begin(retries.removeFirst(), true, now, effects);
        continue;
      }
      KindQueue<K, P, R> queue = next(now);
      if (queue == null) {
        break;
      }
      begin(queue.take(), false, now, effects);
    }
  }

  private void expire(PendingRequest<K, P, R> request, long now, Effects<K, P, R> effects) {
    DeadlineExceededException failure = new DeadlineExceededException("timeout ended before a device began with the request");
    if (request.state == State.READY) {
      queues.get(request.kind).remove(request);
      end(request, Outcome.EXPIRED, null, failure, now, effects);
    } else {
      decide(request, Outcome.EXPIRED, null, failure, effects);
    }
  }

  /** The queue that the next batch comes from; {@code null} when none is due. */
  private KindQueue<K, P, R> next(long now) {
    // On a device that computes, another lane's batch is only got ready. Begun before it is full it would gain nothing, and stay small.
    long patienceNanos = lanes.haveIdle() ? maxWaitNanos : PendingRequest.NEVER;
    KindQueue<K, P, R> due = null;
    for (KindQueue<K, P, R> queue : queues.values()) {
      if (queue.isDue(now, patienceNanos, closing || saturated) && (due == null || goesBefore(queue, due))) {
        due = queue;
      }
    }
    if (due == null) {
      return null;
    }
    // A lane is about to be taken: what is more urgent gains nothing from waiting for company.
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

  /** Gives requests that are in no queue to a replica, but for those that nobody wants any more. */
  private void begin(List<PendingRequest<K, P, R>> requests, boolean retry, long now, Effects<K, P, R> effects) {
    List<PendingRequest<K, P, R>> wanted = new ArrayList<>(requests.size());
    for (PendingRequest<K, P, R> request : requests) {
      if (request.isOver()) {
        end(request, Outcome.CANCELLED, null, null, now, effects);
        continue;
      }
      request.state = State.BEGUN;
      request.begunNanos = now;
      deadlines.remove(request);
      wanted.add(request);
    }
    if (!wanted.isEmpty()) {
      forgetIfUnused(wanted.getFirst().kind);
      RunningBatch<K, P, R> batch = new RunningBatch<>(batcher, lanes.leastLoaded().orElseThrow(), wanted, retry, now);
      lanes.begin(batch.station, batch.cost());
      effects.begin(batch);
    }
  }

  /** When to call {@link #step} again if nothing else happens; {@link PendingRequest#NEVER} when there is no need. */
  long nextAlarmNanos() {
    long next = deadlines.isEmpty() ? PendingRequest.NEVER : deadlines.first().deadlineNanos;
    if (lanes.haveIdle()) {
      for (KindQueue<K, P, R> queue : queues.values()) {
        if (!queue.isEmpty()) {
          next = Math.min(next, queue.oldestReadyNanos() + maxWaitNanos);
        }
      }
    }
    return next;
  }

  /** Requests that have ended so far: where this has not changed, there is no more room than before. */
  long ended() {
    return ended;
  }

  /** Requests that have not ended. */
  int live() {
    return live;
  }

  /** Whether waiting for room is in vain. */
  boolean isOver() {
    return closing || allLost != null;
  }

  BatcherSnapshot snapshot() {
    int ready = queues.values().stream().mapToInt(KindQueue::ready).sum();
    return new BatcherSnapshot(preparing.size(), ready, live - preparing.size() - ready, shares.total(), lanes.busy(), lanes.alive());
  }
}
