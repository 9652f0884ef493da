package org.conceptclip.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import org.conceptclip.tensor.BadInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Files made to cost much: each ends in a picture or one line, and takes no more heap than it has leased. */
@Timeout(60)
class HostileImageTest {
  private static final int SIZE = 64;
  private static final String LITTLE = "can hold at most";

  /** Of short-lived objects: headers, streams, the JDK's reader, and what calls of libtiff leave behind before they are compiled. */
  private static final long FREE_BYTES = 8 << 20;

  /** A hostile file, and what the line says that refuses it; null: it is a picture. */
  private record Hostile(String name, String refusal, Supplier<byte[]> file) {
    @Override
    public String toString() {
      return name;
    }
  }

  static List<Hostile> files() {
    byte[] frameOfOnePixel = HostileImages.gif(64, 64, 1, 1, false);
    byte[] bomb = HostileImages.zeros(256 << 20);
    return List.of(
        new Hostile("PNG of 178 megapixels", null, () -> HostileImages.png(13_377, 13_377, 1, 0, false)),
        new Hostile("PNG strip", null, () -> HostileImages.png(1_000_000, 178, 8, 2, false)),
        new Hostile("PNG tower", null, () -> HostileImages.png(2, 1_000_000, 8, 2, false)),
        new Hostile("PNG without data", LITTLE, () -> HostileImages.png(13_377, 13_377, 8, 2, false, HostileImages.zeros(1000))),
        new Hostile("PNG with a long tail", null, () -> HostileImages.png(64, 64, 8, 2, false, bomb)),
        new Hostile("PNG with a bomb for a profile", null, () -> HostileImages.pngWith(2, "iCCP", bomb)),
        new Hostile("PNG of empty chunks", null, () -> HostileImages.pngWith(100_000, "teXt", new byte[0])),
        new Hostile("PNG beyond counting", "4294967295x4294967295", () -> HostileImages.png(-1, -1, 8, 2, false, bomb)),
        new Hostile("PNG, interlaced, too large for the budget", "needs about", () -> HostileImages.png(9000, 9000, 8, 2, true)),
        new Hostile("GIF screen around a pixel", LITTLE, () -> {
          byte[] file = frameOfOnePixel.clone();
          Arrays.fill(file, 6, 8, (byte) 0xff);
          file[8] = (byte) 2730;
          file[9] = (byte) (2730 >> 8);
          return file;
        }),
        new Hostile("GIF frame without data", LITTLE, () -> {
          byte[] file = frameOfOnePixel.clone();
          Arrays.fill(file, 24, 28, (byte) 0x30);
          return file;
        }),
        new Hostile("GIF of 65535x65535", "65535x65535", () -> HostileImages.gif(65_535, 65_535, 1, 1, false)),
        new Hostile("GIF of 100 megapixels", null, () -> HostileImages.gif(10_000, 10_000, 10_000, 10_000, false)),
        new Hostile("GIF screen of 16 megapixels", null, () -> HostileImages.gif(4096, 4096, 1, 1, false)),
        new Hostile("GIF, interlaced, too large for the budget", "needs about", () -> HostileImages.gif(9000, 9000, 9000, 9000, true)),
        new Hostile("GIF of comments", null, () -> HostileImages.gifWith(300_000, new byte[] {'!', (byte) 0xfe, 1, 'x', 0})),
        new Hostile("GIF of clear codes", "truncated", () -> gifOfClearCodes()),
        new Hostile("JPEG of 178 megapixels", null, () -> HostileImages.baseline(13_377, 13_377, new int[] {0x22, 0x11, 0x11}, -1)),
        new Hostile("JPEG without data", LITTLE, () -> HostileImages.baseline(13_377, 13_377, new int[] {0x22, 0x11, 0x11}, 2)),
        new Hostile("JPEG of 65535x65535", "65535x65535", () -> HostileImages.baseline(65_535, 65_535, new int[] {0x11}, 2)),
        new Hostile("JPEG of no height", "64x0", () -> HostileImages.baseline(64, 0, new int[] {0x11}, 100)),
        new Hostile("JPEG of half the data", LITTLE, () -> HostileImages.baseline(8000, 8000, new int[] {0x11}, 1000 * 1000 / 8)),
        new Hostile("JPEG of inks, too large for the budget", "needs about",
            () -> HostileImages.baseline(6000, 6000, new int[] {0x11, 0x11, 0x11, 0x11}, -1)),
        new Hostile("JPEG of tables", null,
            () -> HostileImages.jpegWith(100_000, 0xc4, new byte[] {0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})),
        new Hostile("JPEG of comments", null, () -> HostileImages.jpegWith(1000, 0xfe, new byte[20_000])),
        new Hostile("progressive JPEG without data", LITTLE, () -> {
          byte[] file = HostileImages.progressive(64, 64, 3, 1);
          int frame = indexOf(file, 0xc2);
          file[frame + 5] = 0x30;
          file[frame + 7] = 0x30;
          return file;
        }),
        new Hostile("progressive JPEG of 800 scans", "JPEG of 801 scans", () -> HostileImages.progressive(4096, 4096, 1, 800)),
        new Hostile("progressive JPEG, too large for the budget", "needs about", () -> HostileImages.progressive(13_000, 13_000, 1, 9)),
        new Hostile("progressive JPEG for the JDK", null, () -> HostileImages.progressive(2500, 2500, 1, 200)));
  }

