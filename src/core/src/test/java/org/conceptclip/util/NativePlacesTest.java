package org.conceptclip.util;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where native libraries go, each in a fresh process. The library is one that only the tests have. */
class NativePlacesTest {
  private static final String LOADED = "loaded";

  @TempDir Path folder;
  private Path home;
  private Path temporary;
  private final String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));

  @BeforeEach
  void makeFolders() throws IOException {
    home = Files.createDirectory(folder.resolve("home"));
    temporary = Files.createDirectory(folder.resolve("tmp"));
  }

  @Test
  void libraryIsUnpackedOnceIntoTheCache() throws Exception {
    Path cache = folder.resolve("cache");
    Map<String, String> environment = Map.of(CacheFolder.VARIABLE, cache.toString());
    assertTrue(run("load", environment).contains(LOADED));
    Path library = onlyFileUnder(cache);
    Object first = Files.readAttributes(library, "unix:ino").get("ino");
    long size = Files.size(library);
    assertTrue(run("load", environment).contains(LOADED));
    assertEquals(first, Files.readAttributes(library, "unix:ino").get("ino"), "reused");
    Files.write(library, new byte[1000]);
    assertTrue(run("load", environment).contains(LOADED), "a damaged file is replaced");
    assertEquals(size, Files.size(onlyFileUnder(cache)));
    assertEquals(List.of(), filesUnder(home));
    assertEquals(List.of(), filesUnder(temporary));
  }

  @Test
  void defaultCacheIsUnderHome() throws Exception {
    assertTrue(run("load", Map.of()).contains(LOADED));
    assertTrue(onlyFileUnder(home).startsWith(home.resolve(".cache/conceptclip")));
    assertEquals(List.of(), filesUnder(temporary));
    Path xdg = folder.resolve("xdg");
    assertTrue(run("load", Map.of("XDG_CACHE_HOME", xdg.toString())).contains(LOADED));
    assertTrue(onlyFileUnder(xdg).startsWith(xdg.resolve("conceptclip")));
  }

  @Test
  void homeThatCannotBeWrittenFallsBackToATemporaryFolderAndLeavesNothing() throws Exception {
    home = Files.createFile(folder.resolve("not-a-folder"));
    assertTrue(run("load", Map.of()).contains(LOADED));
    assertEquals(List.of(), filesUnder(temporary));
  }

  @Test
  void namedCacheThatCannotBeWrittenIsAnError() throws Exception {
    Path blocked = Files.createFile(folder.resolve("file")).resolve("cache");
    List<String> facts = run("load", Map.of(CacheFolder.VARIABLE, blocked.toString()));
    assertTrue(facts.getFirst().startsWith("unavailable cannot unpack tokenizers to " + blocked), facts.toString());
    assertTrue(facts.getFirst().contains(CacheFolder.VARIABLE), facts.toString());
  }

  @Test
  void noPlaceAtAllIsAnErrorThatNamesTheWayOut() throws Exception {
    home = Files.createFile(folder.resolve("not-a-folder"));
    temporary = folder.resolve("absent");
    List<String> facts = run("load", Map.of());
    String start = "unavailable cannot unpack tokenizers: neither to the cache (";
    String end = "; set " + CacheFolder.VARIABLE + " to a folder that can be written";
    assertTrue(facts.stream().anyMatch(fact -> fact.startsWith(start) && fact.endsWith(end)), facts.toString());
  }

  @Test
  void aSymbolicLinkThatSomebodyPlantedIsNotFollowed() throws Exception {
    Path planted = plantedCache();
    Path place = home.resolve(".cache/conceptclip/native");
    Files.createSymbolicLink(place, planted);
    assertTrue(run("load", Map.of()).contains(LOADED));
    assertEquals(List.of(), filesUnder(temporary));
    List<String> facts = run("load", Map.of(CacheFolder.VARIABLE, place.getParent().toString()));
    assertTrue(facts.getFirst().contains(place + ": not a folder (a symbolic link is not followed)"), facts.toString());
  }

  @Test
  void aFolderOfAnotherUserIsNotUsed() throws Exception {
    assumeTrue(System.getProperty("user.name").equals("root"), "only root can give a folder away");
    Path place = home.resolve(".cache/conceptclip/native");
    Files.move(plantedCache(), place);
    Files.setAttribute(place, "unix:uid", 12345);
    assertTrue(run("load", Map.of()).contains(LOADED));
    assertEquals(List.of(), filesUnder(temporary));
    List<String> facts = run("load", Map.of(CacheFolder.VARIABLE, place.getParent().toString()));
    assertTrue(facts.getFirst().contains(place + ": belongs to user 12345, not to the user of this process"), facts.toString());
  }

  @Test
  void aFolderThatOthersCouldWriteIsEmptiedAndMadePrivate() throws Exception {
    Path place = home.resolve(".cache/conceptclip/native");
    for (String loose : List.of("rwxrwx---", "rwx----w-")) {
      Files.move(plantedCache(), place);
      Files.setPosixFilePermissions(place, PosixFilePermissions.fromString(loose));
      assertTrue(run("load", Map.of()).contains(LOADED), loose);
      assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(place)));
      assertFalse(isPlanted(onlyFileUnder(place.getParent())), loose);
      Files.move(place, folder.resolve("done " + loose));
    }
  }

  @Test
  void severalProcessesMayStartForTheFirstTimeAtOnce() throws Exception {
    Path place = Files.createDirectories(home.resolve(".cache/conceptclip/native"));
    Files.setPosixFilePermissions(place, PosixFilePermissions.fromString("rwxrwxrwx"));
    List<Process> processes = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      processes.add(start("load", Map.of(), folder.resolve("output" + i)));
    }
    for (int i = 0; i < 4; i++) {
      assertEquals(List.of(LOADED), finish(processes.get(i), folder.resolve("output" + i)));
    }
    assertEquals(1, filesUnder(home).size(), filesUnder(home).toString());
    assertEquals(List.of(), filesUnder(temporary));
  }

  /** {@code NativeFilesTest} has the control of the tests above: what they plant is a file that would be given to the system. */
  @Test
  void aDamagedFileThatLooksWholeIsUnpackedAnewWhenTheSystemDoesNotLoadIt() throws Exception {
    Path place = home.resolve(".cache/conceptclip/native");
    Files.move(plantedCache(), place);
    assertTrue(run("load", Map.of()).contains(LOADED));
    assertFalse(isPlanted(onlyFileUnder(place)));
  }

  /** Runs once, and moves the folder of the library away with a file of the same name, size and time in it. */
  private Path plantedCache() throws Exception {
    assertTrue(run("load", Map.of()).contains(LOADED));
    Path library = onlyFileUnder(home);
    FileTime time = Files.getLastModifiedTime(library);
    Files.write(library, new byte[(int) Files.size(library)]);
    Files.setLastModifiedTime(library, time);
    return Files.move(home.resolve(".cache/conceptclip/native"), folder.resolve("planted"));
  }

  private static boolean isPlanted(Path library) throws IOException {
    try (InputStream in = Files.newInputStream(library)) {
      return in.read() == 0; // ELF files begin with 0x7f
    }
  }

  @Test
  void everyClassLoaderLoadsTheLibrary() throws Exception {
    assertEquals(List.of(LOADED, LOADED), run("loaders", Map.of()));
    assertEquals(1, filesUnder(home).size(), filesUnder(home).toString());
    home = Files.createFile(folder.resolve("not-a-folder"));
    assertEquals(List.of(LOADED, LOADED), run("loaders", Map.of()));
    assertEquals(List.of(), filesUnder(temporary));
  }

  private static Path onlyFileUnder(Path root) throws IOException {
    List<Path> files = filesUnder(root);
    assertEquals(1, files.size(), files.toString());
    return files.getFirst();
  }

  private static List<Path> filesUnder(Path root) throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      return files.filter(Files::isRegularFile).filter(file -> !file.toString().contains("hsperfdata")).toList();
    }
  }

  /** Runs {@link NativePlacesChild}; answers the lines that it printed. */
  private List<String> run(String mode, Map<String, String> environment) throws Exception {
    Path output = folder.resolve("output");
    return finish(start(mode, environment, output), output);
  }

  private Process start(String mode, Map<String, String> environment, Path output) throws IOException {
    List<String> command = new ArrayList<>(List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "--enable-native-access=ALL-UNNAMED", "-XX:TieredStopAtLevel=1",
        "-Duser.home=" + home, "-Djava.io.tmpdir=" + temporary,
        "-cp", classPath,
        NativePlacesChild.class.getName(), mode));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
    builder.environment().keySet().removeAll(List.of(CacheFolder.VARIABLE, "XDG_CACHE_HOME"));
    builder.environment().putAll(environment);
    return builder.start();
  }

  private static List<String> finish(Process process, Path output) throws Exception {
    try {
      assertTrue(process.waitFor(120, TimeUnit.SECONDS), "the child hangs");
    } finally {
      process.destroyForcibly();
    }
    List<String> lines = Files.readAllLines(output);
    assertEquals(0, process.exitValue(), lines.toString());
    return lines;
  }
}
