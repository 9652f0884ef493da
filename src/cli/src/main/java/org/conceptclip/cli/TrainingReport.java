package org.conceptclip.cli;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.util.Locale;
import org.conceptclip.probe.ClassLabels;
import org.conceptclip.probe.CrossValidation;
import org.conceptclip.probe.FeatureRows;
import org.conceptclip.probe.LogisticRegression;
import org.conceptclip.probe.ProbeFacts;
import org.conceptclip.report.Page;
import org.conceptclip.util.OneLine;

/**
 * What {@code probe train} says about a probe.
 *
 * @param chosenOrNull null where C was given
 * @param accuracy on the items that it was trained on
 * @param seconds of cross-validation and fit
 */
record TrainingReport(ProbeFacts facts, ClassLabels classes, FeatureRows rows, LogisticRegression.Fit fit,
    CrossValidation.Result chosenOrNull, double accuracy, double seconds) {
  private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();

  void print(Results out, boolean json) {
    if (json) {
      out.line(GSON.toJson(json()));
    } else {
      table(out);
    }
    out.flush();
  }

  private void table(Results out) {
    out.line(String.format(Locale.ROOT, "%d items of %d features, %d classes", rows.rows(), rows.columns(), classes.names().size()));
    out.line("");
    int[] counts = classes.counts();
    int width = Math.max(5, classes.names().stream().mapToInt(name -> Cells.width(shown(name))).max().orElse(0));
    out.line(Cells.padded("class", width) + "     items");
    for (int k = 0; k < counts.length; k++) {
      out.line(Cells.padded(shown(classes.names().get(k)), width) + String.format(Locale.ROOT, "%10d", counts[k]));
    }
    out.line("");
    if (chosenOrNull != null) {
      out.line("C             log-loss  accuracy   (items held out, " + chosenOrNull.folds() + " folds)");
      for (CrossValidation.Entry entry : chosenOrNull.entries()) {
        out.line(String.format(Locale.ROOT, "%-12.6g  %8.4f  %6.2f %%%s%s", entry.c(), entry.logLoss(), 100 * entry.accuracy(),
            entry.equals(chosenOrNull.best()) ? "   chosen" : "",
            entry.unfinished() == 0 ? "" : "   (" + entry.unfinished() + " fits did not converge)"));
      }
      out.line("");
    }
    out.line("C                  " + facts.training().get("c"));
    out.line(String.format(
        Locale.ROOT, "training accuracy  %.2f %%  (of the items that it was fitted to: no measure of its quality)", 100 * accuracy));
    out.line(String.format(Locale.ROOT, "gradient           %.2g after %d iterations, objective %.10g", fit.gradient(), fit.iterations(),
        fit.objective()));
    out.line(String.format(Locale.ROOT, "seconds            %.2f", seconds));
    out.line("model              " + OneLine.of(facts.source().name(), 80)
        + (facts.source().isKnown() ? " (" + OneLine.of(facts.source().model(), 12) + ")" : ""));
    out.line(Page.FOR_RESEARCH);
  }

  private static String shown(String name) {
    return OneLine.of(name, Cells.WIDEST);
  }

  private JsonObject json() {
    JsonObject json = new JsonObject();
    json.addProperty("items", rows.rows());
    json.addProperty("features", rows.columns());
    JsonObject counted = new JsonObject();
    int[] counts = classes.counts();
    for (int k = 0; k < counts.length; k++) {
      counted.addProperty(classes.names().get(k), counts[k]);
    }
    json.add("classes", counted);
    json.addProperty("c", Double.valueOf(facts.training().get("c")));
    if (chosenOrNull != null) {
      JsonArray entries = new JsonArray();
      for (CrossValidation.Entry entry : chosenOrNull.entries()) {
        JsonObject one = new JsonObject();
        one.addProperty("c", entry.c());
        one.addProperty("log_loss", entry.logLoss());
        one.addProperty("accuracy", entry.accuracy());
        one.addProperty("unfinished", entry.unfinished());
        entries.add(one);
      }
      json.add("cross_validation", entries);
    }
    json.addProperty("training_accuracy", accuracy);
    json.addProperty("gradient", fit.gradient());
    json.addProperty("objective", fit.objective());
    json.addProperty("iterations", fit.iterations());
    json.addProperty("evaluations", fit.evaluations());
    json.addProperty("converged", fit.converged());
    json.add("seconds", new JsonPrimitive(seconds));
    json.addProperty("model", facts.source().name());
    json.addProperty("model_id", facts.source().model());
    json.addProperty("notice", Page.FOR_RESEARCH);
    return json;
  }
}
