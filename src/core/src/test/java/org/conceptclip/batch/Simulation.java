package org.conceptclip.batch;

import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.conceptclip.batch.BatchListener.Ending;

/**
 * One schedule: a batcher, replicas that take their time and fail, callers that submit, cancel and run out of time, a clock that
 * jumps, and a close; all drawn from one seed, on one thread. {@link SimulationModel} watches.
 */
final class Simulation {
  private static final long MICROS = 1_000;

  private final SplittableRandom random;
  private final VirtualTiming timing = new VirtualTiming();
  private final Setting setting;
  private final SimulationModel model;
  private final List<SimulatedReplica> replicas = new ArrayList<>();
  private final Batcher<SimulatedKind, SimulatedRequest, Integer> batcher;
  private final Map<Ending, Integer> endings = new EnumMap<>(Ending.class);
  private int refused;

  /**
   * What varies between schedules.
   *
   * @param requests submitted in all
   * @param meanGapNanos between two of them
   * @param failurePercent of batches that fail at random
   * @param lossPermille of batches that take their replica along
   * @param poisonPercent of requests that make every batch fail that they are in
   * @param cancelPercent of requests that are cancelled at some moment
   * @param timeoutPercent of requests that have a timeout
   * @param jumpPermille of submissions before which the clock jumps
   */
  record Setting(
      BatcherOptions options,
      List<SimulatedKind> kinds,
      int replicas,
      int lanes,
      int callers,
      int requests,
      long meanGapNanos,
      long computeNanos,
      int failurePercent,
      int lossPermille,
      int poisonPercent,
      int cancelPercent,
      int timeoutPercent,
      int jumpPermille,
      boolean hurried) {

    static Setting random(SplittableRandom random) {
      List<SimulatedKind> kinds = new ArrayList<>();
      for (int kind = 0; kind <= random.nextInt(3); kind++) {
        boolean powersOfTwo = random.nextBoolean();
        int maxRequests = powersOfTwo ? 1 << random.nextInt(5) : 1 + random.nextInt(20);
        kinds.add(new SimulatedKind("kind " + kind, new BatchLimits(10 + random.nextInt(200), maxRequests, powersOfTwo)));
      }
      boolean faulty = random.nextInt(3) == 0;
      return new Setting(
          new BatcherOptions(Duration.ofNanos(random.nextInt(4) == 0 ? 0 : random.nextLong(2_000 * MICROS)), 0.2 + 3 * random.nextDouble()),
          kinds,
          1 + random.nextInt(3),
          1 + random.nextInt(2),
          1 + random.nextInt(4),
          20 + random.nextInt(200),
          1 + random.nextLong(400 * MICROS),
          1 + random.nextLong(2_000 * MICROS),
          faulty ? random.nextInt(30) : 0,
          faulty ? random.nextInt(40) : 0,
          random.nextInt(3) == 0 ? random.nextInt(15) : 0,
          random.nextInt(30),
          random.nextInt(40),
          random.nextInt(4) == 0 ? random.nextInt(30) : 0,
          random.nextInt(5) == 0);
    }
  }

  Simulation(long seed) {
    this.random = new SplittableRandom(seed);
    this.setting = Setting.random(random);
    this.model = new SimulationModel("seed " + seed + ", " + setting, timing, setting);
    for (int i = 0; i < setting.replicas(); i++) {
      replicas.add(new SimulatedReplica("replica " + i, setting.lanes()));
    }
    this.batcher = new Batcher<>(setting.options(), SimulatedKind::limits, replicas, timing, this::later, model::released, List.of(model));
  }

  /** Runs it to its end; throws what the model finds wrong. */
  void run() {
    Thread.UncaughtExceptionHandler before = Thread.currentThread().getUncaughtExceptionHandler();
    Thread.currentThread().setUncaughtExceptionHandler((thread, failure) -> model.check(false, "the batcher reported " + failure));
    try {
      runSchedule();
    } finally {
      Thread.currentThread().setUncaughtExceptionHandler(before);
    }
  }

  private void runSchedule() {
    long at = 0;
    for (int number = 0; number < setting.requests(); number++) {
      at += random.nextInt(5) == 0 ? 0 : random.nextLong(2 * setting.meanGapNanos());
      int id = number;
      timing.schedule(at, () -> submit(id));
    }
    timing.schedule(random.nextInt(4) == 0 ? random.nextLong(at + 1) : at + 1, batcher::beginClose);
    if (setting.hurried()) {
      timing.schedule(at + random.nextLong(1 + setting.computeNanos()), batcher::hurry);
    }
    while (timing.runNext()) {
      model.checkHeld();
      model.throwViolation();
    }
    model.check(batcher.isDrained(), "not drained: " + batcher.snapshot());
    model.check(batcher.snapshot().heldBatches() == 0, "shares are left: " + batcher.snapshot());
    model.checkEnd(endings);
    model.throwViolation();
  }

