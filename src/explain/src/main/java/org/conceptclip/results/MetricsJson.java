package org.conceptclip.results;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.util.List;
import org.conceptclip.evaluate.BootstrapOptions;
import org.conceptclip.evaluate.ClassificationReport;
import org.conceptclip.evaluate.Interval;
import org.conceptclip.evaluate.PairedBootstrap;

/** Figures as JSON for programs. A figure that is not defined is {@code null}. */
public final class MetricsJson {
  private static final Gson LINE = new GsonBuilder().serializeNulls().disableHtmlEscaping().create();
  private static final Gson PRETTY = new GsonBuilder().serializeNulls().disableHtmlEscaping().setPrettyPrinting().create();

  private MetricsJson() {}

  /** An object on one line. */
  public static String line(JsonObject object) {
    return LINE.toJson(object);
  }

  /** An object on many lines, for a file. */
  public static String file(JsonObject object) {
    return PRETTY.toJson(object) + "\n";
  }

  /** Everything about a classification. docs/evaluation.md lists the keys. */
  public static JsonObject of(ClassificationRun run) {
    ClassificationReport report = run.report();
    JsonObject root = new JsonObject();
    root.addProperty("task", run.task().label());
    root.addProperty("items", report.items());
    root.addProperty("failed", run.failed());
    JsonObject intervals = new JsonObject();
    ClassificationRun.headlines(report).forEach((metric, figure) -> {
      root.add(metric.key(), number(figure.value()));
      intervals.add(metric.key(), interval(figure));
    });
    root.add("precision_macro", number(report.precisionMacro()));
    root.add("recall_macro", number(report.recallMacro()));
    root.add("intervals", intervals);
    run.pooled().ifPresent(one -> {
      JsonObject pooled = new JsonObject();
      pooled.addProperty("pairs", one.pairs());
      pooled.add("accuracy", number(one.accuracy()));
      pooled.add("auroc", number(one.auroc()));
      root.add("pooled", pooled);
    });
    JsonObject auroc = new JsonObject();
    JsonObject averagePrecision = new JsonObject();
    JsonObject classes = new JsonObject();
    for (ClassificationReport.ClassFigures one : report.classes()) {
      auroc.add(one.label(), interval(one.auroc()));
      averagePrecision.add(one.label(), interval(one.averagePrecision()));
      JsonObject figures = new JsonObject();
      figures.addProperty("items", one.positives());
      figures.add("precision", number(one.precision()));
      figures.add("recall", number(one.recall()));
      figures.add("f1", number(one.f1()));
      classes.add(one.label(), figures);
    }
    root.add("auroc", auroc);
    root.add("average_precision", averagePrecision);
    root.add("classes", classes);
    root.add("confusion", report.confusion() == null ? JsonNull.INSTANCE : LINE.toJsonTree(report.confusion()));
    root.add("reliability", bins(report.reliability()));
    addGroups(root, report.groups());
    root.add("temperature", run.temperature().<JsonElement>map(MetricsJson::temperature).orElse(JsonNull.INSTANCE));
    root.add("comparison", run.comparison().<JsonElement>map(MetricsJson::comparison).orElse(JsonNull.INSTANCE));
    addBootstrap(root, run.bootstrap());
    root.addProperty("model", run.model().orElse(null));
    JsonObject about = new JsonObject();
    run.about().forEach(about::addProperty);
    root.add("run", about);
    root.add("warnings", texts(run.warnings()));
    return root;
  }

  private static JsonArray bins(ClassificationReport.Reliability reliability) {
    JsonArray bins = new JsonArray();
    for (ClassificationReport.Reliability.Bin bin : reliability.bins()) {
      JsonObject object = new JsonObject();
      object.add("low", number(bin.low()));
      object.add("high", number(bin.high()));
      object.addProperty("items", bin.items());
      object.add("confidence", number(bin.confidence()));
      object.add("accuracy", number(bin.accuracy()));
      bins.add(object);
    }
    return bins;
  }

