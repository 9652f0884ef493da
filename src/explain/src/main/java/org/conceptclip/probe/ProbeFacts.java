package org.conceptclip.probe;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonParseException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.conceptclip.report.Page;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.OneLine;
import org.conceptclip.weights.StrictJson;

/**
 * Where a probe comes from: the metadata of its file.
 *
 * @param classes names, at least two, all different
 * @param source the model whose features it was trained on
 * @param training how it was trained, for people: names and values of any kind
 */
public record ProbeFacts(List<String> classes, FeatureSource source, Map<String, String> training) {
  /** What a file is, by its metadata's {@code kind}. */
  public static final String KIND = "linear-probe";

  private static final String VERSION = "1";
  private static final List<String> OWN = List.of("kind", "version", "classes", "model", "model_name", "preprocessing", "notice");
  private static final int MOST_CLASSES = 1 << 20;

  public ProbeFacts {
    classes = List.copyOf(classes);
    training = Collections.unmodifiableMap(new LinkedHashMap<>(training));
  }

  /** The metadata of a file. */
  Map<String, String> metadata() {
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put("kind", KIND);
    metadata.put("version", VERSION);
    metadata.put("classes", new Gson().newBuilder().disableHtmlEscaping().create().toJson(classes));
    metadata.put("model", source.model());
    metadata.put("model_name", source.name());
    metadata.put("preprocessing", source.preprocessing());
    metadata.putAll(training);
    metadata.put("notice", Page.FOR_RESEARCH);
    return metadata;
  }

  /** Reads metadata. */
  static ProbeFacts of(String file, Map<String, String> metadata) {
    if (!KIND.equals(metadata.get("kind"))) {
      throw new BadInputException(file + ": kind " + OneLine.quoted(metadata.getOrDefault("kind", "missing"), 60) + ", expected " + KIND
          + ", as probe train writes it");
    }
    if (!VERSION.equals(metadata.get("version"))) {
      throw new BadInputException(file + ": version " + OneLine.quoted(metadata.getOrDefault("version", "missing"), 60)
          + " of the format, expected " + VERSION + " (a later version of this program may have written it)");
    }
    Map<String, String> training = new LinkedHashMap<>(metadata);
    OWN.forEach(training::remove);
    FeatureSource source = new FeatureSource(
        text(file, metadata, "model"), text(file, metadata, "model_name"), text(file, metadata, "preprocessing"));
    return new ProbeFacts(classes(file, text(file, metadata, "classes")), source, training);
  }

  private static String text(String file, Map<String, String> metadata, String key) {
    String value = metadata.get(key);
    if (value == null || value.isBlank()) {
      throw new BadInputException(file + ": metadata without " + key + ", expected those that probe train writes");
    }
    return value;
  }

  private static List<String> classes(String file, String json) {
    List<String> names = new ArrayList<>();
    try {
      if (StrictJson.parse(json) instanceof JsonArray array && array.size() <= MOST_CLASSES) {
        for (JsonElement element : array) {
          if (element.isJsonPrimitive() && element.getAsJsonPrimitive().isString() && !element.getAsString().isBlank()) {
            names.add(element.getAsString());
          } else {
            throw refused(file, json);
          }
        }
      }
    } catch (JsonParseException | IOException e) {
      throw refused(file, json);
    }
    if (names.size() < 2 || new HashSet<>(names).size() < names.size()) {
      throw refused(file, json);
    }
    return names;
  }

  private static BadInputException refused(String file, String json) {
    return new BadInputException(file + ": classes " + OneLine.of(json, 80) + ", expected a JSON array of at least two different names");
  }
}
