package org.conceptclip.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.conceptclip.tensor.BadInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that are none, change, or must not be shown: one line with the caller's name, no waiting, no byte of theirs. */
@Timeout(30)
class ImageFileTest {
  private static final int SIZE = 4;

  @TempDir Path folder;

  private final DecodeMemory memory = new DecodeMemory(16 << 20, 16 << 20);
  private final DecodeLimits limits = DecodeLimits.DEFAULT.withMemory(memory);

  private String refusal(Path path, DecodeCheckpoint checkpoint) {
    try (PixelDecoder decoder = new PixelDecoder(limits)) {
      String message = assertThrows(BadInputException.class,
          () -> decoder.decodeInto(path, "upload 7", SIZE, MemorySegment.ofArray(new byte[48]), 0, checkpoint)).getMessage();
      assertTrue(message.startsWith("upload 7: ") && message.contains("expected") && message.lines().count() == 1, message);
      assertFalse(message.contains(folder.toString()) || message.contains("/proc") || message.contains("/dev"), message);
      assertEquals(0, memory.leasedHeapBytes());
      return message;
    }
  }

  private String refusal(Path path) {
    return refusal(path, DecodeCheckpoint.NONE);
  }

  @Test
  void namesWhatIsNoFile() throws Exception {
    assertTrue(refusal(folder).contains("is a directory"));
    assertTrue(refusal(folder.resolve("missing")).contains("no such file"));
    assertTrue(refusal(Files.createSymbolicLink(folder.resolve("link"), folder.resolve("missing"))).contains("link to a missing file"));
    Path pipe = folder.resolve("pipe");
    Process process = new ProcessBuilder("mkfifo", pipe.toString()).start();
    assertTrue(process.waitFor(10, TimeUnit.SECONDS) && process.exitValue() == 0);
    assertTrue(refusal(pipe).contains("is not a regular file"));
    assertTrue(refusal(Path.of("/dev/zero")).contains("is not a regular file"));
    assertTrue(refusal(Path.of("/proc/self/status")).contains("empty (0 bytes)"));
    Path closed = Files.write(folder.resolve("closed"), new byte[9]);
    Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("---------"));
    if (!Files.isReadable(closed)) {
      assertTrue(refusal(closed).contains("permission denied"));
    }
  }

  @Test
  void refusesAFileThatIsTooLongBeforeItIsRead() throws IOException {
    Path path = folder.resolve("long");
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.setLength(3L << 30);
    }
    assertEquals("upload 7: file of 3221225472 bytes, expected an image file of at most " + memory.largestFileBytes()
        + "; raise -Xmx or the memory for decoding (--decode-memory), or use a smaller file", refusal(path));
  }

  /** The length at the opening counts; of a file that shrinks, what is left. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void readsAFileThatChangesMeanwhile(boolean grows) throws IOException {
    byte[] picture = HostileImages.png(600, 600, 8, 2, false, new byte[1 << 20]);
    Path path = Files.write(folder.resolve("changing"), picture);
    int[] asked = {0};
    String message = refusal(path, () -> {
      if (asked[0]++ == 3) {
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
          file.setLength(grows ? 1 << 30 : 300 << 10);
        } catch (IOException e) {
          throw new IllegalStateException(e);
        }
      }
    });
    assertTrue(message.contains(grows ? "zlib stream" : "truncated"), message);
  }

  @Test
  void waitsForMemoryAndCanBeStopped() throws IOException {
    Path path = Files.write(folder.resolve("file"), new byte[1 << 20]);
    LeaseQueue.Lease all = memory.leaseFile(memory.largestFileBytes(), DecodeCheckpoint.NONE);
    LeaseQueue.Lease reserve = memory.leaseFile(100_000, DecodeCheckpoint.NONE);
    IllegalStateException stop = new IllegalStateException("stop");
    try (PixelDecoder decoder = new PixelDecoder(limits)) {
      IllegalStateException thrown = assertThrows(IllegalStateException.class,
          () -> decoder.decodeInto(path, "x", SIZE, MemorySegment.ofArray(new byte[48]), 0, () -> {
            throw stop;
          }));
      assertEquals(stop, thrown);
    }
    all.close();
    reserve.close();
  }

  @Test
  void quotesNothingOfWhatIsNoPicture() {
    for (String content : List.of("root:*:2:", "-----BEGIN PRIVATE KEY-----", "\u0000secret\u0001", "GIF8secret", "BXsecret",
        "RIFFsecretsecret", "\u0089PNGsecret", "<svg secret", "version https://git-lfs secret", "<html>secret", "%PDF-secret",
        "0000ftypavifsecret")) {
      String message = assertThrows(BadInputException.class, () -> new ImageDecoder(limits).decode(
          content.getBytes(StandardCharsets.ISO_8859_1), "upload 7")).getMessage();
      assertTrue(message.startsWith("upload 7: found "), message);
      for (String quoted : List.of("secret", "root", "BEGIN", "PRIVATE")) {
        assertFalse(message.contains(quoted), message);
      }
    }
  }
}
