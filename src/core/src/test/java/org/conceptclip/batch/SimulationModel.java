package org.conceptclip.batch;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import org.conceptclip.batch.BatchListener.Ending;

/**
 * What must be true of a batcher, checked at every step against books kept here, from the outside: no request is lost, told twice or
 * answered with another's result; priorities and each caller's order are kept; batches, lanes and memory stay within their bounds;
 * nothing begins after its deadline or after it was cancelled; payloads are released once, and not while a replica reads them.
 */
final class SimulationModel implements BatchListener<SimulatedKind> {
  private final String schedule;
  private final VirtualTiming timing;
  private final Simulation.Setting setting;

  private final Map<SimulatedRequest, Entry> entries = new IdentityHashMap<>();
  private final Map<Integer, Entry> byId = new HashMap<>();
  private final Map<String, Integer> busyLanes = new HashMap<>();
  private final Set<String> lost = new HashSet<>();
  private final Map<Batch<?, ?, ?>, Boolean> running = new IdentityHashMap<>();
  private final Map<Ending, Integer> ended = new HashMap<>();
  private long busySince = -1;
  private long idleSince;
  private int turnedAway;
  private int listenerRefusals;
  private int refusals;
  private AssertionError violation;

  /** Our own view of a request. */
  private static final class Entry {
    final SimulatedRequest request;
    final CompletableFuture<Integer> future;
    long readyNanos = -1;
    int readyNumber;
    boolean preparationFailed;
    int begins;
    int readers;
    int releases;
    int told;
    Integer result;
    Throwable failure;

    Entry(SimulatedRequest request, CompletableFuture<Integer> future) {
      this.request = request;
      this.future = future;
    }
  }

  private int nextReady;

  SimulationModel(String schedule, VirtualTiming timing, Simulation.Setting setting) {
    this.schedule = schedule;
    this.timing = timing;
    this.setting = setting;
  }

  /** Notes a broken promise; the first counts. Thrown later: a batcher survives replicas and listeners that throw. */
  void check(boolean condition, String message) {
    if (!condition && violation == null) {
      violation = new AssertionError("at " + timing.nanos() + " ns: " + message + "; " + schedule);
    }
  }

  void throwViolation() {
    if (violation != null) {
      throw violation;
    }
  }

  private double heldBatches(Priority lowest) {
    double held = 0;
    for (Entry entry : entries.values()) {
      if (entry.request.options().priority().compareTo(lowest) <= 0 && !hasEnded(entry)) {
        held += share(entry.request);
      }
    }
    return held;
  }

  private static double share(SimulatedRequest request) {
    return (double) request.cost() / request.kind().limits().maxCost();
  }

  /** Nothing of it is left with the batcher: neither a preparation nor a payload. Its caller may still have to be told. */
  private static boolean hasEnded(Entry entry) {
    return entry.preparationFailed || entry.releases > 0;
  }

  private double limit() {
    return (1 + setting.options().queueBatches()) * (setting.replicas() - lost.size());
  }

  void beforeAdmission(SimulatedRequest request) {
    heldBefore = heldBatches(request.options().priority());
  }

  private double heldBefore;

  void refused(SimulatedRequest request) {
    refusals++;
    check(heldBefore > 0, "refused though nothing of its priority or above was held");
    check(heldBefore + share(request) > limit() - 0.01, "refused with " + heldBefore + " of " + limit() + " batches held");
  }

  void turnedAway() {
    turnedAway++;
  }

  void admitted(SimulatedRequest request, CompletableFuture<Integer> future) {
    // A request that is larger than the limit is taken when nothing else is there.
    check(heldBefore < 0.01 || heldBefore + share(request) <= 2 * limit() + 0.01,
        "admitted with " + heldBefore + " of " + limit() + " batches held, share " + share(request));
    Entry entry = new Entry(request, future);
    entries.put(request, entry);
    byId.put(request.id(), entry);
  }

