package org.conceptclip.util;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class TargetFileTest {
  @TempDir Path folder;

  @Test
  void aFileThatFailsHalfWayLeavesWhatWasThere() throws IOException {
    Path file = Files.writeString(folder.resolve("kept"), "old");
    IOException full = new IOException("No space left on device");
    assertEquals(full, assertThrows(IOException.class, () -> TargetFile.write(file, channel -> {
      TargetFile.writeAll(channel, ByteBuffer.wrap(new byte[1000]));
      assertEquals("old", Files.readString(file));
      throw full;
    })));
    assertEquals("old", Files.readString(file));
    assertEquals(List.of(file), contents());
  }

  @Test
  void errorsOfTheContentLeaveNothing() throws IOException {
    Path file = folder.resolve("new");
    assertThrows(OutOfMemoryError.class, () -> TargetFile.write(file, channel -> {
      throw new OutOfMemoryError("injected");
    }));
    assertEquals(List.of(), contents());
  }

  @Test
  void linksAndPermissionsStay() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "old");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
    Path link = Files.createSymbolicLink(folder.resolve("link"), Path.of("file"));
    TargetFile.write(link, bytes("new"));
    assertTrue(Files.isSymbolicLink(link));
    assertEquals("new", Files.readString(file));
    assertEquals("rw-r-----", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
    Path ahead = Files.createSymbolicLink(folder.resolve("ahead"), Path.of("later"));
    TargetFile.write(ahead, bytes("x"));
    assertTrue(Files.isSymbolicLink(ahead) && Files.isRegularFile(folder.resolve("later")));
    Path loop = Files.createSymbolicLink(folder.resolve("loop"), Path.of("loop"));
    assertThrows(FileSystemException.class, () -> TargetFile.write(loop, bytes("x")));
  }

  @Test
  void devicesAndPipesAreWrittenToAndNotReplaced() throws Exception {
    assertThrows(IOException.class, () -> TargetFile.write(Path.of("/dev/full"), bytes("x")));
    TargetFile.write(Path.of("/dev/null"), bytes("x"));
    assertFalse(Files.isRegularFile(Path.of("/dev/full")) || Files.isRegularFile(Path.of("/dev/null")), "a device was replaced");
    Path fifo = folder.resolve("fifo");
    assertEquals(0, new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor());
    Process reader = new ProcessBuilder("cat", fifo.toString()).start();
    try {
      TargetFile.write(fifo, bytes("through a pipe"));
      assertEquals("through a pipe", new String(reader.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
    } finally {
      reader.destroyForcibly();
    }
    assertEquals(List.of(fifo), contents());
  }

  @Test
  void placesThatAreNoneAreRefused() {
    assertThrows(NoSuchFileException.class, () -> TargetFile.write(folder.resolve("no/file"), bytes("x")));
    assertThrows(FileSystemException.class, () -> TargetFile.write(folder, bytes("x")));
  }

  private List<Path> contents() throws IOException {
    try (var entries = Files.list(folder)) {
      return entries.toList();
    }
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
