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
 * @param warmUp what comes before them
 * @param pauseMillis before each run
 */
public record Rounds(int count, WarmUp warmUp, long pauseMillis) {
  /** Every run shuffles alike. */
  private static final long SEED = 1;

  /** The same with another number of measured rounds. */
  public Rounds withCount(int other) {
    return new Rounds(other, warmUp, pauseMillis);
  }

  /** The same after another way of warming up. */
  public Rounds withWarmUp(WarmUp other) {
    return new Rounds(count, other, pauseMillis);
  }

  /** The same with another pause. */
  public Rounds withPause(long millis) {
    return new Rounds(count, warmUp, millis);
  }

  /** Runs of a contestant for which {@link #run} reports progress. */
  public int reports() {
    return count + warmUp.rounds();
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
    warm(standing, outcomes);
    Random random = new Random(SEED);
    for (int round = -warmUp.rounds(); round < count; round++) {
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

  private void warm(List<Contestant> standing, Map<String, Outcome> outcomes) {
    if (!(warmUp instanceof WarmUp.UntilSteady untilSteady)) {
      outcomes.values().forEach(outcome -> outcome.warmUp = warmUp.rounds() + " rounds");
      return;
    }
    for (Contestant contestant : List.copyOf(standing)) {
      Outcome outcome = outcomes.get(contestant.name());
      if (!outcome.guard(() -> outcome.add(untilSteady.warm(contestant, System::nanoTime)))) {
        standing.remove(contestant);
      }
    }
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
    private String warmUp;

    private void add(Contestant.Sample sample, boolean measured) {
      values = sample.values();
      if (measured) {
        nanos.add((double) sample.nanos());
      }
    }

    private void add(WarmUp.Warmed warmed) {
      values = warmed.last().values();
      warmUp = warmed.words();
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

    /** How it was warmed up, for rows; {@code null} when it failed before that ended. */
    public String warmUp() {
      return warmUp;
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
