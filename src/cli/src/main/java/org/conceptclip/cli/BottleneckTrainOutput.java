package org.conceptclip.cli;

import com.google.gson.GsonBuilder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.conceptclip.probe.Bottleneck;
import org.conceptclip.probe.BottleneckLayer;
import org.conceptclip.probe.BottleneckPath;
import org.conceptclip.probe.FeatureSource;
import org.conceptclip.report.Page;
import org.conceptclip.util.OneLine;

/**
 * What {@code bottleneck train} prints.
 *
 * @param counts items of the classes
 */
record BottleneckTrainOutput(Results out, Bottleneck bottleneck, Optional<BottleneckPath> path, int[] counts) {
  void print(boolean json) {
    if (json) {
      out.line(new GsonBuilder().disableHtmlEscaping().create().toJson(object()));
      return;
    }
    BottleneckLayer layer = bottleneck.layer();
    out.line("items       " + bottleneck.training().items() + " of " + layer.classes().size() + " classes");
    out.line("similarity  " + bottleneck.similarity().description());
    out.line("concepts    " + layer.used().length + " of " + layer.concepts().size() + " have a weight");
    out.line("lambda      " + String.format(Locale.ROOT, "%.4g", bottleneck.lambda()) + (path.isPresent() ? " (chosen)" : " (given)"));
    out.line("accuracy    " + percent(bottleneck.training().accuracy()) + " of the training items"
        + (bottleneck.training().heldOutAccuracy().isPresent()
            ? ", " + percent(bottleneck.training().heldOutAccuracy().getAsDouble()) + " of held-out ones (cross-validation)" : ""));
    path.ifPresent(this::table);
    out.line("");
    out.line("The concepts that decide each class, with their weights:");
    for (int k = 0; k < layer.classes().size(); k++) {
      List<BottleneckLayer.Term> terms = layer.terms(k);
      out.line("");
      out.line(OneLine.of(layer.classes().get(k), Cells.WIDEST) + " (" + counts[k] + (counts[k] == 1 ? " item, " : " items, ")
          + terms.size() + (terms.size() == 1 ? " concept)" : " concepts)"));
      terms.forEach(term -> out.line(String.format(Locale.ROOT, "  %+7.2f  %s", term.weight(), OneLine.of(term.concept(), Cells.WIDEST))));
    }
    out.line("");
    out.line(Page.FOR_RESEARCH);
  }

  private void table(BottleneckPath found) {
    out.line("");
    out.line("    lambda  held-out loss  standard error  held-out accuracy  concepts");
    for (int i = 0; i < found.points().size(); i++) {
      BottleneckPath.Point point = found.points().get(i);
      out.line(String.format(Locale.ROOT, "%10.4g  %13.4f  %14.4f  %17s  %8d%s", point.lambda(), point.loss(), point.standardError(),
          percent(point.accuracy()), point.concepts(), i == found.chosen() ? "  taken" : i == found.best() ? "  smallest loss" : ""));
    }
  }

  private static String percent(double share) {
    return String.format(Locale.ROOT, "%.1f %%", 100 * share);
  }

  private Map<String, Object> object() {
    BottleneckLayer layer = bottleneck.layer();
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("items", bottleneck.training().items());
    object.put("model", bottleneck.model().map(FeatureSource::name).orElse(null));
    object.put("similarity", bottleneck.similarity().kind().label());
    object.put("top_k", bottleneck.similarity().topK());
    object.put("penalty", bottleneck.penalty().label());
    object.put("lambda", bottleneck.lambda());
    object.put("concepts", layer.concepts().size());
    object.put("concepts_used", layer.used().length);
    object.put("accuracy", bottleneck.training().accuracy());
    bottleneck.training().heldOutAccuracy().ifPresent(share -> object.put("held_out_accuracy", share));
    List<Object> classes = new ArrayList<>();
    for (int k = 0; k < layer.classes().size(); k++) {
      Map<String, Object> one = new LinkedHashMap<>();
      one.put("class", layer.classes().get(k));
      one.put("items", counts[k]);
      one.put("bias", layer.bias()[k]);
      one.put("weights", layer.terms(k).stream().collect(Collectors.toMap(BottleneckLayer.Term::concept, BottleneckLayer.Term::weight,
          (first, _) -> first, LinkedHashMap::new)));
      classes.add(one);
    }
    object.put("classes", classes);
    path.ifPresent(found -> object.put("path", found.points().stream().map(BottleneckTrainOutput::point).toList()));
    return object;
  }

  private static Map<String, Object> point(BottleneckPath.Point point) {
    Map<String, Object> one = new LinkedHashMap<>();
    one.put("lambda", point.lambda());
    one.put("held_out_loss", point.loss());
    one.put("standard_error", point.standardError());
    one.put("held_out_accuracy", point.accuracy());
    one.put("concepts", point.concepts());
    return one;
  }
}
