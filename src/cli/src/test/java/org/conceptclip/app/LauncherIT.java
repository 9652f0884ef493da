package org.conceptclip.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The launcher script on the packaged jar; runs after the package phase. */
class LauncherIT {
  private static final Path SCRIPT = Path.of("conceptclip").toAbsolutePath();
  private static final Path IMAGE = Path.of("examples/brain-mri-tumour.png").toAbsolutePath();
  private static final Path JPEG = Path.of("examples/skin-lesion-nevus.jpg").toAbsolutePath();

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

  @Test
  void aLocaleThatIsNamedButNotInstalledChangesNothing() throws Exception {
    List<String> labels = List.of("--labels", "Lungenödem µm,皮膚,brain MRI", "--json");
    String expected = classified(run(launched("classify", labels)));
    assertTrue(expected.contains("\"Lungenödem µm\":"), expected);
    assertEquals(expected, classified(run(launched("classify", labels), Map.of("LANG", "xx_XX.UTF-8"))));
    // Without the launcher, in locales that know ASCII alone.
    List<String> java = new ArrayList<>(List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(), "--enable-native-access=ALL-UNNAMED",
        "--sun-misc-unsafe-memory-access=allow", "-jar", "src/cli/target/conceptclip.jar", "classify", IMAGE.toString()));
    java.set(4, Path.of(java.get(4)).toAbsolutePath().toString());
    java.addAll(labels);
    assertEquals(expected, classified(run(java, Map.of("LC_ALL", "C"))));
    assertEquals(expected, classified(run(java, Map.of("LANG", "xx_XX.UTF-8"))));
  }

  @Test
  void filesOfAnyNameAreRead() throws Exception {
    String script = "mkdir $'cwd\\351' && cd $'cwd\\351' && cp " + IMAGE + " $'a\\351\\n.png' && cp " + IMAGE + " ä.png"
        + " && exec " + SCRIPT + " classify *.png --json";
    Result result = run(List.of("bash", "-c", script), Map.of("LANG", "xx_XX.UTF-8"));
    assertEquals(0, result.code(), result.err());
    List<String> lines = result.out().lines().toList();
    assertEquals(2, lines.size(), result.out());
    assertTrue(lines.get(0).startsWith("{\"image\":\"a\\\\xE9\\n.png\"") && lines.get(1).startsWith("{\"image\":\"ä.png\""), result.out());
  }

  @Test
  void aDamagedCacheHeals() throws Exception {
    Map<String, String> environment = Map.of("CONCEPTCLIP_CACHE", folder.resolve("cache").toString());
    List<String> command = List.of(SCRIPT.toString(), "classify", JPEG.toString(), "--json");
    String expected = classified(run(command, environment));
    List<Path> libraries = cached();
    assertEquals(3, libraries.size(), libraries.toString());
    for (boolean marked : List.of(false, true)) {
      for (Path library : libraries) {
        FileTime time = Files.getLastModifiedTime(library);
        // Code that runs into zeros ends the process: only a look before it is loaded helps. The marked ones do not even load.
        try (RandomAccessFile file = new RandomAccessFile(library.toFile(), "rw")) {
          file.seek(marked ? 0 : file.length() / 3);
          file.write(new byte[(int) (file.length() / 3)]);
        }
        if (marked) {
          Files.setLastModifiedTime(library, time);
        }
      }
      Result result = run(command, environment);
      assertEquals(expected, classified(result));
      assertFalse(result.err().contains("decoded by the JDK"), result.err());
      assertEquals(libraries, cached());
    }
  }

  private List<Path> cached() throws IOException {
    try (Stream<Path> files = Files.walk(folder.resolve("cache"))) {
      return files.filter(Files::isRegularFile).sorted().toList();
    }
  }

  @Test
  void aUserWithoutAHomeLeavesNothing() throws Exception {
    Path temporary = Files.createDirectory(folder.resolve("tmp"));
    Path work = Files.createDirectory(folder.resolve("work"));
    Result result = run(List.of("bash", "-c", "cd work && exec " + SCRIPT + " classify " + IMAGE + " --json"),
        Map.of("CONCEPTCLIP_JAVA_OPTS", "-Duser.home=?", "TMPDIR", temporary.toString(), "XDG_CACHE_HOME", "relative"));
    classified(result);
    assertEquals(List.of(), List.of(work.toFile().list()));
    assertEquals(List.of(), List.of(temporary.toFile().list()));
  }

  @Test
  void whereLibrariesCannotBeWrittenOneLineSaysWhatToSet() throws Exception {
    Path temporary = Files.createDirectory(folder.resolve("tmp"));
    // No file may be longer than this, as on a disk that is almost full.
    Result result = run(List.of("bash", "-c", "ulimit -f 30000; exec " + SCRIPT + " classify " + IMAGE + " --json"),
        Map.of("CONCEPTCLIP_JAVA_OPTS", "-Duser.home=" + folder.resolve("home"), "TMPDIR", temporary.toString()));
    assertEquals(4, result.code(), result.err());
    assertEquals("", result.out());
    assertTrue(result.err().endsWith("; set CONCEPTCLIP_CACHE to a folder that can be written\n"), result.err());
    assertEquals(List.of(), List.of(temporary.toFile().list()));
  }

  @Test
  void collectorsOfTheUserStart() throws Exception {
    for (String collector : List.of("-XX:+UseG1GC", "-XX:+UseZGC", "-XX:-UseSerialGC")) {
      Result result = run(List.of(SCRIPT.toString(), "classify", IMAGE.toString(), "--json"), Map.of("CONCEPTCLIP_JAVA_OPTS", collector));
      classified(result);
      assertTrue(result.err().lines().allMatch(line -> line.startsWith("conceptclip: ")), result.err());
    }
  }

  private static List<String> launched(String command, List<String> more) {
    return Stream.concat(Stream.of(SCRIPT.toString(), command, IMAGE.toString()), more.stream()).toList();
  }

  private static String classified(Result result) {
    assertEquals(0, result.code(), result.err());
    assertEquals(1, result.out().lines().count(), result.out());
    return result.out();
  }

  private Result run(List<String> command) throws IOException, InterruptedException {
    return run(command, Map.of());
  }

  private Result run(List<String> command, Map<String, String> environment) throws IOException, InterruptedException {
    Path out = folder.resolve("out.txt");
    Path err = folder.resolve("err.txt");
    ProcessBuilder builder = new ProcessBuilder(command)
        .directory(folder.toFile())
        .redirectOutput(out.toFile())
        .redirectError(err.toFile());
    // A bare locale, as in cron jobs and containers.
    Stream.of("LC_ALL", "LC_CTYPE", "LANG").forEach(builder.environment()::remove);
    builder.environment().putAll(environment);
    Process process = builder.start();
    assertTrue(process.waitFor(5, TimeUnit.MINUTES), "the launcher did not end");
    return new Result(
        process.exitValue(), Files.readString(out, StandardCharsets.UTF_8), Files.readString(err, StandardCharsets.UTF_8));
  }

  private record Result(int code, String out, String err) {}
}
