package org.conceptclip.probe;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.conceptclip.data.Npy;

/** What {@code model-conversion/fixtures/make_probe_fixtures.py} has written. */
record ProbeFixture(FeatureRows features, int[] labels, int classes, boolean balanced, boolean standardised, double c, double[][] weight,
    double[] intercept, double[][] probabilities) {

  static ProbeFixture read(String name) {
    JsonObject json = json(name);
    int[] labels = json.getAsJsonArray("labels").asList().stream().mapToInt(JsonElement::getAsInt).toArray();
    return new ProbeFixture(FeatureRows.of(name, Npy.read(path(name + ".npy"))), labels,
        1 + Arrays.stream(labels).max().orElseThrow(), json.get("balanced").getAsBoolean(), json.get("standardised").getAsBoolean(),
        json.get("c").getAsDouble(), rows(json, "weight"), numbers(json.get("intercept")), rows(json, "probabilities"));
  }

  static JsonObject json(String name) {
    try {
      return JsonParser.parseString(Files.readString(path(name + ".json"))).getAsJsonObject();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Path path(String name) {
    try {
      return Path.of(ProbeFixture.class.getResource("/probe/" + name).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  private static double[][] rows(JsonObject json, String name) {
    List<JsonElement> rows = json.getAsJsonArray(name).asList();
    return rows.stream().map(ProbeFixture::numbers).toArray(double[][]::new);
  }

  static double[] numbers(JsonElement array) {
    return array.getAsJsonArray().asList().stream().mapToDouble(JsonElement::getAsDouble).toArray();
  }
}
