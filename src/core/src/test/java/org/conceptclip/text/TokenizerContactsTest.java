package org.conceptclip.text;

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

/** What a tokenizer touches besides its files: nothing. Each test runs in a fresh process. */
@Timeout(180)
class TokenizerContactsTest {
  @TempDir Path folder;

  @Test
  void nothingIsContactedUnpackedOrLoaded() throws Exception {
    Path home = Files.createDirectory(folder.resolve("home"));
    Path temporary = Files.createDirectory(folder.resolve("tmp"));
    List<String> facts = run("ours", "-Duser.home=" + home, "-Djava.io.tmpdir=" + temporary);
    assertEquals(List.of("ids [2, 4, 5, 6, 7, 3]"), facts);
    for (Path place : List.of(home, temporary)) {
      try (Stream<Path> files = Files.walk(place)) {
        assertEquals(List.of(), files.filter(Files::isRegularFile).filter(file -> !file.toString().contains("hsperfdata")).toList());
      }
    }
    List<String> loaded = Files.readAllLines(folder.resolve("classes.log")).stream()
        .map(line -> line.replaceFirst("^(\\[[^]]*])+ ", "").split(" ")[0]).toList();
    assertTrue(loaded.contains(TextTokenizer.class.getName()));
    for (String name : loaded) {
      assertFalse(name.startsWith("ai.djl.") || name.startsWith("com.sun.jna.") || name.startsWith("java.net.http."), name);
      assertFalse(name.startsWith("java.net.HttpURLConnection") || name.startsWith("org.conceptclip.util.Native"), name);
    }
  }

  @Test
  void theRecorderSeesLookupsPagesAndSockets() throws Exception {
    List<String> facts = run("control");
    assertTrue(facts.contains("contact lookup example.invalid"), facts.toString());
    assertTrue(facts.contains("contact http://example.invalid/latest"), facts.toString());
    assertTrue(facts.contains("contact socket"), facts.toString());
  }

  private List<String> run(String mode, String... options) throws Exception {
    List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-XX:TieredStopAtLevel=1", "-Xlog:class+load:file=" + folder.resolve("classes.log"), "-cp", services() + File.pathSeparator
        + System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"))));
    command.addAll(List.of(options));
    command.addAll(List.of(TokenizerChild.class.getName(), mode));
    Path output = folder.resolve("output");
    Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile()).start();
    try {
      assertTrue(process.waitFor(120, TimeUnit.SECONDS), "the child hangs");
    } finally {
      process.destroyForcibly();
    }
    List<String> lines = Files.readAllLines(output);
    assertEquals(0, process.exitValue(), lines.toString());
    return lines;
  }

  private Path services() throws IOException {
    Path services = Files.createDirectories(folder.resolve("services/META-INF/services"));
    Files.writeString(services.resolve("java.net.spi.InetAddressResolverProvider"), ContactRecorder.class.getName());
    return folder.resolve("services");
  }
}
