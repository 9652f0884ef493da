package org.conceptclip.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.conceptclip.backend.OnEmulator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The bindings in several class loaders of one JVM, and where their native code is unpacked to: on fake CUDA libraries, in JVMs of their own. */
@OnEmulator
class CudaClassLoaderTest {
  @TempDir Path folder;
  private Path home;
  private Path temporary;

  @BeforeEach
  void makeFolders() throws Exception {
    home = Files.createDirectory(folder.resolve("home"));
    temporary = Files.createDirectory(folder.resolve("tmp"));
  }

  @Test
  void everyClassLoaderWorksAndIsCollected() throws Exception {
    List<String> lines = run();
    assertEquals(List.of("two at once: true true", "opened true, collected", "opened true, collected"),
        lines.stream().filter(line -> line.startsWith("two") || line.startsWith("opened")).toList(), lines.toString());
  }

  @Test
  void unpacksToAPrivateFolderAndLeavesThePropertiesAlone() throws Exception {
    List<String> lines = run();
    Path cache = home.resolve(".cache/conceptclip/native/javacpp");
    assertTrue(lines.contains("cache " + cache + ", property null"), lines.toString());
    assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(cache.getParent())));
    assertTrue(filesUnder(cache).stream().anyMatch(file -> file.endsWith("libjnicudart.so")), filesUnder(cache).toString());
    assertEquals(List.of(), filesUnder(temporary));
  }

  @Test
  void withoutAHomeNothingIsForeseeableAndNothingIsLeft() throws Exception {
    home = Files.createFile(folder.resolve("not-a-folder"));
    Path planted = Files.createDirectories(temporary.resolve(".javacpp-" + System.getProperty("user.name") + "/cache"));
    List<String> lines = run();
    assertTrue(lines.stream().anyMatch(line -> line.startsWith("cache " + temporary.resolve("conceptclip"))), lines.toString());
    assertEquals(List.of(), filesUnder(planted));
    assertEquals(List.of(), filesUnder(temporary));
  }

  @Test
  void aFolderThatTheUserNamedIsUsed() throws Exception {
    Path named = folder.resolve("named");
    List<String> lines = run("-Dorg.bytedeco.javacpp.cachedir=" + named);
    assertTrue(lines.contains("cache " + named + ", property " + named), lines.toString());
    assertTrue(filesUnder(named).stream().anyMatch(file -> file.endsWith("libjnicudart.so")), filesUnder(named).toString());
    assertEquals(List.of(), filesUnder(home));
  }

  private static List<Path> filesUnder(Path root) throws Exception {
    try (Stream<Path> files = Files.walk(root)) {
      return files.filter(Files::isRegularFile).filter(file -> !file.toString().contains("hsperfdata")).toList();
    }
  }

  private List<String> run(String... options) throws Exception {
    for (String script : List.of("native/emulator/build", "native/emulator/fakecuda/build")) {
      Process build = new ProcessBuilder(script).redirectErrorStream(true).redirectOutput(folder.resolve("build").toFile()).start();
      assertEquals(0, build.waitFor(), Files.readString(folder.resolve("build")));
    }
    Path output = folder.resolve("output");
    List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow", "-XX:SoftRefLRUPolicyMSPerMB=0", "-Xmx256m",
        "-Duser.home=" + home, "-Djava.io.tmpdir=" + temporary,
        "-cp", System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"))));
    command.addAll(List.of(options));
    command.add(CudaClassLoaderChild.class.getName());
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
    builder.environment().keySet().removeAll(List.of("CONCEPTCLIP_CACHE", "XDG_CACHE_HOME"));
    builder.environment().put("LD_LIBRARY_PATH", Path.of("target/fakecuda").toAbsolutePath().toString());
    builder.environment().put("CUDA_VISIBLE_DEVICES", "0");
    Process process = builder.start();
    try {
      assertTrue(process.waitFor(2, TimeUnit.MINUTES), "the child hangs: " + Files.readString(output));
    } finally {
      process.destroyForcibly();
    }
    List<String> lines = Files.readAllLines(output);
    assertEquals(0, process.exitValue(), () -> String.join("\n", lines));
    return lines;
  }
}
