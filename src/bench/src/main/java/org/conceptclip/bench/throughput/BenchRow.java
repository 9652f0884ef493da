package org.conceptclip.bench.throughput;

import com.google.gson.annotations.SerializedName;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.conceptclip.bench.Statistics;

/**
 * One contestant in one workload: a line of a results file, whichever benchmark wrote it.
 *
 * @param schema of the line: {@value #SCHEMA}
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
 * @param rounds the value of each round, in their order; empty where there were too many to keep
 * @param figures further results, by name with unit
 * @param ratios this contestant's values over the named other one's, by rounds
 * @param thresholds promises about this row's figures
 * @param curve values at {@link LatencySummary#QUANTILES}; {@code null} where there is no curve
 * @param failure why there are no figures; {@code null} when there are
 */
public record BenchRow(
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
    Map<String, Statistics> ratios,
    @SerializedName(value = "thresholds", alternate = "bars") List<Threshold> thresholds,
    List<Double> curve,
    String failure) {
  static final int SCHEMA = 1;

  /** Suffix of the name of an A/A control: the same contestant under a second name. */
  public static final String CONTROL = ", again (A/A)";

  /** The parameter that says which roof an op is closest to: a result, not a condition. */
  static final String LIMIT = "limit";

  /** {@link #LIMIT}, or {@code null}. */
  public String limit() {
    return parameters.get(LIMIT);
  }

  /** Whether a larger value is a better one, as it is for rates, but not for times. */
  public boolean higherIsBetter() {
    return unit != null && unit.endsWith("/s");
  }

  /** Model, precision and batch, as far as they apply. */
  public String setup() {
    return Stream.of(subject.model(), subject.precision(), subject.batch() == null ? null : "batch " + subject.batch())
        .filter(Objects::nonNull).collect(Collectors.joining(", "));
  }

  /** The workload, and {@link #setup()}. */
  public String title() {
    return setup().isEmpty() ? workload : workload + ", " + setup();
  }

  /** Equal for rows that measured the same thing, wherever and whenever. */
  String key() {
    return Stream.of(section, workload, contestant, subject.model(), subject.backend(), subject.precision(), subject.threads(),
        subject.batch()).map(part -> Objects.toString(part, "-")).collect(Collectors.joining(" | "));
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
    private final Map<String, Statistics> ratios = new LinkedHashMap<>();
    private final List<Threshold> thresholds = new ArrayList<>();
    private String unit;
    private Statistics statistics;
    private List<Double> rounds = List.of();
    private List<Double> curve;
    private String failure;

    public Builder(Section section, Origin origin, Subject subject, String workload, String contestant) {
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

    /** One value for each round. */
    public Builder rounds(String itsUnit, double... values) {
      rounds = Arrays.stream(values).boxed().toList();
      return statistics(itsUnit, values.length == 0 ? null : Statistics.of(values));
    }

    /** The summary of more samples than a line should hold. */
    public Builder statistics(String itsUnit, Statistics samples) {
      unit = itsUnit;
      statistics = samples;
      return this;
    }

    /** A further result. One that is not finite is left out, since JSON has no number for it. */
    public Builder figure(String name, double value) {
      if (Double.isFinite(value)) {
        figures.put(name, value);
      }
      return this;
    }

    public Builder ratio(String other, Statistics ratio) {
      ratios.put(other, ratio);
      return this;
    }

    /** A promise that a value is not below a limit. */
    public Builder atLeast(String promise, double value, double limit) {
      thresholds.add(new Threshold(promise, value, true, limit));
      return this;
    }

    /** A promise that a value is not above a limit. */
    public Builder atMost(String promise, double value, double limit) {
      thresholds.add(new Threshold(promise, value, false, limit));
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

    public BenchRow build() {
      return new BenchRow(SCHEMA, section, origin, subject, workload, contestant, parameters, unit,
          statistics == null ? null : statistics.median(), statistics == null ? null : statistics.low(),
          statistics == null ? null : statistics.high(), rounds, figures, ratios, thresholds, curve, failure);
    }
  }
}
