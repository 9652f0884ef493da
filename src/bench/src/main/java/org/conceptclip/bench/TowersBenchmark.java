package org.conceptclip.bench;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Workloads times contestants: runs the rounds, checks that everybody computed the same model, and makes rows of it.
 *
 * @param own the contestant that ratios are taken of
 * @param others peers, and a second name of our own as the A/A control
 * @param gpu asked for the state of the GPU after each workload, for the rows; empty where none computes
 * @param threads of the CPU that every contestant was given, for the rows; {@code null} where a GPU computes
 * @param commit of the measured sources, for the rows
 */
public record TowersBenchmark(
    Contestant own, List<Contestant> others, Supplier<Optional<Gpu>> gpu, Integer threads, String commit) {

  /**
   * Runs one workload.
   *
   * @return a row for each contestant, ours first
   */
  public List<BenchRow> run(Workload workload, Rounds rounds, Consumer<String> onRun) {
    List<Contestant> contestants = new ArrayList<>(others);
    contestants.addFirst(own);
    Map<String, Rounds.Outcome> outcomes = rounds.run(workload, contestants, onRun);
    Gpu state = gpu.get().orElse(null);
    String date = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
    float[] reference = outcomes.get(own.name()).values();
    Map<String, Double> ratios = new LinkedHashMap<>();
    List<BenchRow> rows = new ArrayList<>();
    for (Contestant contestant : others) {
      Rounds.Outcome outcome = outcomes.get(contestant.name());
      String failure =
          outcome.failure() != null ? outcome.failure() : disagreement(reference, outcome.values(), contestant.agreement());
      rows.add(row(date, state, contestant, workload, failure == null ? outcome : null, Map.of(), failure));
      if (failure == null && outcomes.get(own.name()).failure() == null) {
        ratios.put(contestant.name(), median(outcome) / median(outcomes.get(own.name())));
      }
    }
    Rounds.Outcome ours = outcomes.get(own.name());
    rows.addFirst(row(date, state, own, workload, ours.failure() == null ? ours : null, ratios, ours.failure()));
    return rows;
  }

  private static double median(Rounds.Outcome outcome) {
    return Statistics.of(outcome.nanos()).median();
  }

  private BenchRow row(
      String date,
      Gpu gpuOrNull,
      Contestant contestant,
      Workload workload,
      Rounds.Outcome outcomeOrNull,
      Map<String, Double> ratios,
      String failure) {
    Statistics nanos = outcomeOrNull == null ? null : Statistics.of(outcomeOrNull.nanos());
    return new BenchRow(
        date,
        commit,
        Machine.current(),
        gpuOrNull,
        threads,
        workload.label(),
        contestant.name(),
        contestant.precision(),
        failure == null ? contestant.version() : null,
        workload instanceof Workload.Vision ? "images/s" : "texts/s",
        nanos == null ? null : perSecond(workload, nanos.median()),
        nanos == null ? null : perSecond(workload, nanos.upperQuartile()),
        nanos == null ? null : perSecond(workload, nanos.lowerQuartile()),
        nanos == null ? 0 : nanos.count(),
        ratios,
        failure);
  }

  private static double perSecond(Workload workload, double nanos) {
    return workload.items() * 1e9 / nanos;
  }

  /** Why two contestants' features cannot be of the same model, or {@code null} when they agree. */
  public static String disagreement(float[] ours, float[] theirs, double agreement) {
    if (ours == null || theirs == null) {
      return null;
    }
    if (ours.length != theirs.length) {
      return "answered " + theirs.length + " features, expected " + ours.length;
    }
    double squares = 0;
    double worst = 0;
    for (int i = 0; i < ours.length; i++) {
      squares += (double) ours[i] * ours[i];
      worst = Math.max(worst, Math.abs(ours[i] - theirs[i]));
    }
    double relative = worst / Math.sqrt(squares / ours.length);
    return relative <= agreement
        ? null
        : "computed another model: features differ by " + relative + " of their RMS, expected at most " + agreement;
  }
}
