package org.conceptclip.bench.throughput;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.DoubleStream;
import org.conceptclip.bench.Statistics;

/**
 * One contestant in one workload: a line of a results file.
 *
 * @param schema of the line: {@value #SCHEMA}. Lines of other benchmarks have none
 * @param section what it is about
 * @param origin when and where
 * @param subject model, backend and precision
 * @param workload label
 * @param contestant name
 * @param parameters everything else that it was measured with, by name
 * @param unit of the figures: {@code images/s}, {@code ms}, ...
 * @param median of the rounds; {@code null} in a row without a single figure
 * @param low lower quartile
 * @param high upper quartile
 * @param rounds the value of each round, in their order
 * @param figures further results, by name with unit
 * @param ratios this contestant's values over the named other one's, by rounds
 * @param bars promises held against this row's figures
 * @param curve values at {@link LatencySummary#QUANTILES}; {@code null} where there is no curve
 * @param failure why there are no figures; {@code null} when there are
 */
public record ThroughputRow(
    int schema,
    Section section,
    Origin origin,
    Subject subject,
    String workload,
    String contestant,
    Map<String, String> parameters,
    String unit,
    Double median,
    Double low,
    Double high,
    List<Double> rounds,
    Map<String, Double> figures,
    Map<String, Ratio> ratios,
    List<Bar> bars,
    List<Double> curve,
    String failure) {
  static final int SCHEMA = 1;

  /** Ends the name of a contestant that is another one under a second name. */
  public static final String CONTROL = ", again (A/A)";

  /** Whether a larger value is a better one: so it is for rates, and not for times. */
  public boolean higherIsBetter() {
    return unit != null && unit.endsWith("/s");
  }

  /** Equal for rows that measured the same thing, wherever and whenever. */
  String key() {
    return String.join(" | ", section.name(), workload, contestant, text(subject.model()), text(subject.backend()),
        text(subject.precision()), text(subject.threads()), text(subject.batch()));
  }

  private static String text(Object valueOrNull) {
    return valueOrNull == null ? "-" : valueOrNull.toString();
  }

  /** Begins a row. */
  public static Builder of(Section section, Origin origin, Subject subject, String workload, String contestant) {
    return new Builder(section, origin, subject, workload, contestant);
  }

  /** A row in the making. Not thread-safe. */
  public static final class Builder {
    private final Section section;
    private final Origin origin;
    private final Subject subject;
    private final String workload;
    private final String contestant;
    private final Map<String, String> parameters = new TreeMap<>();
    private final Map<String, Double> figures = new LinkedHashMap<>();
    private final Map<String, Ratio> ratios = new LinkedHashMap<>();
    private final List<Bar> bars = new ArrayList<>();
    private String unit;
    private double[] rounds = {};
    private List<Double> curve;
    private String failure;

    private Builder(Section section, Origin origin, Subject subject, String workload, String contestant) {
      this.section = Objects.requireNonNull(section, "section");
      this.origin = Objects.requireNonNull(origin, "origin");
      this.subject = Objects.requireNonNull(subject, "subject");
      this.workload = Objects.requireNonNull(workload, "workload");
      this.contestant = Objects.requireNonNull(contestant, "contestant");
    }

    public Builder parameter(String name, Object value) {
      parameters.put(name, String.valueOf(value));
      return this;
    }

    public Builder parameters(Map<String, ?> values) {
      values.forEach(this::parameter);
      return this;
    }

    /** One value a round; at least one. */
    public Builder rounds(String itsUnit, double... values) {
      unit = itsUnit;
      rounds = values.clone();
      return this;
    }

    /** A further result. One that is not a number is left out: a line of JSON has no word for it. */
    public Builder figure(String name, double value) {
      if (Double.isFinite(value)) {
        figures.put(name, value);
      }
      return this;
    }

    public Builder ratio(String other, Ratio ratio) {
      ratios.put(other, ratio);
      return this;
    }

    public Builder bar(Bar bar) {
      bars.add(bar);
      return this;
    }

    public Builder curve(double... values) {
      curve = DoubleStream.of(values).boxed().toList();
      return this;
    }

    /** There are no figures, for this reason. */
    public Builder failure(String reason) {
      failure = reason;
      return this;
    }

    public ThroughputRow build() {
      Statistics statistics = rounds.length == 0 ? null : Statistics.of(rounds);
      return new ThroughputRow(SCHEMA, section, origin, subject, workload, contestant, parameters, unit,
          statistics == null ? null : statistics.median(),
          statistics == null ? null : statistics.lowerQuartile(),
          statistics == null ? null : statistics.upperQuartile(),
          Arrays.stream(rounds).boxed().toList(), figures, ratios, bars, curve, failure);
    }
  }
}
