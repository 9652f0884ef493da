package org.conceptclip.util;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.reflect.Proxy;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
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

  private final String trueHome = System.getProperty("user.home");

  @TempDir Path folder;
  private Path jar;

  @BeforeEach
  void moveHome() throws IOException {
    assumeTrue(System.getenv(NativeFiles.VARIABLE) == null && System.getenv("XDG_CACHE_HOME") == null, "the environment names a cache");
    System.setProperty("user.home", folder.resolve("home").toString());
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
  void moveHomeBack() {
    System.setProperty("user.home", trueHome);
  }

  @Test
  void filesAreKeptAndTheirFolderIsThisUsersAlone() throws Exception {
    Path file = unpack();
    assertTrue(file.startsWith(folder.resolve("home/.cache/conceptclip/native")), file.toString());
    assertArrayEquals(CONTENT, Files.readAllBytes(file));
    Files.createFile(file.resolveSibling("libsome.so123.part")); // of a process that was killed
    assertEquals(file, unpack());
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
    try (Stream<Path> left = Files.walk(folder.resolve("home"))) {
      assertEquals(List.of(), left.filter(Files::isRegularFile).toList());
    }
  }

  @Test
  void aUserWithoutHomeGetsATemporaryFolder() throws Exception {
    System.setProperty("user.home", "?"); // what the JVM says in a container whose list of users lacks the user
    assertTrue(unpack().startsWith(System.getProperty("java.io.tmpdir")));
    assertFalse(Files.exists(Path.of("?")));
  }

  @Test
  void theReasonOfAFileSystemWithoutExecutionComesWithTheWayOut() {
    String reason = NativeFiles.reason(new UnsatisfiedLinkError("/a/lib.so: /a/lib.so: failed to map segment from shared object"));
    assertTrue(reason.contains("noexec") && reason.contains(NativeFiles.VARIABLE), reason);
    assertEquals("/a/lib.so: file too short", NativeFiles.reason(new UnsatisfiedLinkError("/a/lib.so: /a/lib.so: file too short")));
  }

  /** The file of the resource. */
  private Path unpack() throws IOException {
    try (URLClassLoader loader = new URLClassLoader(new URL[] {jar.toUri().toURL()}, null)) {
      Class<?> near = Proxy.newProxyInstance(loader, new Class<?>[] {Runnable.class}, (self, method, arguments) -> null).getClass();
      try (NativeFiles files = NativeFiles.unpack("some", near, RESOURCE)) {
        assertTrue(Arrays.equals(Files.readAllBytes(files.last()), near.getClassLoader().getResourceAsStream(RESOURCE).readAllBytes()));
        return files.last();
      }
    }
  }
}
