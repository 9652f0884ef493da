package org.conceptclip.results;

import com.google.gson.JsonObject;
import java.util.List;
import java.util.SequencedMap;
import org.conceptclip.data.Task;
import org.conceptclip.evaluate.BootstrapOptions;
import org.conceptclip.evaluate.RetrievalReport;

/**
 * A retrieval and all that is said about it.
 *
 * @param model its name
 * @param notice what users of this model must know; empty of most models
 * @param about what was run, for people, by name
 * @param pairs images with their captions
 * @param failed pairs that could not be evaluated, each of which was reported
 * @param warnings lines for people
 */
public record RetrievalRun(String model, String notice, SequencedMap<String, String> about, int pairs, RetrievalReport report,
    BootstrapOptions bootstrap, int failed, List<String> warnings) {

  /** The figures for programs. docs/evaluation.md lists the keys. */
  public JsonObject json() {
    JsonObject root = new JsonObject();
    root.addProperty("task", Task.RETRIEVAL.label());
    root.addProperty("items", pairs);
    root.addProperty("failed", failed);
    root.add("image_to_text", json(report.imageToText()));
    root.add("text_to_image", json(report.textToImage()));
    MetricsJson.addBootstrap(root, bootstrap);
    root.addProperty("model", model);
    JsonObject facts = new JsonObject();
    about.forEach(facts::addProperty);
    root.add("run", facts);
    root.add("warnings", MetricsJson.texts(warnings));
    return root;
  }

  private static JsonObject json(RetrievalReport.Direction direction) {
    JsonObject object = new JsonObject();
    object.addProperty("queries", direction.queries());
    object.addProperty("gallery", direction.gallery());
    JsonObject recall = new JsonObject();
    direction.recall().forEach(one -> recall.add(String.valueOf(one.k()), MetricsJson.interval(one.value())));
    object.add("recall", recall);
    object.add("median_rank", MetricsJson.interval(direction.medianRank()));
    object.add("mean_rank", MetricsJson.interval(direction.meanRank()));
    return object;
  }
}
