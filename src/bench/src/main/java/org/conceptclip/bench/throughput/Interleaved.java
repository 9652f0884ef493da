package org.conceptclip.bench.throughput;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.conceptclip.bench.Contestant;
import org.conceptclip.bench.Rounds;
import org.conceptclip.bench.TowersBenchmark;
import org.conceptclip.bench.Workload;

/**
 * Contestants of one workload in interleaved rounds, as rows. The first one's ratios over all others are in its row, and a control's
 * over what it controls in the latter's.
 *
 * @param label of the workload
 * @param unit items a second
 * @param parameters for the rows
 */
record Interleaved(Section section, Workload workload, String label, String unit, Map<String, ?> parameters) {
  /** As an entrant's reference: it computes something else, and is compared with nobody. */
  static final float[] UNCHECKED = {};

  /**
   * Who runs.
   *
   * @param subject for its row
   * @param referenceOrNull features that it must come close to, where they are not the first entrant's
   */
  record Entrant(Contestant contestant, Subject subject, float[] referenceOrNull) {
    Entrant(Contestant contestant, Subject subject) {
      this(contestant, subject, null);
    }
  }

  /** What one entrant did: its row in the making, and its items a second round by round ({@code null} when it failed). */
  record Result(String name, ThroughputRow.Builder row, double[] perSecondOrNull) {}

  /** Runs everybody. */
  List<Result> run(List<Entrant> entrants, Rounds rounds, Origin origin, Consumer<String> onRun) {
    Map<String, Rounds.Outcome> outcomes =
        rounds.run(workload, entrants.stream().map(Entrant::contestant).toList(), onRun);
    float[] reference = outcomes.get(entrants.getFirst().contestant().name()).values();
    List<Result> results = new ArrayList<>();
    for (Entrant entrant : entrants) {
      results.add(result(entrant, outcomes.get(entrant.contestant().name()), reference, rounds, origin));
    }
    Result first = results.getFirst();
    for (Result other : results) {
      String controlled = other.name().endsWith(ThroughputRow.CONTROL)
          ? other.name().substring(0, other.name().length() - ThroughputRow.CONTROL.length()) : null;
      for (Result result : results) {
        if (result != other && (controlled == null ? result == first : result.name().equals(controlled))) {
          compare(result, other);
        }
      }
    }
    return results;
  }

  private static void compare(Result over, Result under) {
    ratio(over, under).ifPresent(ratio -> over.row().ratio(under.name(), ratio));
  }

  /** Of two that ran all rounds. */
  static Optional<Ratio> ratio(Result over, Result under) {
    return over.perSecondOrNull() == null || under.perSecondOrNull() == null
        ? Optional.empty()
        : Optional.of(Ratio.paired(over.perSecondOrNull(), under.perSecondOrNull()));
  }

  private Result result(Entrant entrant, Rounds.Outcome outcome, float[] first, Rounds rounds, Origin origin) {
    Contestant contestant = entrant.contestant();
    float[] reference = entrant.referenceOrNull() == null ? first : entrant.referenceOrNull();
    String failure = outcome.failure() != null || reference == UNCHECKED
        ? outcome.failure() : TowersBenchmark.disagreement(reference, outcome.values(), contestant.agreement());
    Map<String, Object> all = new TreeMap<>(parameters);
    all.put("rounds", rounds.count());
    all.put("warmups", rounds.warmups());
    ThroughputRow.Builder row =
        ThroughputRow.of(section, origin, entrant.subject(), label, contestant.name()).parameters(all);
    if (failure != null) {
      return new Result(contestant.name(), row.failure(failure), null);
    }
    double[] perSecond = Arrays.stream(outcome.nanos()).map(nanos -> workload.items() * 1e9 / nanos).toArray();
    return new Result(contestant.name(), row.rounds(unit, perSecond), perSecond);
  }
}
