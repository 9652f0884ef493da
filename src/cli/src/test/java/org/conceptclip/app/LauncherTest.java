package org.conceptclip.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the launcher script asks of the JVM, with a JVM and a Maven that tell what they were asked. {@code LauncherIT} has real ones. */
class LauncherTest {
  private static final String SCRIPT = "conceptclip";
  private static final FileTime OLD = FileTime.fromMillis(1_000_000_000_000L);
  private static final FileTime OLDER = FileTime.fromMillis(900_000_000_000L);

  @TempDir Path folder;
  private Path root;
  private Path jdk;

  @BeforeEach
  void install() throws IOException {
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
    jdk = folder.resolve("jdk");
    program(jdk.resolve("bin/javac"), "exit 1");
    // Answers the request to make a cache by making one.
    program(jdk.resolve("bin/java"), """
        for each; do case $each in -XX:AOTCacheOutput=*) printf %s "${JAVA_TOOL_OPTIONS:-trained}" > "${each#*=}"; exit;; esac; done
        printf '%s\\n' "LC_ALL=$LC_ALL" "$@"
        """);
    Files.writeString(jdk.resolve("release"), "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"25.0.1\"\n");
    Files.setLastModifiedTime(jdk.resolve("release"), OLDER);
    root = install("installation");
  }

  /** An installation without sources: what it holds is current. */
  private Path install(String name) throws IOException {
    Path at = Files.createDirectory(folder.resolve(name));
    Files.copy(Path.of(SCRIPT), at.resolve(SCRIPT));
    Path target = Files.createDirectories(at.resolve("src/cli/target"));
    Files.writeString(target.resolve("conceptclip.jar"), "jar");
    Files.writeString(target.resolve("conceptclip.aot"), "cache");
    Files.setLastModifiedTime(target.resolve("conceptclip.jar"), OLD);
    Files.setLastModifiedTime(target.resolve("conceptclip.aot"), OLD);
    return at;
  }

