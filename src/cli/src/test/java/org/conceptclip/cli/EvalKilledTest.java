package org.conceptclip.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code eval} in a process of its own that is killed, as by a machine that goes down. */
@Timeout(120)
class EvalKilledTest {
  private static final Path EXAMPLES = Path.of("examples").toAbsolutePath();
  private static final int ROUNDS = 60;

  @TempDir Path folder;

  @Test
  void aKilledRunGoesOnAndEndsAsIfNothingHadHappened() throws Exception {
    List<String> lines = new ArrayList<>(List.of("image,label"));
    List<String> items = Files.readAllLines(Path.of("examples.csv")).stream().skip(1)
        .map(line -> Path.of("").toAbsolutePath() + "/" + line.split(",")[0] + "," + line.split(",")[1]).toList();
    for (int i = 0; i < ROUNDS; i++) {
      lines.addAll(items);
    }
    Path table = Files.write(folder.resolve("t.csv"), lines);
    Path out = folder.resolve("killed");
    for (int enough : new int[] {5, 60, 200}) {
      killed(table, out, enough);
      assertFalse(Files.exists(out.resolve("scores.csv")), "no results of half a run");
    }
    eval(table, out).ended(0).said(" of " + ROUNDS * 12 + " are there");
    Path whole = folder.resolve("whole");
    eval(table, whole).ended(0);
    try (Stream<Path> files = Files.list(whole)) {
      List<String> names = files.map(file -> file.getFileName().toString()).sorted().toList();
      assertEquals(List.of("metrics.json", "report.html", "run.json", "scores.csv"), names);
      for (String name : names) {
        assertEquals(Files.readString(whole.resolve(name)), Files.readString(out.resolve(name)), name);
      }
    }
  }

  private CliRun eval(Path table, Path out) {
    return CliRun.of("eval", "--data", table, "--backend", "cpu", "--bootstrap", 20, "--out", out);
  }

  /** Starts a run and kills it when so many items are kept. */
  private void killed(Path table, Path out, int enough) throws Exception {
    File err = folder.resolve("err").toFile();
    Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-XX:TieredStopAtLevel=1", "--sun-misc-unsafe-memory-access=allow",
        "-XX:+UseSerialGC", "--enable-native-access=ALL-UNNAMED", "-cp",
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")), Main.class.getName(), "eval", "--data",
        table.toString(), "--backend", "cpu", "--bootstrap", "20", "--out", out.toString())
        .redirectError(err).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
    try {
      while (kept(out) < enough) {
        assertTrue(process.isAlive(), () -> "ended before it was killed: " + text(err));
        Thread.sleep(2);
      }
    } finally {
      process.destroyForcibly();
    }
    assertTrue(process.waitFor(30, TimeUnit.SECONDS), "still there");
    assertTrue(kept(out) >= enough && kept(out) < ROUNDS * 12, "kept " + kept(out));
  }

  private static long kept(Path out) throws IOException {
    Path part = out.resolve("scores.part");
    if (!Files.exists(part)) {
      return 0;
    }
    return Math.max(0, Files.readString(part).chars().filter(c -> c == '\n').count() - 1);
  }

  private static String text(File file) {
    try {
      return Files.readString(file.toPath());
    } catch (IOException e) {
      return e.toString();
    }
  }
}
