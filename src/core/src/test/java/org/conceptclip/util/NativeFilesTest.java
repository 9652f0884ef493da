package org.conceptclip.util;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Proxy;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Unpacking of resources that no system would load. {@link NativePlacesTest} has the cases with a library and with processes. */
class NativeFilesTest {
  private static final String RESOURCE = "native/lib/libsome.so";
  private static final byte[] CONTENT = "not really a library".repeat(50).getBytes();
  private static final String NOEXEC = "/a/lib.so: failed to map segment from shared object";

  private final String trueHome = System.getProperty("user.home");
  private final String trueTemporary = System.getProperty("java.io.tmpdir");

  @TempDir Path folder;
  private Path temporary;
  private Path jar;

  /** What the loader was given, in the order of its calls. */
  private final List<byte[]> given = new ArrayList<>();
  private final List<Path> places = new ArrayList<>();

  @BeforeEach
  void moveHome() throws IOException {
    assumeTrue(System.getenv(CacheFolder.VARIABLE) == null && System.getenv("XDG_CACHE_HOME") == null, "the environment names a cache");
    System.setProperty("user.home", folder.resolve("home").toString());
    temporary = Files.createDirectory(folder.resolve("temporary"));
    System.setProperty("java.io.tmpdir", temporary.toString());
    jar = folder.resolve("some.jar");
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(jar))) {
      ZipEntry entry = new ZipEntry(RESOURCE);
      CRC32 crc = new CRC32();
      crc.update(CONTENT);
      entry.setMethod(ZipEntry.STORED);
      entry.setSize(CONTENT.length);
      entry.setCrc(crc.getValue());
      zip.putNextEntry(entry);
      zip.write(CONTENT);
    }
  }

  @AfterEach
  void moveHomeBack() throws IOException {
    System.setProperty("user.home", trueHome);
    System.setProperty("java.io.tmpdir", trueTemporary);
    assertEquals(List.of(), filesUnder(temporary), "left behind");
  }

  @Test
  void filesAreKeptAndTheirFolderIsThisUsersAlone() throws Exception {
    Path file = unpack();
    assertTrue(file.startsWith(folder.resolve("home/.cache/conceptclip/native")), file.toString());
    assertArrayEquals(CONTENT, Files.readAllBytes(file));
    Object inode = Files.getAttribute(file, "unix:ino");
    assertEquals(file, unpack());
    assertEquals(inode, Files.getAttribute(file, "unix:ino"), "not unpacked again");
  }

  @Test
  void whatAKilledProcessLeftIsDeletedLaterAndWhatALivingOneWritesIsNot() throws Exception {
    Path file = unpack();
    long now = System.currentTimeMillis();
    for (String ending : List.of(".part", ".so")) {
      Files.createFile(file.resolveSibling("passing-" + (now - 7_200_000) + "-" + UUID.randomUUID() + ending));
      Files.createFile(file.resolveSibling("passing-" + (now + 7_200_000) + "-" + UUID.randomUUID() + ending));
    }
    Path alive = Files.createFile(WholeFile.passing(file.getParent(), "part"));
    assertEquals(file, unpack());
    assertEquals(List.of(file, alive), filesUnder(file.getParent()));
  }

  @Test
  void temporaryFoldersOfKilledProcessesAreDeletedLater() throws Exception {
    System.setProperty("user.home", "?");
    unpack();
    String old = "passing-1000000000000-" + UUID.randomUUID() + ".lib";
    Path left = Files.createDirectory(temporary.resolve("conceptclip-" + old), CacheFolder.OWNER_ONLY);
    Files.createFile(left.resolve("libsome.so"));
    Path alive = Files.createDirectory(temporary.resolve("conceptclip-" + WholeFile.passing(temporary, "lib").getFileName()),
        CacheFolder.OWNER_ONLY);
    Path loose = Files.createDirectory(temporary.resolve("conceptclip-" + old.replace("1000", "1001")));
    Files.setPosixFilePermissions(loose, PosixFilePermissions.fromString("rwxrwxrwx"));
    Path link = Files.createSymbolicLink(temporary.resolve("conceptclip-" + old.replace("1000", "1002")), jar.getParent());
    unpack();
    try (Stream<Path> found = Files.list(temporary)) {
      assertEquals(Stream.of(alive, loose, link).sorted().toList(), found.sorted().toList(), "the last two may be another's");
    }
  }

  @Test
  void damagedFilesAreReplacedBeforeTheyAreLoaded() throws Exception {
    Path file = unpack();
    FileTime mark = Files.getLastModifiedTime(file);
    byte[] garbage = CONTENT.clone();
    garbage[500] ^= 1;
    for (byte[] damaged : List.of(new byte[0], Arrays.copyOf(CONTENT, 999), new byte[CONTENT.length], garbage)) {
      Files.write(file, damaged);
      assertEquals(file, unpack());
      assertArrayEquals(CONTENT, Files.readAllBytes(file));
      assertEquals(mark, Files.getLastModifiedTime(file));
    }
    given.forEach(bytes -> assertArrayEquals(CONTENT, bytes));
  }

  @Test
  void aWholeFileOfAnotherTimeIsReadOnceAndKept() throws Exception {
    Path file = unpack();
    FileTime mark = Files.getLastModifiedTime(file);
    Object inode = Files.getAttribute(file, "unix:ino");
    Files.setLastModifiedTime(file, FileTime.fromMillis(0)); // as a copy of the folder has it
    unpack();
    assertEquals(inode, Files.getAttribute(file, "unix:ino"));
    assertEquals(mark, Files.getLastModifiedTime(file), "the next start does not read it");
  }

  /** Also the control of the tests that plant files: one that looks whole is given to the system, if its folder is trusted. */
  @Test
  void aFileThatLooksWholeIsReplacedIfTheSystemDoesNotLoadIt() throws Exception {
    Path file = unpack();
    byte[] planted = plant(file);
    given.clear();
    assertEquals(file, load(bytes -> Arrays.equals(bytes, CONTENT) ? null : "invalid ELF header"));
    assertEquals(2, given.size());
    assertArrayEquals(planted, given.get(0));
    assertArrayEquals(CONTENT, given.get(1));
  }

  @Test
  void aWholeFileThatTheSystemDoesNotLoadIsNotTriedElsewhere() throws Exception {
    UnsatisfiedLinkError failure = assertThrows(UnsatisfiedLinkError.class, () -> load(bytes -> "undefined symbol: x"));
    assertEquals("undefined symbol: x", failure.getMessage());
    assertEquals(1, given.size());
  }

  @Test
  void whereTheCacheMayNotExecuteTheTemporaryFolderServes() throws Exception {
    Path used = load(bytes -> places.getLast().startsWith(temporary) ? null : NOEXEC);
    assertTrue(used.startsWith(temporary), used.toString());
    assertEquals(2, given.size());
    assertEquals(1, filesUnder(folder.resolve("home")).size());
  }

  @Test
  void whereNoPlaceMayExecuteTheWayOutIsTold() throws Exception {
    UnsatisfiedLinkError failure = assertThrows(UnsatisfiedLinkError.class, () -> load(bytes -> NOEXEC));
    assertEquals(NOEXEC + "; mounted noexec (then set CONCEPTCLIP_CACHE to a folder that may execute), or short of address space?",
        failure.getMessage());
    assertEquals(2, given.size());
  }

  @Test
  void anInterruptedThreadUnpacksAllTheSame() throws Exception {
    Thread.currentThread().interrupt();
    try {
      Path file = unpack();
      assertTrue(file.startsWith(folder.resolve("home")), file.toString());
      Files.setLastModifiedTime(file, FileTime.fromMillis(0));
      Object inode = Files.getAttribute(file, "unix:ino");
      unpack();
      assertEquals(inode, Files.getAttribute(file, "unix:ino"));
    } finally {
      assertTrue(Thread.interrupted());
    }
  }

  @Test
  void twoVersionsLieSideBySide() throws Exception {
    Path one = unpack();
    Path two = folder.resolve("two/" + RESOURCE);
    Files.createDirectories(two.getParent());
    Files.writeString(two, "another version");
    jar = folder.resolve("two");
    assertFalse(unpack().equals(one));
    assertArrayEquals(CONTENT, Files.readAllBytes(one));
  }

  @Test
  void aDamagedJarIsToldAndLeavesNothing() throws Exception {
    byte[] bytes = Files.readAllBytes(jar);
    bytes[200] ^= 1;
    Files.write(jar, bytes);
    String problem = assertThrows(IOException.class, this::unpack).getMessage();
    assertTrue(problem.startsWith("cannot unpack some: neither to the cache (") && problem.contains("damaged, or replaced"), problem);
    assertEquals(1, problem.lines().count(), problem);
    assertEquals(List.of(), filesUnder(folder.resolve("home")));
  }

  @Test
  void aUserWithoutAHomeThatCanBeUsedGetsATemporaryFolder() throws Exception {
    // What the JVM says in a container whose list of users lacks the user, and of a name that the locale does not have.
    for (String home : List.of("?", "", folder + "/j\uFFFDrg", folder + "/\0")) {
      System.setProperty("user.home", home);
      assertTrue(unpack().startsWith(temporary), home);
    }
    assertFalse(Files.exists(Path.of("?")) || Files.exists(Path.of(".cache")));
  }

  @Test
  void aTemporaryFolderThatIsNoneIsToldWhereItIsNeeded() throws Exception {
    System.setProperty("user.home", "?");
    for (String none : List.of(folder + "/absent", folder + "/j\uFFFDrg", jar.toString())) {
      System.setProperty("java.io.tmpdir", none);
      String problem = assertThrows(IOException.class, this::unpack).getMessage();
      assertTrue(problem.endsWith("; set CONCEPTCLIP_CACHE to a folder that can be written"), problem);
      assertEquals(1, problem.lines().count(), problem);
    }
  }

  @Test
  void theReasonOfAFileSystemWithoutExecutionComesWithTheWayOut() {
    String reason = NativeFiles.reason(new UnsatisfiedLinkError("/a/lib.so: /a/lib.so: failed to map segment from shared object"));
    assertTrue(reason.contains("noexec") && reason.contains(CacheFolder.VARIABLE), reason);
    assertEquals("/a/lib.so: file too short", NativeFiles.reason(new UnsatisfiedLinkError("/a/lib.so: /a/lib.so: file too short")));
  }

  /** Writes something else of the same size and time. Returns it. */
  private static byte[] plant(Path file) throws IOException {
    FileTime mark = Files.getLastModifiedTime(file);
    byte[] planted = new byte[CONTENT.length];
    Files.write(file, planted);
    Files.setLastModifiedTime(file, mark);
    return planted;
  }

  /** The file of the resource. */
  private Path unpack() throws IOException {
    return load(bytes -> null);
  }

  /** Why the system does not load these bytes, or {@code null}. */
  private interface Refusal {
    String of(byte[] bytes);
  }

  /** The file that was loaded. */
  private Path load(Refusal refusal) throws IOException {
    NativeFiles.Loading<Path> loading = file -> {
      places.add(file);
      given.add(read(file));
      String reason = refusal.of(given.getLast());
      if (reason != null) {
        throw new UnsatisfiedLinkError(reason);
      }
      return file;
    };
    try (URLClassLoader loader = new URLClassLoader(new URL[] {jar.toUri().toURL()}, null)) {
      Class<?> near = Proxy.newProxyInstance(loader, new Class<?>[] {Runnable.class}, (self, method, arguments) -> null).getClass();
      return NativeFiles.load("some", near, loading, RESOURCE);
    }
  }

  private static byte[] read(Path file) {
    boolean interrupted = Thread.interrupted();
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static List<Path> filesUnder(Path root) throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      return files.filter(Files::isRegularFile).sorted().toList();
    }
  }
}
