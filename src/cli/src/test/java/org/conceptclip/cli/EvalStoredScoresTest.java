package org.conceptclip.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code eval --from-scores}: figures without a model. */
class EvalStoredScoresTest {
  @TempDir Path folder;

  private CliRun eval(Object... arguments) {
    return CliRun.of(CliRun.join(new Object[] {"eval"}, arguments));
  }

  private static JsonObject json(String text) {
    return JsonParser.parseString(text).getAsJsonObject();
  }

  /** A file of scores of two classes and a table of its items; {@code right} is the share of items that are right. */
  private Path scores(String name, int items, double right) throws IOException {
    List<String> scores = new ArrayList<>(List.of("image,label,a,b"));
    List<String> data = new ArrayList<>(List.of("image,label,site,split"));
    for (int i = 0; i < items; i++) {
      double confidence = 0.5 + 0.49 * (i * 7 % items) / items;
      boolean ofA = (i % 2 == 0) == (i * 13 % items < right * items);
      String label = i % 2 == 0 ? "a" : "b";
      scores.add("i" + i + ".png," + label + "," + (ofA ? confidence + "," + (1 - confidence) : 1 - confidence + "," + confidence));
      data.add("i" + i + ".png," + label + "," + (i % 3 == 0 ? "north" : "south") + "," + (i % 5 == 0 ? "val" : "test"));
    }
    Path place = Files.createDirectories(folder.resolve(name));
    Files.write(place.resolve("data.csv"), data);
    return Files.write(place.resolve("scores.csv"), scores);
  }

  @Test
  void storedScoresNeedNoModel() throws Exception {
    Path scores = scores("s", 300, 0.8);
    Path out = folder.resolve("out");
    CliRun run = eval("--from-scores", scores, "--data", scores.resolveSibling("data.csv"), "--group", "site", "--validation-column",
        "split=val", "--out", out, "--json").ended(0);
    assertFalse(run.err().contains("model"), run.err());
    JsonObject metrics = json(run.out());
    assertTrue(metrics.get("model").isJsonNull());
    assertEquals(240, metrics.get("items").getAsInt());
    assertEquals(0.8, metrics.get("accuracy").getAsDouble(), 0.02);
    assertEquals(80, metrics.getAsJsonObject("groups").getAsJsonObject("site").getAsJsonObject("north").get("items").getAsInt());
    assertTrue(metrics.getAsJsonObject("gaps").getAsJsonObject("site").getAsJsonObject("accuracy").get("low").getAsDouble() >= 0);
    JsonObject temperature = metrics.getAsJsonObject("temperature");
    assertEquals(60, temperature.getAsJsonObject("validation").get("items").getAsInt());
    assertTrue(temperature.get("value").getAsDouble() > 0.1, temperature.toString());
    EvalPages.check(out.resolve("report.html"), "not recorded", "240 items", "By site", "temperature");
    assertEquals(241, Files.readAllLines(out.resolve("scores.csv")).size());

    eval("--from-scores", scores, "--labels", "b,a").ended(3).refused("expected those of --labels in their order: b, a");
    eval("--from-scores", scores.resolveSibling("data.csv")).ended(3).refused("\"site\" is \"north\"");
    Files.writeString(scores, "image,label,a,b\nx.png,a,0.5,0.9\n");
    eval("--from-scores", scores).ended(3).refused("sum");
    Files.writeString(scores, "image,label,a,b\nx.png,c,0.5,0.5\n");
    eval("--from-scores", scores).ended(3).refused("row 1: label \"c\", expected one of the columns: a, b");
    Files.writeString(scores, "image,label,a,b\nx.png,a,NaN,0.5\n");
    eval("--from-scores", scores).ended(3).refused("\"a\" is \"NaN\", expected a number from 0 to 1");
    Files.writeString(scores, "image,label,a,b\nx.png,a,0.5,0.5\ny.png,b,0.5,0.5\n");
    Files.writeString(scores.resolveSibling("data.csv"), "image,label\ny.png,b\n");
    eval("--from-scores", scores, "--data", scores.resolveSibling("data.csv"), "--out", out).ended(5)
        .said("row 1: image \"x.png\" of \"a\", expected one that --data lists").said("1 of 2 items");
  }

  @Test
  void runsAreComparedItemByItem() throws Exception {
    Path before = scores("before", 200, 0.6);
    Path now = scores("now", 200, 0.9);
    CliRun run = eval("--from-scores", now, "--compare", before.getParent(), "--json").ended(0);
    JsonObject accuracy = json(run.out()).getAsJsonObject("comparison").getAsJsonObject("differences").getAsJsonObject("accuracy");
    JsonObject difference = accuracy.getAsJsonObject("difference");
    assertEquals(0.3, difference.get("value").getAsDouble(), 1e-9);
    assertTrue(difference.get("low").getAsDouble() > 0.2 && difference.get("high").getAsDouble() < 0.4, run.out());
    assertEquals(0.6, accuracy.get("other").getAsDouble());
    EvalPages.check(now.resolveSibling("report.html"), "Compared with " + before.getParent());
    eval("--from-scores", now, "--compare", folder.resolve("absent")).ended(3).refused("absent/scores.csv", "no such file");
    Path fewer = scores("fewer", 199, 0.6);
    eval("--from-scores", now, "--compare", fewer.getParent()).ended(3).refused("row 200: no more items, expected the same items");
    Files.writeString(fewer, Files.readString(fewer).replace("label,a,b", "label,a,c"));
    eval("--from-scores", now, "--compare", fewer.getParent()).ended(3).refused("columns a, c, expected those of this run: a, b");
  }
}