  private static byte[] gifOfClearCodes() {
    ByteArrayOutputStream file = HostileImages.gifHeader(64, 64);
    file.writeBytes(new byte[] {',', 0, 0, 0, 0, 64, 0, 64, 0, 0, 7});
    byte[] clear = new byte[255];
    Arrays.fill(clear, (byte) 0x80);
    for (int i = 0; i < 4000; i++) {
      file.write(255);
      file.writeBytes(clear);
    }
    file.write(0);
    return file.toByteArray();
  }

  private static int indexOf(byte[] file, int marker) {
    int at = 0;
    while (file[at] != -1 || (file[at + 1] & 0xff) != marker) {
      at++;
    }
    return at;
  }

  @ParameterizedTest
  @MethodSource("files")
  void endsInAPictureOrOneLine(Hostile hostile) {
    DecodeMemory memory = new DecodeMemory(128L << 20, 192L << 20);
    DecodeLimits limits = DecodeLimits.DEFAULT.withMemory(memory);
    byte[] file = hostile.file.get();
    byte[] target = new byte[SIZE * SIZE * 3];
    String message = null;
    long allocated;
    Leases leases = new Leases(memory);
    try (PixelDecoder decoder = new PixelDecoder(limits)) {
      ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
      long before = threads.getCurrentThreadAllocatedBytes();
      try {
        decoder.decodeInto(file, "x", SIZE, MemorySegment.ofArray(target), 0, leases);
      } catch (BadInputException e) {
        message = e.getMessage();
      }
      allocated = threads.getCurrentThreadAllocatedBytes() - before;
      assertTrue(decoder.scratchBytes() <= 8 << 20, decoder.scratchBytes() + " bytes kept");
    }
    assertEquals(hostile.refusal == null, message == null, message);
    if (message != null) {
      assertTrue(message.startsWith("x: ") && message.contains(hostile.refusal) && message.lines().count() == 1, message);
    }
    // Everything that was allocated, also what was garbage soon.
    assertTrue(allocated <= leases.most + FREE_BYTES, allocated + " bytes of heap for a lease of " + leases.most);
    assertEquals(0, memory.leasedHeapBytes());
    assertEquals(0, memory.leasedNativeBytes());
  }

  /** The most heap that was leased at once. */
  private static final class Leases implements DecodeCheckpoint {
    private final DecodeMemory memory;
    long most;

    Leases(DecodeMemory memory) {
      this.memory = memory;
    }

    @Override
    public void check() {
      most = Math.max(most, memory.leasedHeapBytes());
    }
  }

  /** Rules about bytes that carry too little must let through the emptiest pictures that encoders write. */
  @Test
  void letsUniformPicturesThrough() {
    byte[] target = new byte[SIZE * SIZE * 3];
    DecodeLimits limits = DecodeLimits.DEFAULT.withMemory(new DecodeMemory(1L << 30, 1L << 30));
    try (PixelDecoder decoder = new PixelDecoder(limits)) {
      for (Supplier<byte[]> file : List.<Supplier<byte[]>>of(
          () -> HostileImages.png(13_377, 13_377, 8, 0, false),
          () -> HostileImages.gif(13_377, 13_377, 13_377, 13_377, true),
          () -> HostileImages.baseline(13_377, 13_377, new int[] {0x11}, -1),
          () -> HostileImages.baseline(13_377, 13_377, new int[] {0x22, 0x11, 0x11}, -1),
          () -> HostileImages.progressive(5000, 5000, 3, 9))) {
        decoder.decodeInto(file.get(), "uniform", SIZE, MemorySegment.ofArray(target), 0);
      }
    }
  }
}
