package org.conceptclip.bench.throughput;

import java.util.List;
import org.conceptclip.bench.OpsBenchmark;
import org.conceptclip.bench.Rounds;

/**
 * How much is measured.
 *
 * @param rounds measured rounds of interleaved contestants
 * @param warmups rounds before that are thrown away
 * @param pauseMillis before each run
 * @param batchesPerRun batches of images, and repetitions of the texts, in a run
 * @param sweepRounds measured rounds of the sweep
 * @param sweepBatches its batch sizes
 * @param texts of a run
 * @param latencySeconds of load for each rate
 * @param loads how much of it
 * @param queueMillis of each run of the queue's overhead
 * @param ops how long single ops are timed
 */
public record BenchPlan(
    int rounds,
    int warmups,
    long pauseMillis,
    int batchesPerRun,
    int sweepRounds,
    List<Integer> sweepBatches,
    int texts,
    double latencySeconds,
    List<Load> loads,
    long queueMillis,
    OpsBenchmark.Timing.Calls ops) {
  private static final long SEED = 1;

  /** Below capacity, near it, and three times as much as can be done. */
  public static final List<Load> AUTOMATIC = List.of(new Load(0.5, true), new Load(0.8, true), new Load(3, true));

  /** For figures to keep. With the full model on a CPU that is hours: then ask for single sections, fewer rounds, smaller batches. */
  public static final BenchPlan FULL = new BenchPlan(
      9, 1, 100, 2, 3, List.of(1, 2, 4, 8), 128, 20, AUTOMATIC, 2000, OpsBenchmark.Timing.Calls.DEFAULT);

  /** For a first impression within two minutes. */
  public static final BenchPlan QUICK = new BenchPlan(
      5, 1, 20, 2, 3, List.of(1, 4), 64, 4, AUTOMATIC, 300, new OpsBenchmark.Timing.Calls(100_000_000, 60_000_000));

  /**
   * A rate of requests.
   *
   * @param value requests a second, or a share of the capacity that is measured before
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

  public BenchPlan withRounds(int value) {
    return new BenchPlan(value, warmups, pauseMillis, batchesPerRun, Math.min(sweepRounds, value), sweepBatches, texts, latencySeconds,
        loads, queueMillis, ops);
  }

  public BenchPlan withSweepBatches(List<Integer> values) {
    return new BenchPlan(rounds, warmups, pauseMillis, batchesPerRun, sweepRounds, List.copyOf(values), texts, latencySeconds, loads,
        queueMillis, ops);
  }

  public BenchPlan withLatency(double seconds, List<Load> values) {
    return new BenchPlan(rounds, warmups, pauseMillis, batchesPerRun, sweepRounds, sweepBatches, texts, seconds, List.copyOf(values),
        queueMillis, ops);
  }

  public BenchPlan withTexts(int value) {
    return new BenchPlan(rounds, warmups, pauseMillis, batchesPerRun, sweepRounds, sweepBatches, value, latencySeconds, loads,
        queueMillis, ops);
  }

  /** With pauses long enough for threads of peers that spin after their work. */
  public BenchPlan withPause(long millis) {
    return new BenchPlan(rounds, warmups, millis, batchesPerRun, sweepRounds, sweepBatches, texts, latencySeconds, loads, queueMillis,
        ops);
  }

  Rounds interleaved() {
    return new Rounds(rounds, warmups, pauseMillis, SEED);
  }

  Rounds sweep() {
    return new Rounds(sweepRounds, 1, pauseMillis, SEED);
  }
}
