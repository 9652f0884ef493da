package org.conceptclip.cli;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.conceptclip.ClassProbability;
import org.conceptclip.Classification;
import org.conceptclip.probe.Bottleneck;
import org.conceptclip.probe.BottleneckLayer;
import org.conceptclip.util.ArgMax;

/**
 * Probabilities on stdout, as soon as those of an item are known: a table, or with {@code --json} one object an item, {@code {"image" or
 * "item", "label", "probabilities", "model"}}.
 */
final class BottleneckResults {
  private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();

  private final Results out;
  private final Bottleneck bottleneck;
  private final TableClassifications tableOrNull;

  BottleneckResults(Results out, Bottleneck bottleneck, boolean json) {
    this.out = out;
    this.bottleneck = bottleneck;
    this.tableOrNull = json ? null : new TableClassifications(out, bottleneck.layer().classes(), false);
  }

  /** Tells the name of an image before its result comes. */
  void expect(String image) {
    if (tableOrNull != null) {
      tableOrNull.expect(image);
    }
  }

  /** The result of an image. */
  void add(String image, double[] similarities) {
    JsonObject object = new JsonObject();
    object.addProperty("image", image);
    add(image, object, similarities);
  }

  /** The result of a row of similarities, counted from 0. */
  void add(int item, double[] similarities) {
    JsonObject object = new JsonObject();
    object.addProperty("item", item);
    add(Integer.toString(item), object, similarities);
  }

  private void add(String name, JsonObject object, double[] similarities) {
    BottleneckLayer layer = bottleneck.layer();
    double[] probabilities = layer.probabilities(similarities);
    if (tableOrNull != null) {
      tableOrNull.add(name, classification(layer.classes(), probabilities));
      return;
    }
    object.addProperty("label", layer.classes().get(ArgMax.of(probabilities)));
    JsonObject byClass = new JsonObject();
    for (int k = 0; k < probabilities.length; k++) {
      byClass.addProperty(layer.classes().get(k), probabilities[k]);
    }
    object.add("probabilities", byClass);
    bottleneck.model().ifPresent(model -> object.addProperty("model", model.name()));
    out.line(GSON.toJson(object));
    out.flush();
  }

  private static Classification classification(List<String> names, double[] probabilities) {
    List<ClassProbability> classes = new ArrayList<>();
    for (int k = 0; k < probabilities.length; k++) {
      classes.add(new ClassProbability(names.get(k), probabilities[k]));
    }
    classes.sort(Comparator.comparingDouble(ClassProbability::probability).reversed());
    return new Classification(classes);
  }
}