  private static void addGroups(JsonObject root, List<ClassificationReport.GroupTable> tables) {
    JsonObject columns = new JsonObject();
    JsonObject gaps = new JsonObject();
    for (ClassificationReport.GroupTable table : tables) {
      JsonObject values = new JsonObject();
      for (ClassificationReport.GroupFigures group : table.groups()) {
        JsonObject object = new JsonObject();
        object.addProperty("items", group.items());
        object.add("accuracy", number(group.accuracy().value()));
        object.add("auroc_macro", number(group.aurocMacro().value()));
        object.addProperty("too_small", group.tooSmall());
        JsonObject intervals = new JsonObject();
        intervals.add("accuracy", interval(group.accuracy()));
        intervals.add("auroc_macro", interval(group.aurocMacro()));
        object.add("intervals", intervals);
        values.add(group.value(), object);
      }
      columns.add(table.column(), values);
      JsonObject gap = new JsonObject();
      gap.add("accuracy", interval(table.accuracyGap()));
      gap.add("auroc_macro", interval(table.aurocGap()));
      gaps.add(table.column(), gap);
    }
    root.add("groups", columns);
    root.add("gaps", gaps);
  }

  private static JsonObject temperature(ClassificationRun.Temperature temperature) {
    JsonObject object = new JsonObject();
    object.add("value", number(temperature.fit().temperature()));
    object.addProperty("at_limit", temperature.fit().atLimit());
    JsonObject validation = new JsonObject();
    validation.addProperty("items", temperature.validationItems());
    validation.add("nll_before", number(temperature.fit().nllBefore()));
    validation.add("nll_after", number(temperature.fit().nllAfter()));
    validation.add("ece_before", number(temperature.fit().eceBefore()));
    validation.add("ece_after", number(temperature.fit().eceAfter()));
    object.add("validation", validation);
    object.add("ece", interval(temperature.scaled().ece()));
    object.add("reliability", bins(temperature.scaled().reliability()));
    return object;
  }

  private static JsonObject comparison(ClassificationRun.Comparison comparison) {
    JsonObject object = new JsonObject();
    object.addProperty("other", comparison.other());
    JsonObject differences = new JsonObject();
    comparison.differences().metrics().forEach((metric, difference) -> differences.add(metric.key(), difference(difference)));
    object.add("differences", differences);
    JsonObject auroc = new JsonObject();
    for (int i = 0; i < comparison.differences().labels().size(); i++) {
      auroc.add(comparison.differences().labels().get(i), difference(comparison.differences().auroc().get(i)));
    }
    object.add("auroc", auroc);
    return object;
  }

  private static JsonObject difference(PairedBootstrap.Difference difference) {
    JsonObject object = new JsonObject();
    object.add("other", number(difference.first()));
    object.add("this", number(difference.second()));
    object.add("difference", interval(difference.difference()));
    object.add("p", number(difference.p()));
    return object;
  }

  static void addBootstrap(JsonObject root, BootstrapOptions options) {
    JsonObject bootstrap = new JsonObject();
    bootstrap.addProperty("resamples", options.resamples());
    bootstrap.addProperty("seed", options.seed());
    bootstrap.addProperty("level", options.level());
    bootstrap.addProperty("smallest_group", options.smallestGroup());
    root.add("bootstrap", bootstrap);
  }

  static JsonObject interval(Interval figure) {
    JsonObject object = new JsonObject();
    object.add("value", number(figure.value()));
    object.add("low", number(figure.low()));
    object.add("high", number(figure.high()));
    return object;
  }

  static JsonElement number(double value) {
    return Double.isFinite(value) ? new JsonPrimitive(value) : JsonNull.INSTANCE;
  }

  static JsonArray texts(List<String> texts) {
    JsonArray array = new JsonArray();
    texts.forEach(array::add);
    return array;
  }
}
