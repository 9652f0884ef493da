package org.conceptclip.results;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import org.conceptclip.data.Task;
import org.conceptclip.evaluate.BootstrapOptions;
import org.conceptclip.evaluate.ClassificationReport;
import org.conceptclip.evaluate.Interval;
import org.conceptclip.evaluate.Metric;
import org.conceptclip.evaluate.PairedBootstrap;
import org.conceptclip.evaluate.Roc;
import org.conceptclip.evaluate.Scores;
import org.conceptclip.evaluate.TemperatureScaling;

/**
 * A classification and all that is said about it.
 *
 * @param model its name; empty if nobody recorded it
 * @param notice what users of this model must know; empty of most models
 * @param about what was run, for people: backend, templates, data file and so on, by name
 * @param task multi-class, multi-label or annotation
 * @param failed items without scores, each of which was reported
 * @param temperature what a validation split says about the probabilities, if there is one
 * @param comparison with another run on the same items, if there is one
 * @param warnings lines for people, those of the report included
 */
public record ClassificationRun(
    Optional<String> model,
    String notice,
    SequencedMap<String, String> about,
    Task task,
    Scores scores,
    ClassificationReport report,
    BootstrapOptions bootstrap,
    int failed,
    Optional<Temperature> temperature,
    Optional<Comparison> comparison,
    List<String> warnings) {

  /**
   * What the official annotation script prints: every pair of an item and a label is a decision.
   *
   * @param pairs items times labels
   * @param accuracy share of the pairs that are right
   * @param auroc of all pairs together; NaN if all or none are true
   */
  public record Pooled(int pairs, double accuracy, double auroc) {
    /** The figures of scores, where a label counts as predicted above 0.5. */
    static Pooled of(Scores.MultiLabel scores) {
      int labels = scores.labels().size();
      boolean[] truth = new boolean[scores.items() * labels];
      double[] values = new double[truth.length];
      int right = 0;
      for (int pair = 0; pair < truth.length; pair++) {
        truth[pair] = scores.truth()[pair / labels][pair % labels];
        values[pair] = scores.scores()[pair / labels][pair % labels];
        right += truth[pair] == values[pair] > 0.5 ? 1 : 0;
      }
      return new Pooled(truth.length, right / (double) truth.length, Roc.area(truth, values));
    }
  }

  /** The model's name, or words in its place. */
  public String modelOrWords() {
    return model.orElse("not recorded (the scores come from a file)");
  }

  /** The figures of all pairs; empty of a multi-class task. */
  public Optional<Pooled> pooled() {
    return scores instanceof Scores.MultiLabel several ? Optional.of(Pooled.of(several)) : Optional.empty();
  }

  /** The figures of the whole, in the order in which they are shown. */
  public static SequencedMap<Metric, Interval> headlines(ClassificationReport report) {
    SequencedMap<Metric, Interval> figures = new LinkedHashMap<>();
    figures.put(Metric.ACCURACY, report.accuracy());
    figures.put(Metric.BALANCED_ACCURACY, report.balancedAccuracy());
    figures.put(Metric.AUROC_MACRO, report.aurocMacro());
    figures.put(Metric.AVERAGE_PRECISION_MACRO, report.averagePrecisionMacro());
    figures.put(Metric.F1_MACRO, report.f1Macro());
    figures.put(Metric.ECE, report.ece());
    return figures;
  }

  /**
   * Probabilities that were made more honest.
   *
   * @param fit on the validation items
   * @param validationItems their number
   * @param scaled the figures of the evaluated items with the temperature
   */
  public record Temperature(TemperatureScaling fit, int validationItems, ClassificationReport scaled) {}

  /**
   * @param other name of the other run
   * @param differences this run minus the other
   */
  public record Comparison(String other, PairedBootstrap.Comparison differences) {}
}
