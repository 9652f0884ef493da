package org.conceptclip.bench.throughput;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * New rows compared with old ones that measured the same thing on the same machine.
 *
 * <p>A difference counts only when both medians lie outside the other's quartiles and it is larger than {@value #NOISE}, the size that an
 * A/A control of a shared machine reaches by itself.
 */
public final class Comparison {
  /** Differences up to this share are noise. */
  public static final double NOISE = 0.06;

  private Comparison() {}

  /** What can be said of a pair. */
  public enum Verdict {
    FASTER("faster"),
    SLOWER("SLOWER"),
    NO_DIFFERENCE("no difference shown"),
    NOT_COMPARABLE("not comparable");

    private final String words;

    Verdict(String words) {
      this.words = words;
    }
  }

  /**
   * One pair.
   *
   * @param row the new one
   * @param oldMedian in the row's unit
   * @param speedup above 1 when the new one is faster, for rates and for times
   * @param verdict what can be said
   * @param reason why it cannot be compared, or {@code null}
   */
  public record Pair(BenchRow row, double oldMedian, double speedup, Verdict verdict, String reason) {
    /** The verdict, with its reason, for people. */
    public String words() {
      return verdict.words + (reason == null ? "" : " (" + reason + ")");
    }
  }

  /** Each new row that has figures and an old counterpart, in their order. Of several old ones the last of the file counts. */
  public static List<Pair> of(List<BenchRow> old, List<BenchRow> fresh) {
    Map<String, List<BenchRow>> byKey =
        old.stream().filter(row -> row.median() != null).collect(Collectors.groupingBy(BenchRow::key));
    List<Pair> pairs = new ArrayList<>();
    for (BenchRow row : fresh) {
      List<BenchRow> candidates = byKey.getOrDefault(row.key(), List.of());
      if (row.median() == null || candidates.isEmpty()) {
        continue;
      }
      BenchRow counterpart = candidates.reversed().stream()
          .filter(candidate -> candidate.origin().comparable(row.origin()))
          .findFirst()
          .orElse(candidates.getLast());
      pairs.add(pair(counterpart, row));
    }
    return pairs;
  }

  private static Pair pair(BenchRow old, BenchRow row) {
    double speedup = row.higherIsBetter() ? row.median() / old.median() : old.median() / row.median();
    String reason = obstacle(old, row);
    Verdict verdict = Verdict.NO_DIFFERENCE;
    if (reason != null) {
      verdict = Verdict.NOT_COMPARABLE;
    } else if (outside(row.median(), old) && outside(old.median(), row) && Math.abs(Math.log(speedup)) > Math.log1p(NOISE)) {
      verdict = speedup > 1 ? Verdict.FASTER : Verdict.SLOWER;
    }
    return new Pair(row, old.median(), speedup, verdict, reason);
  }

  private static String obstacle(BenchRow old, BenchRow row) {
    if (!old.origin().comparable(row.origin())) {
      return "other machine";
    }
    if (!Objects.equals(old.unit(), row.unit())) {
      return "other unit";
    }
    return conditions(old).equals(conditions(row)) ? null : "other parameters";
  }

  /** How often something was measured makes its figure better, but no other one; what limits an op is a result. */
  private static Map<String, String> conditions(BenchRow row) {
    Map<String, String> conditions = new HashMap<>(row.parameters());
    conditions.keySet().removeAll(Set.of("rounds", "warmups", BenchRow.LIMIT));
    return conditions;
  }

  private static boolean outside(double median, BenchRow of) {
    return median < of.low() || median > of.high();
  }

  /**
   * The controls that show that the machine was unsteady: contestants whose second run under another name differs by more than {@value
   * #NOISE}. One line for each, for people.
   */
  public static List<String> unsteady(List<BenchRow> rows) {
    List<String> lines = new ArrayList<>();
    for (BenchRow row : rows) {
      row.ratios().forEach((other, ratio) -> {
        if (other.equals(row.contestant() + BenchRow.CONTROL)
            && Math.abs(Math.log(ratio.median())) > Math.log1p(NOISE)) {
          lines.add(String.format(Locale.ROOT, "%s, %s: %s ran at %.2f of itself", row.section().title(), row.workload(),
              row.contestant(), ratio.median()));
        }
      });
    }
    return lines;
  }
}