  /** How requests ended, over the schedule. */
  Map<Ending, Integer> endings() {
    return endings;
  }

  int refused() {
    return refused;
  }

  private void later(Runnable task) {
    timing.schedule(timing.nanos() + random.nextLong(20 * MICROS), task);
  }

  private void submit(int id) {
    if (random.nextInt(1000) < setting.jumpPermille()) {
      timing.jump(random.nextLong(1_000_000 * MICROS));
    }
    SimulatedKind kind = setting.kinds().get(random.nextInt(setting.kinds().size()));
    int cost = random.nextInt(30) == 0 ? 1 + random.nextInt(2 * kind.limits().maxCost()) : 1 + random.nextInt(Math.max(1, kind.limits().maxCost() / 6));
    RequestOptions options = new RequestOptions(
        Priority.values()[random.nextInt(3)],
        random.nextInt(100) < setting.timeoutPercent()
            ? Optional.of(Duration.ofNanos(1 + random.nextLong(3 * setting.computeNanos())))
            : Optional.empty(),
        "caller " + random.nextInt(setting.callers()));
    SimulatedRequest request =
        new SimulatedRequest(id, kind, cost, options, random.nextInt(100) < setting.poisonPercent(), timing.nanos());
    model.beforeAdmission(request);
    Admission<SimulatedRequest, Integer> admission;
    try {
      admission = batcher.admit(kind, cost, options);
    } catch (OverloadedException e) {
      refused++;
      model.refused(request);
      return;
    } catch (BatcherClosedException | ReplicasLostException e) {
      model.turnedAway();
      return;
    }
    model.admitted(request, admission.future());
    admission.future().whenComplete((result, failure) -> model.told(request, result, failure));
    prepare(request, admission);
    if (random.nextInt(100) < setting.cancelPercent()) {
      timing.schedule(timing.nanos() + random.nextLong(2 * setting.computeNanos()), () -> admission.future().cancel(false));
    }
  }

  private void prepare(SimulatedRequest request, Admission<SimulatedRequest, Integer> admission) {
    if (random.nextBoolean()) {
      ready(request, admission);
      return;
    }
    boolean fails = random.nextInt(20) == 0;
    timing.schedule(timing.nanos() + random.nextLong(1 + setting.computeNanos()), () -> {
      if (fails) {
        model.preparationFails(request);
        admission.fail(new IllegalArgumentException("cannot be prepared"));
      } else {
        ready(request, admission);
      }
    });
  }

  private void ready(SimulatedRequest request, Admission<SimulatedRequest, Integer> admission) {
    model.ready(request);
    admission.ready(request);
  }

  /** A device: takes its time, and sometimes more than that. */
  private final class SimulatedReplica implements Replica<SimulatedKind, SimulatedRequest, Integer> {
    private final String name;
    private final int lanes;

    SimulatedReplica(String name, int lanes) {
      this.name = name;
      this.lanes = lanes;
    }

    @Override
    public String name() {
      return name;
    }

    @Override
    public int lanes() {
      return lanes;
    }

    @Override
    public void begin(Batch<SimulatedKind, SimulatedRequest, Integer> batch) {
      model.began(name, batch);
      if (random.nextInt(500) == 0 && setting.failurePercent() > 0) {
        model.ended(name, batch, true, false);
        throw new IllegalStateException("begins by throwing");
      }
      timing.schedule(timing.nanos() + 1 + random.nextLong(2 * setting.computeNanos()), () -> end(batch));
    }

    private void end(Batch<SimulatedKind, SimulatedRequest, Integer> batch) {
      boolean poisoned = batch.payloads().stream().anyMatch(SimulatedRequest::poisoned);
      boolean lost = model.isLost(name) || random.nextInt(1000) < setting.lossPermille();
      boolean failed = poisoned || random.nextInt(100) < setting.failurePercent();
      model.ended(name, batch, failed, lost);
      if (lost) {
        batch.lost(new IllegalStateException("the device is gone"));
      } else if (failed) {
        batch.failed(new IllegalStateException("the batch failed"));
      } else {
        batch.done(batch.payloads().stream().map(SimulatedRequest::answer).toList());
      }
    }
  }
}