  private static void program(Path file, String script) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, "#!/bin/sh\n" + script);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private record Result(int code, String out, String err) {
    List<String> asked() {
      assertEquals(0, code, err);
      return out.lines().toList();
    }

    void refused(String words) {
      assertEquals(1, code, out + err);
      assertEquals("", out);
      List<String> lines = err.lines().filter(line -> line.startsWith("conceptclip: ")).toList();
      assertEquals(1, lines.size(), err);
      assertTrue(lines.getFirst().contains(words), err);
    }

    Result quiet() {
      assertEquals("", err);
      return this;
    }
  }

  /** Runs a line of bash in a folder: it can write any byte. */
  private Result bash(Path where, Map<String, String> environment, String... command) throws IOException, InterruptedException {
    Path out = folder.resolve("out.txt");
    Path err = folder.resolve("err.txt");
    ProcessBuilder builder =
        new ProcessBuilder(command).directory(where.toFile()).redirectOutput(out.toFile()).redirectError(err.toFile());
    builder.environment().keySet().removeAll(List.of("LC_ALL", "LC_CTYPE", "LANG", "CDPATH", "TMPDIR", "JAVA_TOOL_OPTIONS",
        "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "CONCEPTCLIP_JAVA_OPTS", "CONCEPTCLIP_DEBUG"));
    builder.environment().put("JAVA_HOME", jdk.toString());
    builder.environment().putAll(environment);
    Process process = builder.start();
    try {
      assertTrue(process.waitFor(60, TimeUnit.SECONDS), "the launcher hangs");
    } finally {
      process.destroyForcibly();
    }
    return new Result(process.exitValue(), Files.readString(out), Files.readString(err));
  }

  private Result launch(Map<String, String> environment, String... arguments) throws IOException, InterruptedException {
    Stream<String> script = Stream.of(root.resolve(SCRIPT).toString());
    return bash(folder, environment, Stream.concat(script, Stream.of(arguments)).toArray(String[]::new));
  }

  private Path target(String name) {
    return root.resolve("src/cli/target").resolve(name);
  }

  @Test
  void withoutAChoiceOfTheUserTheJvmStartsFast() throws Exception {
    List<String> asked = launch(Map.of(), "classify", "a b", "", "*").quiet().asked();
    assertTrue(asked.containsAll(List.of("-XX:+UseSerialGC", "-XX:AOTCache=" + target("conceptclip.aot"))), asked.toString());
    assertEquals(List.of("-jar", target("conceptclip.jar").toString(), "classify", "a b", "", "*"),
        asked.subList(asked.size() - 6, asked.size()));
    assertFalse(asked.toString().contains("user.dir") || asked.toString().contains("tmpdir"), asked.toString());
  }

  @ParameterizedTest
  @ValueSource(strings = {"CONCEPTCLIP_JAVA_OPTS", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"})
  void aChoiceOfTheUserIsNotContradicted(String variable) throws Exception {
    for (String choice : List.of("-Xmx1g -XX:+UseG1GC", "-XX:-UseSerialGC", "-XX:+UseSerialGC", "-XX:+UseZGC", "-XX:+UseParallelGC",
        "-XX:+UseShenandoahGC", "-XX:+UseEpsilonGC", "@options", "-Xmx1g @options", "-XX:Flags=file", "-XX:VMOptionsFile=file")) {
      List<String> asked = launch(Map.of(variable, choice)).quiet().asked();
      long collectors = asked.stream().filter("-XX:+UseSerialGC"::equals).count();
      assertEquals(variable.startsWith("CONCEPT") && choice.equals("-XX:+UseSerialGC") ? 1 : 0, collectors, choice + ": " + asked);
    }
    for (String choice : List.of("-Xshare:auto", "-Xshare:off", "-XX:SharedArchiveFile=x", "-XX:+AutoCreateSharedArchive",
        "-XX:AOTCache=x", "-XX:AOTCacheOutput=x", "-XX:AOTMode=off", "@options")) {
      List<String> asked = launch(Map.of(variable, choice)).quiet().asked();
      assertFalse(asked.contains("-XX:AOTCache=" + target("conceptclip.aot")), choice + ": " + asked);
    }
    List<String> asked = launch(Map.of(variable, "-Xmx1g -XX:+UseGCOverheadLimit")).quiet().asked();
    assertTrue(asked.contains("-XX:+UseSerialGC"), asked.toString());
  }

  @Test
  void furtherOptionsAreSplitButAreNoPatterns() throws Exception {
    Files.createFile(folder.resolve("-Da=file"));
    Files.createFile(folder.resolve("-Db=jxk"));
    List<String> asked = launch(Map.of("CONCEPTCLIP_JAVA_OPTS", " -Da=*\n\t-Db=j?k ")).quiet().asked();
    assertEquals(List.of("-Da=*", "-Db=j?k", "-jar"), asked.subList(asked.size() - 4, asked.size() - 1));
  }

  @Test
  void theLocaleIsOneThatIsThere() throws Exception {
    for (String locale : List.of("C", "de_DE.UTF-8", "xx", "UTF-8", "POSIX")) {
      assertEquals("LC_ALL=C.UTF-8", launch(Map.of("LANG", locale)).quiet().asked().getFirst());
      assertEquals("LC_ALL=C.UTF-8", launch(Map.of("LC_CTYPE", locale)).quiet().asked().getFirst());
      // Of this variable bash itself warns before the script has begun.
      assertEquals("LC_ALL=C.UTF-8", launch(Map.of("LC_ALL", locale)).asked().getFirst());
    }
    // A system without C.UTF-8: the user's own stays.
    Files.writeString(root.resolve(SCRIPT), Files.readString(root.resolve(SCRIPT)).replace("LC_ALL=C.UTF-8", "LC_ALL=yy_YY.UTF-8"));
    assertEquals("LC_ALL=", launch(Map.of("LANG", "C")).quiet().asked().getFirst());
    assertEquals("LC_ALL=C", launch(Map.of("LC_ALL", "C")).quiet().asked().getFirst());
  }

  @ParameterizedTest
  @ValueSource(strings = {"a b", "it's \"x\"", "line\nend\n", "-", "-P", "$x;*&", "100%41 #?", "Schädel", "ex!x"})
  void anyNameOfAFolderServes(String name) throws Exception {
    root = install(name);
    String jar = target("conceptclip.jar").toString();
    Path deep = Files.createDirectories(folder.resolve("links/deep"));
    Files.createSymbolicLink(folder.resolve("links/-one\n"), Path.of("..", name, SCRIPT));
    Files.createSymbolicLink(deep.resolve("two"), Path.of("../-one\n"));
    Map<String, String> paths = Map.of("CDPATH", folder + ":" + root, "OLDPWD", "/");
    for (Result result : List.of(launch(Map.of()), bash(folder, paths, "./" + name + "/" + SCRIPT), bash(root, paths, "./" + SCRIPT),
        bash(folder, paths, "bash", "--", name + "/" + SCRIPT), bash(root, paths, "bash", SCRIPT), bash(deep, paths, "./two"))) {
      assertTrue(result.quiet().out().contains("\n-jar\n" + jar + "\n"), name + ": " + result);
    }
  }

  @Test
  void aNameThatTheJvmCannotTakeIsToldInOneLine() throws Exception {
    for (String name : List.of("a:b", "ex!")) {
      root = install(name);
      launch(Map.of()).refused("its name must be UTF-8, without a colon");
    }
    bash(folder, Map.of(), "bash", "-c", "cp -r installation $'lat\\351'; $'lat\\351'/conceptclip").refused("lat\\351");
  }

  @Test
  void aWorkingFolderOfOtherBytesHasANameForTheJvm() throws Exception {
    String line = "mkdir $'cwd\\351' && cd $'cwd\\351' && exec ../installation/conceptclip";
    assertTrue(bash(folder, Map.of(), "bash", "-c", line).quiet().asked().contains("-Duser.dir=/proc/self/cwd"));
  }

  @Test
  void aWorkingFolderThatIsGoneIsToldInOneLine() throws Exception {
    bash(folder, Map.of(), "bash", "-c", "mkdir gone && cd gone && rmdir ../gone && exec " + root + "/conceptclip")
        .refused("the working folder does not exist any more");
  }

  @Test
  void argumentsKeepTheirBytes() throws Exception {
    String line = "installation/conceptclip $'\\351\\n' | tail -n 2 | od -An -tx1";
    assertEquals("e9 0a 0a", bash(folder, Map.of(), "bash", "-c", line).quiet().out().strip());
  }

  @Test
  void aClosedStreamIsNotTakenByAFile() throws Exception {
    program(jdk.resolve("bin/java"), "for fd in 0 1 2; do all=\"$all$(readlink /proc/$$/fd/$fd) \"; done; echo $all > " + folder + "/fds");
    bash(folder, Map.of(), "bash", "-c", "installation/conceptclip <&- >&- 2>&-");
    assertEquals("/dev/null /dev/null /dev/null\n", Files.readString(folder.resolve("fds")));
    program(jdk.resolve("bin/java"), "echo result");
    assertFalse(bash(folder, Map.of(), "bash", "-c", "installation/conceptclip >&-").code() == 0, "what cannot be written is an error");
  }

  @Test
  void temporaryFilesGoWhereTheUserSays() throws Exception {
    Path temporary = Files.createDirectory(folder.resolve("t m p"));
    assertTrue(launch(Map.of("TMPDIR", temporary.toString())).quiet().asked().contains("-Djava.io.tmpdir=" + temporary));
    for (Map<String, String> other : List.of(Map.of("TMPDIR", folder + "/absent"), Map.of("TMPDIR", target("conceptclip.jar").toString()),
        Map.of("TMPDIR", ""), Map.of("TMPDIR", temporary.toString(), "JAVA_TOOL_OPTIONS", "-Djava.io.tmpdir=/x"))) {
      assertFalse(launch(other).quiet().asked().toString().contains("tmpdir"), other.toString());
    }
  }

  @Test
  void anInstallationOfAnotherUserIsUsedAsItIs() throws Exception {
    assertTrue(asOther().quiet().asked().contains("-XX:AOTCache=" + target("conceptclip.aot")));
    Files.setLastModifiedTime(jdk.resolve("release"), FileTime.fromMillis(OLD.toMillis() + 60_000));
    assertFalse(asOther().quiet().asked().toString().contains("AOTCache"), "of another JDK");
    Files.delete(target("conceptclip.aot"));
    assertFalse(asOther().quiet().asked().toString().contains("AOTCache"));
    Files.writeString(root.resolve("pom.xml"), "newer");
    for (String part : List.of("kernels/ptx", "src/cli/src/main")) {
      Files.createDirectories(root.resolve(part));
    }
    Files.createFile(root.resolve("src/cli/pom.xml"));
    Result newer = asOther();
    assertTrue(newer.asked().contains("-jar"));
    assertEquals("conceptclip: sources in " + root
        + " are newer than the build, and this user cannot write there; using the build as it is\n", newer.err());
    Files.createFile(target(".building"));
    asOther().refused("not built yet, and this user cannot write to " + root);
    Files.delete(target(".building"));
    Files.delete(target("conceptclip.jar"));
    asOther().refused("not built yet, and this user cannot write to " + root);
    assertEquals(List.of(), Arrays.asList(target("").toFile().list()));
    assertFalse(Files.exists(root.resolve("target")));
  }

  /** Launches as a user who cannot write the installation. */
  private Result asOther() throws IOException, InterruptedException {
    if (System.getProperty("user.name").equals("root")) {
      return bash(folder, Map.of(), "setpriv", "--reuid", "54321", "--regid", "54321", "--clear-groups", root.resolve(SCRIPT).toString());
    }
    List<Path> folders = new ArrayList<>();
    try (Stream<Path> all = Files.walk(root)) {
      folders.addAll(all.filter(Files::isDirectory).toList());
    }
    try {
      for (Path each : folders) {
        Files.setPosixFilePermissions(each, PosixFilePermissions.fromString("r-xr-xr-x"));
      }
      return launch(Map.of());
    } finally {
      for (Path each : folders) {
        Files.setPosixFilePermissions(each, PosixFilePermissions.fromString("rwxr-xr-x"));
      }
    }
  }

  @Test
  void aBuildThatWasKilledIsNotBelieved() throws Exception {
    Files.createDirectories(root.resolve("examples"));
    Files.createFile(root.resolve("examples/x.png"));
    Path maven = folder.resolve("maven/mvn");
    Map<String, String> path = Map.of("PATH", maven.getParent() + ":" + System.getenv("PATH"));
    // It is killed when the jar is half written.
    program(maven, "echo half > src/cli/target/conceptclip.jar; kill -9 $PPID $$");
    Files.delete(target("conceptclip.jar"));
    assertFalse(launch(path).code() == 0);
    assertTrue(Files.exists(target("conceptclip.jar")));
    program(maven, "echo whole > src/cli/target/conceptclip.jar");
    assertTrue(launch(path).asked().contains("-XX:AOTCache=" + target("conceptclip.aot")));
    assertEquals("whole\n", Files.readString(target("conceptclip.jar")));
    assertFalse(Files.exists(target(".building")));
    program(maven, "exit 1");
    launch(path).quiet().asked();
  }

  @Test
  void theCacheIsMadeWholeAndWithoutTheOptionsOfOneUser() throws Exception {
    Files.createDirectories(root.resolve("examples"));
    Files.createFile(root.resolve("examples/x.png"));
    Files.delete(target("conceptclip.aot"));
    Files.writeString(target("conceptclip.aot.part"), "of a training that was killed");
    launch(Map.of("JAVA_TOOL_OPTIONS", "-XX:+UseZGC")).asked();
    assertEquals("trained", Files.readString(target("conceptclip.aot")));
    assertFalse(Files.exists(target("conceptclip.aot.part")));
    program(jdk.resolve("bin/java"), "case \"$*\" in *AOTCacheOutput*) exit 3;; esac; echo ran");
    Files.delete(target("conceptclip.aot"));
    Result slower = launch(Map.of());
    assertEquals(List.of("ran"), slower.asked());
    assertTrue(slower.err().contains("no fast-start cache could be made"), slower.err());
    assertEquals("", launch(Map.of()).err(), "not tried again");
  }
}