  /** What is held stays bounded whatever happens. */
  void checkHeld() {
    double bound = 2 * limit() * Priority.values().length + 2 * setting.replicas() * 3;
    check(lost.size() > 0 || heldBatches(Priority.BULK) <= bound, heldBatches(Priority.BULK) + " batches held");
  }

  void ready(SimulatedRequest request) {
    Entry entry = entries.get(request);
    entry.readyNanos = timing.nanos();
    entry.readyNumber = nextReady++;
  }

  void preparationFails(SimulatedRequest request) {
    entries.get(request).preparationFailed = true;
  }

  void began(String replica, Batch<SimulatedKind, SimulatedRequest, Integer> batch) {
    check(!lost.contains(replica), replica + " gets a batch and is lost");
    int busy = busyLanes.merge(replica, 1, Integer::sum);
    check(busy <= setting.lanes(), replica + " has " + busy + " batches");
    running.put(batch, true);
    boolean besideIdle = busySince < 0;
    noteIdle();
    List<Entry> batchEntries = new ArrayList<>();
    boolean retry = false;
    long cost = 0;
    for (SimulatedRequest request : batch.payloads()) {
      Entry entry = entries.get(request);
      check(request.kind().equals(batch.kind()), "kinds are mixed");
        check(entry.readyNanos >= 0, "request " + request.id() + " begins before it is ready");
      check(!entry.future.isDone(), "request " + request.id() + " begins after it was over");
      check(entry.releases == 0 && entry.readers == 0, "request " + request.id() + " begins twice at once, or after its release");
      if (entry.begins == 0) {
        check(timing.nanos() < request.deadlineNanos(), "request " + request.id() + " begins after its deadline");
        check(!besideIdle || isInTime(entry), "request " + request.id() + " waited too long beside an idle replica");
      }
      retry |= entry.begins > 0;
      entry.begins++;
      entry.readers++;
      cost += request.cost();
      batchEntries.add(entry);
    }
    checkSize(batch, cost, retry);
    if (!retry) {
      checkOrder(batch.kind(), batchEntries);
    }
  }

  private void checkSize(Batch<SimulatedKind, SimulatedRequest, Integer> batch, long cost, boolean retry) {
    BatchLimits limits = batch.kind().limits();
    int size = batch.payloads().size();
    check(batch.cost() == cost, "batch says " + batch.cost() + " of cost " + cost);
    check(size == 1 || cost <= limits.maxCost(), "batch of cost " + cost + ", limit " + limits.maxCost());
    check(size <= limits.maxRequests(), "batch of " + size + ", limit " + limits.maxRequests());
    check(!limits.powersOfTwo() || retry || Integer.bitCount(size) == 1, "batch of " + size + " is no power of two");
  }

  /** With a replica idle all the time, nobody waits for longer than promised, unless the clock jumped meanwhile. */
  private boolean isInTime(Entry entry) {
    long since = Math.max(entry.readyNanos, idleSince);
    return timing.lastJumpNanos() >= since || timing.nanos() - since <= setting.options().maxWait().toNanos();
  }

  private void checkOrder(SimulatedKind kind, List<Entry> batch) {
    for (Entry left : entries.values()) {
      if (!left.request.kind().equals(kind) || !isWaiting(left)) {
        continue;
      }
      for (Entry taken : batch) {
        int byPriority = left.request.options().priority().compareTo(taken.request.options().priority());
        check(byPriority >= 0, "request " + left.request.id() + " of a higher priority is left behind by " + taken.request.id());
        check(byPriority > 0 || !left.request.options().caller().equals(taken.request.options().caller())
            || left.readyNumber > taken.readyNumber, "request " + taken.request.id() + " overtakes its caller's " + left.request.id());
      }
    }
  }

  private boolean isWaiting(Entry entry) {
    return entry.readyNanos >= 0 && entry.begins == 0 && !entry.future.isDone() && entry.releases == 0
        && timing.nanos() < entry.request.deadlineNanos();
  }

