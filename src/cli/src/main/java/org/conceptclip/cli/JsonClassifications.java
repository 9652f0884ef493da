package org.conceptclip.cli;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import java.util.List;
import java.util.Map;
import org.conceptclip.Classification;

/** One JSON object per line, as soon as it is known: {@code {"image", "probabilities": {label: p}, "model", "backend"}}. */
record JsonClassifications(Results out, String model, String backend, List<String> labels) implements Classifications {
  private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();

  @Override
  public void add(String image, Classification classification) {
    Map<String, Double> probabilities = classification.asMap();
    JsonObject byLabel = new JsonObject();
    labels.forEach(label -> byLabel.addProperty(label, probabilities.get(label)));
    JsonObject line = new JsonObject();
    line.addProperty("image", image);
    line.add("probabilities", byLabel);
    line.addProperty("model", model);
    line.addProperty("backend", backend);
    out.line(GSON.toJson(line));
    out.flush();
  }
}
