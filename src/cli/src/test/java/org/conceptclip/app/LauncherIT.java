package org.conceptclip.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The launcher script on the packaged jar; runs after the package phase. */
class LauncherIT {
  private static final Path SCRIPT = Path.of("conceptclip").toAbsolutePath();
  private static final Path IMAGE = Path.of("examples/brain-mri-tumour.png").toAbsolutePath();

  @TempDir Path folder;

  @Test
  void runsFromAnyFolderThroughSymbolicLinks() throws Exception {
    Path link = Files.createSymbolicLink(folder.resolve("clip"), SCRIPT);
    Path second = Files.createSymbolicLink(folder.resolve("again"), Path.of("clip"));
    Result result = run(List.of(second.toString(), "classify", IMAGE.toString(), "--json"));
    assertEquals(0, result.code(), result.err());
    assertEquals(1, result.out().lines().count(), result.out());
    assertTrue(result.out().startsWith("{\"image\":"), result.out());
    assertTrue(Files.isSymbolicLink(link));
  }

  @Test
  void argumentsOutsideAsciiArriveInAnyLocale() throws Exception {
    Path image = folder.resolve("Schädel (Übersicht).png");
    Files.copy(IMAGE, image);
    Result result = run(List.of(SCRIPT.toString(), "classify", image.toString(), "--labels", "MRT des Schädels,皮膚", "--json"));
    assertEquals(0, result.code(), result.err());
    assertTrue(result.out().contains("Schädel (Übersicht).png") && result.out().contains("\"皮膚\":"), result.out());
  }

  @Test
  void exitCodesReachTheShellWithoutStackTraces() throws Exception {
    Result result = run(List.of(SCRIPT.toString(), "classify", folder.resolve("absent.png").toString()));
    assertEquals(3, result.code(), result.err());
    assertEquals("", result.out());
    assertTrue(result.err().contains("absent.png: no such file") && !result.err().contains("\tat "), result.err());
  }

  private Result run(List<String> command) throws IOException, InterruptedException {
    Path out = folder.resolve("out.txt");
    Path err = folder.resolve("err.txt");
    ProcessBuilder builder = new ProcessBuilder(command)
        .directory(folder.toFile())
        .redirectOutput(out.toFile())
        .redirectError(err.toFile());
    // A bare locale, as in cron jobs and containers.
    Stream.of("LC_ALL", "LC_CTYPE", "LANG").forEach(builder.environment()::remove);
    Process process = builder.start();
    assertTrue(process.waitFor(5, TimeUnit.MINUTES), "the launcher did not end");
    return new Result(
        process.exitValue(), Files.readString(out, StandardCharsets.UTF_8), Files.readString(err, StandardCharsets.UTF_8));
  }

  private record Result(int code, String out, String err) {}
}
