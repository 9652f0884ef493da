package org.conceptclip.bench.throughput;

import java.util.List;
import org.conceptclip.bench.OpsBenchmark;
import org.conceptclip.bench.Rounds;
import org.conceptclip.bench.WarmUp;

/**
 * How much is measured.
 *
 * @param rounds of interleaved contestants
 * @param batchesPerRun batches of images, and repetitions of the texts, in a run: of few, filling the engine is a large part
 * @param sweepBatches batch sizes of the sweep
 * @param texts of a run
 * @param latencySeconds of load for each rate
 * @param loads rates
 * @param queueMillis of each run of the queue's overhead
 * @param ops how long single ops are timed on a CPU
 * @param deviceOps how they are timed on a device
 */
public record BenchPlan(
    Rounds rounds,
    int batchesPerRun,
    List<Integer> sweepBatches,
    int texts,
    double latencySeconds,
    List<Load> loads,
    long queueMillis,
    OpsBenchmark.Timing.Calls ops,
    DeviceOps deviceOps) {
  private static final int SWEEP_ROUNDS = 3;

  /** Below capacity, near it, and three times as much as can be done. */
  public static final List<Load> AUTOMATIC = List.of(new Load(0.5, true), new Load(0.8, true), new Load(3, true));

  /** For figures to keep. With the full model on a CPU that is hours: then ask for single sections, fewer rounds, smaller batches. */
  public static final BenchPlan FULL = new BenchPlan(
      new Rounds(9, new WarmUp.InRounds(1), 100), 2, List.of(1, 2, 4, 8), 128, 20, AUTOMATIC, 2000,
      new OpsBenchmark.Timing.Calls(1_000_000_000, 500_000_000), DeviceOps.FULL);

  /** For a first impression within two minutes. */
  public static final BenchPlan QUICK = new BenchPlan(
      new Rounds(5, new WarmUp.InRounds(1), 20), 2, List.of(1, 4), 64, 4, AUTOMATIC, 300,
      new OpsBenchmark.Timing.Calls(100_000_000, 60_000_000), DeviceOps.FULL);

  /**
   * Single ops on a device, which queues its work.
   *
   * @param ceiling rows and columns of a large product that is timed first, see {@link OpsBenchmark.Plan}
   */
  public record DeviceOps(int ceiling, OpsBenchmark.Timing.Slope timing) {
    /** For figures to keep. */
    static final DeviceOps FULL = new DeviceOps(8192, new OpsBenchmark.Timing.Slope(4, 24, 3, 9));
    /** The least that exercises everything, where times mean nothing. */
    public static final DeviceOps LEAST = new DeviceOps(64, new OpsBenchmark.Timing.Slope(1, 2, 1, 1));
  }

  /**
   * A rate of requests.
   *
   * @param value requests per second, or a share of the capacity that is measured before
   * @param ofCapacity which of the two
   */
  public record Load(double value, boolean ofCapacity) {
    public Load {
      if (!(value > 0 && value < 1e6)) {
        throw new IllegalArgumentException("a load of " + value + ", expected more than 0");
      }
    }

    /** {@code 0.8x} is a share, {@code 120} a rate. */
    public static Load parse(String text) {
      boolean share = text.endsWith("x");
      return new Load(Double.parseDouble(share ? text.substring(0, text.length() - 1) : text), share);
    }

    /** For rows. */
    String label() {
      return (ofCapacity ? value + " x capacity" : value + " requests/s") + (isOverload() ? ", overload" : "");
    }

    boolean isOverload() {
      return ofCapacity && value > 1;
    }

    double perSecond(double capacity) {
      return ofCapacity ? value * capacity : value;
    }
  }

  /** The rounds of the sweep, which has many points: at most {@value #SWEEP_ROUNDS}. */
  Rounds sweepRounds() {
    return rounds.withCount(Math.min(SWEEP_ROUNDS, rounds.count()));
  }

  public BenchPlan withRounds(Rounds other) {
    return new BenchPlan(other, batchesPerRun, sweepBatches, texts, latencySeconds, loads, queueMillis, ops, deviceOps);
  }

  public BenchPlan withDeviceOps(DeviceOps other) {
    return new BenchPlan(rounds, batchesPerRun, sweepBatches, texts, latencySeconds, loads, queueMillis, ops, other);
  }

  public BenchPlan withTexts(int value) {
    return new BenchPlan(rounds, batchesPerRun, sweepBatches, value, latencySeconds, loads, queueMillis, ops, deviceOps);
  }
}
