package org.conceptclip.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.conceptclip.catalog.OpenModel;
import org.conceptclip.tensor.BadInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code convert} in processes of its own, which are told to end, killed, and run into a full disk while they write. */
@Timeout(120)
class ConvertProcessTest {
  private static final int KILLS = 3;

  /** Takes seconds to write, so that a signal meets it in the middle. */
  private static final String LARGE = "synthetic:full";

  private static final String SMALL = "synthetic:tiny";

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({"TERM, 15", "INT, 2", "KILL, 9"})
  void aConvertThatIsEndedLeavesNothingThatLoadsAndNothingHidden(String name, int signal) throws Exception {
    Path target = folder.resolve("target");
    CliRun.of("convert", SMALL, "--out", target).ended(0);
    byte[] before = Files.readAllBytes(target.resolve("model.safetensors"));
    Random random = new Random(signal);
    for (int round = 0; round < KILLS; round++) {
      boolean replace = round > 0;
      Path out = replace ? target : folder.resolve("new");
      // A program in the background of a script is started with interrupts ignored, and so would be its children.
      Process process = start(List.of("env", "--default-signal=INT"), "convert", LARGE, "--out", out.toString(), "--force");
      try {
        awaitWriting(out);
        Thread.sleep(random.nextInt(150));
        assertEquals(0, new ProcessBuilder("/bin/kill", "-" + name, String.valueOf(process.pid())).inheritIO().start().waitFor());
        assertTrue(process.waitFor(20, TimeUnit.SECONDS), "does not end");
        assertEquals(128 + signal, process.exitValue());
      } finally {
        process.destroyForcibly().waitFor();
      }
      List<String> left = new ArrayList<>(names(folder));
      assertTrue(left.remove("target"));
      left.remove("output.txt");
      String file = out.getFileName().toString();
      assertEquals(name.equals("KILL") ? List.of(file + ".convert-lock", file + ".convert-partial") : List.of(), left);
      assertEquals(List.of(), everythingHidden());
      assertFalse(Files.exists(folder.resolve("new")));
      for (String other : left) {
        assertThrows(BadInputException.class, () -> OpenModel.open(folder.resolve(other).toString()));
      }
      assertEquals(-1, Arrays.mismatch(before, Files.readAllBytes(target.resolve("model.safetensors"))));
      CliRun.of("convert", SMALL, "--out", out, "--force").ended(0);
      OpenModel.open(out.toString()).close();
      deleteModel(folder.resolve("new"));
      Files.deleteIfExists(folder.resolve("output.txt"));
      assertEquals(List.of("target"), names(folder));
    }
  }

  @Test
  void ofTwoAtOnceOneIsRefused() throws Exception {
    Path target = folder.resolve("target");
    Process process = start(List.of(), "convert", LARGE, "--out", target.toString());
    try {
      awaitWriting(target);
      CliRun.of("convert", SMALL, "--out", target, "--force").ended(3)
          .refused(target + ": another convert is writing to it at this moment, expected one at a time");
      assertTrue(process.isAlive());
    } finally {
      process.destroyForcibly().waitFor();
    }
  }

  @Test
  void aFullDiskIsAnErrorThatLeavesNothing() throws Exception {
    assumeTrue(Files.isExecutable(Path.of("/bin/sh")), "no shell to start a process with a limit on file size");
    Path target = folder.resolve("a/target");
    // A limit on the size of files makes writes fail half way, as a full disk does.
    Process process = start(List.of("/bin/sh", "-c", "ulimit -f 4000 && exec \"$@\"", "sh"), "convert", LARGE, "--out", target.toString());
    try {
      assertTrue(process.waitFor(60, TimeUnit.SECONDS), "does not end");
      String said = Files.readString(folder.resolve("output.txt"));
      assertEquals(3, process.exitValue(), said);
      assertTrue(said.lines().count() == 1 && said.contains("cannot be written ("), said);
    } finally {
      process.destroyForcibly().waitFor();
    }
    assertEquals(List.of("output.txt"), names(folder));
  }

  private Process start(List<String> before, String... arguments) throws IOException {
    List<String> command = new ArrayList<>(before);
    command.addAll(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx512m", "-XX:-UsePerfData",
        "--enable-native-access=ALL-UNNAMED", "-cp", System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
        Main.class.getName()));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(folder.resolve("output.txt").toFile()).start();
  }

  /** Waits until a megabyte of the weights is written. */
  private static void awaitWriting(Path target) throws IOException, InterruptedException {
    Path partial = target.resolveSibling(target.getFileName() + ".convert-partial");
    for (int i = 0; i < 3000; i++) {
      try (Stream<Path> files = Files.list(partial)) {
        for (Path file : files.toList()) {
          if (Files.size(file) > 1 << 20) {
            return;
          }
        }
      } catch (NoSuchFileException e) { // not yet
        assertFalse(Files.exists(partial) && i == 2999);
      }
      Thread.sleep(10);
    }
    throw new AssertionError("nothing is written to " + partial);
  }

  private static void deleteModel(Path model) throws IOException {
    if (Files.exists(model)) {
      for (String name : names(model)) {
        Files.delete(model.resolve(name));
      }
      Files.delete(model);
    }
  }

  private List<String> everythingHidden() throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.map(path -> path.getFileName().toString()).filter(name -> name.startsWith(".")).toList();
    }
  }

  private static List<String> names(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
