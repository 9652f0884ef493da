package org.conceptclip.batch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A JVM with a small heap whose host program fills it again and again while requests run. The heap of such a JVM is short wherever the JDK,
 * the encoder or this library happens to allocate, so this covers what planted failures cannot reach. More runs than the few of the suite:
 * {@code mvn verify -pl src/demo -am -Dtest=ScarceMemoryTest -Dsurefire.failIfNoSpecifiedTests=false -Dconceptclip.scarce.jvms=200}.
 */
class ScarceMemoryTest {
  /** The first run of a JVM is the hardest: what is needed for the first time has to be loaded while memory is short. */
  private static final int JVMS = Integer.getInteger("conceptclip.scarce.jvms", 3);

  private static final int RUNS_EACH = Integer.getInteger("conceptclip.scarce.runs", 1);
  private static final String HEAP = System.getProperty("conceptclip.scarce.heap", "-Xmx160m");

  @Test
  @Timeout(7200)
  void theEngineOutlivesEveryShortage(@TempDir Path folder) throws Exception {
    for (int jvm = 0; jvm < JVMS; jvm++) {
      Path output = folder.resolve("output");
      Process host = new ProcessBuilder(List.of(
          Path.of(System.getProperty("java.home"), "bin", "java").toString(), HEAP, "-XX:+UseSerialGC", "--enable-native-access=ALL-UNNAMED",
          "-cp", System.getProperty("java.class.path"), ScarceHost.class.getName(), Integer.toString(RUNS_EACH),
          "examples/chest-xray-normal.png")).redirectErrorStream(true).redirectOutput(output.toFile()).start();
      try {
        assertTrue(host.waitFor(120 + 30L * RUNS_EACH, TimeUnit.SECONDS), () -> "the host hangs:\n" + text(output));
        assertEquals(0, host.exitValue(), () -> text(output));
      } finally {
        host.destroyForcibly();
      }
      List<String> runs = Files.readAllLines(output).stream().filter(line -> line.startsWith("run ")).toList();
      assertEquals(RUNS_EACH, runs.size(), () -> text(output));
      // A run without a request would prove nothing.
      assertTrue(runs.stream().allMatch(line -> line.contains(" requests, ") || line.contains("not opened")), () -> text(output));
    }
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return e.toString();
    }
  }
}
