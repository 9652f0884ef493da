package org.conceptclip.bench.throughput;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.conceptclip.bench.Contestant;
import org.conceptclip.bench.Rounds;
import org.conceptclip.bench.Statistics;
import org.conceptclip.bench.Workload;

/**
 * Contestants of one workload in interleaved rounds, as rows. The first one's ratios over all others are in its row, and a control's
 * over what it controls in the latter's.
 *
 * @param label of the workload
 * @param parameters for the rows
 */
record Interleaved(Section section, Workload workload, String label, Map<String, ?> parameters) {
  /** The reference of an entrant that computes something else: its features are not compared. */
  static final float[] UNCHECKED = {};

  /**
   * A contestant with what its row says of it.
   *
   * @param subject for its row; where it has no device, the contestant's version becomes that of a successful one
   * @param referenceOrNull features that it must come close to, where they are not the first entrant's
   */
  record Entrant(Contestant contestant, Subject subject, float[] referenceOrNull) {
    Entrant(Contestant contestant, Subject subject) {
      this(contestant, subject, null);
    }
  }

  /** What one entrant did: its row in the making, and its items per second round by round ({@code null} when it failed). */
  record Result(String name, BenchRow.Builder row, double[] perSecondOrNull) {
    /** Of two that ran all rounds. */
    Optional<Statistics> over(Result other) {
      return perSecondOrNull == null || other.perSecondOrNull == null
          ? Optional.empty() : Optional.of(Statistics.ofRatios(perSecondOrNull, other.perSecondOrNull));
    }
  }

  /** Gives the rows, as they are now, to the session's sink. */
  static void report(Session session, List<Result> results) {
    session.sink().rows(results.stream().map(result -> result.row().build()).toList());
  }

  /** Runs all entrants. The origin, with the state of the GPU, is asked for right after the last round. */
  List<Result> run(Session session, List<Entrant> entrants, Rounds rounds) {
    Map<String, Rounds.Outcome> outcomes =
        rounds.run(workload, entrants.stream().map(Entrant::contestant).toList(), name -> session.sink().step());
    Origin now = session.origin();
    float[] reference = outcomes.get(entrants.getFirst().contestant().name()).values();
    List<Result> results = entrants.stream()
        .map(entrant -> result(entrant, outcomes.get(entrant.contestant().name()), reference, rounds, now)).toList();
    for (Result other : results) {
      results.stream().filter(result -> result != other && isComparedWith(result, other, results.getFirst()))
          .forEach(result -> result.over(other).ifPresent(ratio -> result.row().ratio(other.name(), ratio)));
    }
    return results;
  }

  private static boolean isComparedWith(Result result, Result other, Result first) {
    return other.name().endsWith(BenchRow.CONTROL) ? other.name().equals(result.name() + BenchRow.CONTROL) : result == first;
  }

  private Result result(Entrant entrant, Rounds.Outcome outcome, float[] first, Rounds rounds, Origin origin) {
    Contestant contestant = entrant.contestant();
    float[] reference = entrant.referenceOrNull() == null ? first : entrant.referenceOrNull();
    String failure = outcome.failure() != null || reference == UNCHECKED
        ? outcome.failure() : disagreement(reference, outcome.values(), contestant.agreement());
    Subject subject = failure == null && entrant.subject().device() == null
        ? entrant.subject().withDevice(contestant.version()) : entrant.subject();
    BenchRow.Builder row = new BenchRow.Builder(section, origin, subject, label, contestant.name())
        .parameter("rounds", rounds.count()).parameter("warmUp", outcome.warmUp());
    parameters.forEach(row::parameter);
    if (failure != null) {
      return new Result(contestant.name(), row.failure(failure), null);
    }
    double[] perSecond = Arrays.stream(outcome.nanos()).map(nanos -> workload.items() * 1e9 / nanos).toArray();
    return new Result(contestant.name(), row.rounds(workload.unit(), perSecond), perSecond);
  }

  /** Why two contestants' features cannot be of the same model, or {@code null} when they agree. */
  static String disagreement(float[] ours, float[] theirs, double agreement) {
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
