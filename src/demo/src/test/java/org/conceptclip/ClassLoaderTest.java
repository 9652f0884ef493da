package org.conceptclip;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The library in several class loaders of one JVM, as an application server redeploys it: each works, and each is collected after its
 * program was closed. In a JVM of its own, {@link ClassLoaderChild}.
 */
@Timeout(180)
class ClassLoaderTest {
  private static final int ROUNDS = 4;

  @TempDir private Path folder;

  @Test
  void everyClassLoaderWorksAndIsCollected() throws Exception {
    List<String> lines = run("-Da=b");
    assertEquals(Collections.nCopies(ROUNDS, "collected"), lines.stream().filter(line -> line.contains("collected")).toList());
    List<String> vectors = lines.stream().filter(line -> line.startsWith("vectors ")).toList();
    assertEquals(Collections.nCopies(ROUNDS, vectors.getFirst()), vectors);
    assertTrue(lines.contains("two at once: same vectors"), lines.toString());
  }

  @Test
  void alsoWhereNothingCanBeKept() throws Exception {
    Path temporary = Files.createDirectory(folder.resolve("tmp"));
    List<String> lines = run("-Duser.home=/dev/null", "-Djava.io.tmpdir=" + temporary);
    assertEquals(Collections.nCopies(ROUNDS, "collected"), lines.stream().filter(line -> line.contains("collected")).toList());
    try (Stream<Path> left = Files.list(temporary)) {
      assertEquals(List.of(), left.filter(path -> !path.getFileName().toString().startsWith("hsperfdata")).toList());
    }
  }

  private List<String> run(String... options) throws Exception {
    List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "--enable-native-access=ALL-UNNAMED", "-Xmx512m",
        // The JDK's ObjectMethods remembers the type of the last record that was compared, softly: such references go at once here.
        "-XX:SoftRefLRUPolicyMSPerMB=0"));
    command.addAll(Arrays.asList(options));
    command.addAll(List.of("-cp", System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
        ClassLoaderChild.class.getName(), String.valueOf(ROUNDS)));
    Path output = folder.resolve("output");
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
    builder.environment().keySet().removeAll(List.of("CONCEPTCLIP_CACHE", "XDG_CACHE_HOME"));
    Process process = builder.start();
    try {
      assertTrue(process.waitFor(150, TimeUnit.SECONDS), "the child hangs");
    } finally {
      process.destroyForcibly();
    }
    assertEquals(0, process.exitValue(), Files.readString(output));
    return Files.readAllLines(output);
  }
}
