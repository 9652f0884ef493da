package org.conceptclip.bench;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;

/**
 * Interleaved rounds: in each, every contestant runs once, in a newly shuffled order, with a pause before each run. A machine that
 * slows down for a while therefore slows all of them, and threads of one that still spin do not disturb the next.
 *
 * @param count measured rounds
 * @param warmups rounds before the measured ones, which are thrown away
 * @param pauseMillis before each run
 */
public record Rounds(int count, int warmups, long pauseMillis) {
  /** Every run shuffles alike. */
  private static final long SEED = 1;

  /** The same with another number of measured rounds. */
  public Rounds withCount(int other) {
    return new Rounds(other, warmups, pauseMillis);
  }

  /** The same with another pause. */
  public Rounds withPause(long millis) {
    return new Rounds(count, warmups, millis);
  }

  /**
   * Runs a workload. A contestant that fails does not run again; its result is the failure.
   *
   * @param onRun called after each single run, for progress
   */
  public Map<String, Outcome> run(Workload workload, List<Contestant> contestants, Consumer<String> onRun) {
    Map<String, Outcome> outcomes = new LinkedHashMap<>();
    List<Contestant> standing = new ArrayList<>();
    for (Contestant contestant : contestants) {
      Outcome outcome = new Outcome();
      outcomes.put(contestant.name(), outcome);
      if (outcome.guard(() -> contestant.prepare(workload))) {
        standing.add(contestant);
      }
    }
    Random random = new Random(SEED);
    for (int round = -warmups; round < count; round++) {
      Collections.shuffle(standing, random);
      boolean measured = round >= 0;
      for (Contestant contestant : List.copyOf(standing)) {
        pause();
        Outcome outcome = outcomes.get(contestant.name());
        if (!outcome.guard(() -> outcome.add(contestant.run(), measured))) {
          standing.remove(contestant);
        }
        onRun.accept(contestant.name());
      }
    }
    return outcomes;
  }

  private void pause() {
    try {
      Thread.sleep(pauseMillis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ContestantFailedException("interrupted between rounds", e);
    }
  }

  /** Timings of one contestant in one workload, or why it has none. */
  public static final class Outcome {
    private final List<Double> nanos = new ArrayList<>();
    private float[] values;
    private String failure;

    private void add(Contestant.Sample sample, boolean measured) {
      values = sample.values();
      if (measured) {
        nanos.add((double) sample.nanos());
      }
    }

    private boolean guard(Runnable step) {
      try {
        step.run();
        return true;
      } catch (ContestantFailedException e) {
        failure = e.getMessage();
        return false;
      }
    }

    /** One line when the contestant failed, else {@code null}. */
    public String failure() {
      return failure;
    }

    /** Features of its last run; {@code null} when it never ran. */
    public float[] values() {
      return values;
    }

    /** Nanoseconds of each run, in the order of the rounds. */
    public double[] nanos() {
      return nanos.stream().mapToDouble(Double::doubleValue).toArray();
    }
  }
}
