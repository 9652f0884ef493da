package org.conceptclip.results;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.conceptclip.tensor.BadInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunStoreTest {
  @TempDir Path folder;

  private static SequencedMap<String, String> facts(String labels) {
    return new LinkedHashMap<>(Map.of("labels", labels));
  }

  private RunStore.Stored found() {
    return RunStore.find(folder).orElseThrow();
  }

  @Test
  void whatWasKeptIsFoundWhateverTheEnd() throws IOException {
    assertTrue(RunStore.find(folder).isEmpty());
    try (RunStore store = RunStore.begin(folder, facts("a\u2028\n\u00b5"), Map.of("0", "0.0"))) {
      store.add("1", "0.5");
      store.add("2", "0.25");
    }
    Path part = folder.resolve(RunStore.PART);
    long whole = Files.size(part);
    assertEquals(Map.of("0", "0.0", "1", "0.5", "2", "0.25"), found().kept());
    assertEquals(facts("a\u2028\n\u00b5"), found().facts());
    for (String torn : List.of("3", "3\t", "3\t0.125", "x".repeat(100_000))) {
      Files.writeString(part, torn, StandardOpenOption.APPEND);
      assertEquals(3, found().kept().size(), torn);
      RunStore.begin(folder, facts("a"), Map.of()).close();
      assertEquals(whole, Files.size(part), "what was torn is cut off");
    }
    try (RunStore store = RunStore.begin(folder, facts("a"), Map.of())) {
      store.add("3", "0.125");
    }
    assertEquals(List.of("0", "1", "2", "3"), List.copyOf(found().kept().keySet()));
    Files.writeString(part, "{\"facts\"");
    assertTrue(RunStore.find(folder).isEmpty(), "a head that was torn holds nothing");
  }

  @Test
  void oneProcessAtATime() {
    try (RunStore store = RunStore.begin(folder, facts("a"), Map.of())) {
      store.add("1", "x");
      assertTrue(assertThrows(BadInputException.class, () -> RunStore.begin(folder, facts("a"), Map.of())).getMessage()
          .contains("another process is writing it"));
      store.add("2", "y");
    }
    assertEquals(2, found().kept().size());
  }

  @Test
  void completeRunsKnowTheirFiles() throws IOException {
    RunStore.begin(folder, facts("a"), Map.of()).close();
    Files.writeString(folder.resolve("scores.csv"), "content");
    RunStore.complete(folder, facts("a"), Map.of("scores.csv", List.of("4", "7")));
    assertFalse(Files.exists(folder.resolve(RunStore.PART)));
    assertTrue(found().complete());
    assertEquals(List.of("4", "7"), found().keys("scores.csv"));
    assertEquals(List.of(), found().keys("other.csv"));
    found().requireSame(Map.of("labels", "a", "more", "x"));
    String other = assertThrows(BadInputException.class, () -> found().requireSame(Map.of("labels", "b"))).getMessage();
    assertTrue(other.contains("holds a run of labels a, now b; expected the same, or --force"), other);
    Files.writeString(folder.resolve("scores.csv"), "contents");
    assertTrue(assertThrows(BadInputException.class, () -> found().keys("scores.csv")).getMessage().contains("was changed"));
    Files.writeString(folder.resolve(RunStore.RECORD), "{");
    assertTrue(assertThrows(BadInputException.class, this::found).getMessage().contains("damaged"));
    RunStore.forget(folder);
    assertTrue(RunStore.find(folder).isEmpty());
  }

  @Test
  void scoresComeBackToTheBit() throws IOException {
    double[] scores = {1.0 / 3, 4.9e-324, 1 - 1.0 / 3};
    Path file = folder.resolve("scores.csv");
    new ScoreTable(List.of("a, \"b\"", "c", "\u00b5"), List.of(new ScoreTable.ScoreRow("x, y\n.png", "c", scores),
        new ScoreTable.ScoreRow("z", "", scores))).write(file);
    ScoreTable read = ScoreTable.read(file);
    assertEquals(List.of("a, \"b\"", "c", "\u00b5"), read.labels());
    assertEquals("x, y\n.png", read.rows().get(0).image());
    assertEquals("", read.rows().get(1).label());
    assertEquals(List.of(scores[0], scores[1], scores[2]), Arrays.stream(read.rows().get(0).scores()).boxed().toList());
  }

  @Test
  void curvesGoFromCornerToCorner() {
    List<double[]> points = RocCurve.points(new boolean[] {true, false, true, false}, new double[] {0.9, 0.8, 0.7, 0.1});
    assertEquals(List.of("0.0,0.0", "0.0,0.5", "0.5,0.5", "0.5,1.0", "1.0,1.0"),
        points.stream().map(point -> point[0] + "," + point[1]).toList());
    List<double[]> ties = RocCurve.points(new boolean[] {true, false, true, false}, new double[] {0.5, 0.5, 0.5, 0.5});
    assertEquals(2, ties.size(), "equal scores are one oblique step");
    boolean[] truth = new boolean[100_000];
    double[] scores = new double[truth.length];
    for (int i = 0; i < truth.length; i++) {
      truth[i] = i % 3 == 0;
      scores[i] = i * 7919L % truth.length;
    }
    assertTrue(RocCurve.points(truth, scores).size() <= 1001, "no more points than a page shows");
  }
}