  /** A replica is about to report the end of a batch. */
  void ended(String replica, Batch<SimulatedKind, SimulatedRequest, Integer> batch, boolean failed, boolean takesReplicaAlong) {
    check(running.remove(batch) != null, "a batch ends that does not run");
    busyLanes.merge(replica, -1, Integer::sum);
    if (takesReplicaAlong) {
      lost.add(replica);
    }
    noteIdle();
    batch.payloads().forEach(request -> entries.get(request).readers--);
  }

  boolean isLost(String replica) {
    return lost.contains(replica);
  }

  private void noteIdle() {
    boolean idle = false;
    for (int i = 0; i < setting.replicas(); i++) {
      String replica = "replica " + i;
      idle |= !lost.contains(replica) && busyLanes.getOrDefault(replica, 0) == 0;
    }
    if (!idle) {
      busySince = timing.nanos();
    } else if (busySince >= 0) {
      idleSince = timing.nanos();
      busySince = -1;
    }
  }

  void released(SimulatedRequest request) {
    Entry entry = entries.get(request);
    entry.releases++;
    check(entry.releases == 1, "the payload of request " + request.id() + " is released twice");
    check(entry.readers == 0, "the payload of request " + request.id() + " is released while a replica reads it");
  }


  void told(SimulatedRequest request, Integer result, Throwable failure) {
    Entry entry = entries.get(request);
    entry.told++;
    entry.result = result;
    entry.failure = failure;
    check(entry.told == 1, "request " + request.id() + " is told twice");
  }

  @Override
  public void refused(SimulatedKind kind, Priority priority, int cost) {
    listenerRefusals++;
  }

  @Override
  public void ended(SimulatedKind kind, Priority priority, Ending ending, long waitNanos, long totalNanos) {
    ended.merge(ending, 1, Integer::sum);
    check(waitNanos >= 0 && totalNanos >= waitNanos, "waited " + waitNanos + " of " + totalNanos + " ns");
  }

  /** All is over: every admitted request must have ended, with what it deserves. */
  void checkEnd(Map<Ending, Integer> endings) {
    check(running.isEmpty(), "batches still run");
    check(listenerRefusals == refusals, "listener heard of " + listenerRefusals + " refusals of " + refusals);
    for (Entry entry : entries.values()) {
      check(entry.told == 1, "request " + entry.request.id() + " was told " + entry.told + " times");
      check(entry.releases == (entry.readyNanos >= 0 ? 1 : 0), "request " + entry.request.id() + ": " + entry.releases + " releases");
      endings.merge(ending(entry), 1, Integer::sum);
    }
    check(byId.size() == entries.size(), "requests were mixed up here");
    check(ended.values().stream().mapToInt(count -> count).sum() == entries.size(), "listener heard of " + ended + " ends");
    // A caller may cancel between the end and being told of it: then both are right.
    endings.forEach((ending, count) -> check(ending == Ending.CANCELLED || count <= ended.getOrDefault(ending, 0),
        "listener heard of " + ended + ", callers of " + endings));
  }

  private Ending ending(Entry entry) {
    SimulatedRequest request = entry.request;
    if (entry.failure == null) {
      check(Integer.valueOf(request.answer()).equals(entry.result), "request " + request.id() + " got the answer " + entry.result);
      check(!request.poisoned() && entry.begins > 0, "request " + request.id() + " was answered without being computed");
      return Ending.DONE;
    }
    return switch (entry.failure) {
      case CancellationException e -> Ending.CANCELLED;
      case DeadlineExceededException e -> {
        check(entry.begins == 0 && request.deadlineNanos() < Long.MAX_VALUE, "request " + request.id() + " expired without reason");
        yield Ending.EXPIRED;
      }
      case BatcherClosedException e -> {
        check(setting.hurried(), "request " + request.id() + " was dropped by a close without hurry");
        yield Ending.CLOSED;
      }
      default -> {
        boolean deserved = request.poisoned() || entry.preparationFailed || !lost.isEmpty() || setting.failurePercent() > 0;
        check(deserved, "request " + request.id() + " failed without reason: " + entry.failure);
        yield Ending.FAILED;
      }
    };
  }
}
