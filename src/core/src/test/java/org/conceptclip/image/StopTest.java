package org.conceptclip.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;
import org.conceptclip.tensor.BadInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every format asks its checkpoint at least every quarter of a second, in the worst pictures that limits let through, and stops with what
 * the checkpoint throws. Counted in the thread's processor time, so that a loaded machine does not fail.
 */
@Timeout(120)
class StopTest {
  private static final int SIZE = 384;
  private static final long LONGEST_GAP = Duration.ofMillis(250).toNanos();
  private static final long RUN = Duration.ofMillis(900).toNanos();
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  private record Work(String name, Supplier<byte[]> file) {
    @Override
    public String toString() {
      return name;
    }
  }

  private static final class Stopped extends RuntimeException {
    private static final long serialVersionUID = 1;
  }

  /** Takes the time between questions, and stops after a while. */
  private static final class Watch implements DecodeCheckpoint {
    final Stopped stop = new Stopped();
    private final long begin = THREADS.getCurrentThreadCpuTime();
    private final long run;
    private long last = begin;
    long longest;

    Watch(long run) {
      this.run = run;
    }

    @Override
    public void check() {
      look();
      if (last - begin > run) {
        throw stop;
      }
    }

    /** Takes the time since the last question. */
    void look() {
      long now = THREADS.getCurrentThreadCpuTime();
      longest = Math.max(longest, now - last);
      last = now;
    }
  }

  static List<Work> works() {
    return List.of(
        new Work("PNG of 178 megapixels", () -> HostileImages.png(13_377, 13_377, 8, 2, false)),
        new Work("PNG of a million columns", () -> HostileImages.png(1_000_000, 178, 16, 6, false)),
        new Work("PNG, interlaced", () -> HostileImages.png(8_000, 8_000, 8, 0, true)),
        new Work("GIF of 178 megapixels", () -> HostileImages.gif(13_377, 13_377, 13_377, 13_377, false)),
        new Work("GIF, interlaced", () -> HostileImages.gif(8_000, 8_000, 8_000, 8_000, true)),
        new Work("GIF of many blocks", () -> HostileImages.gifWith(2_000_000, new byte[] {'!', (byte) 0xfe, 1, 'x', 0})),
        new Work("JPEG of 178 megapixels", () -> HostileImages.baseline(13_377, 13_377, new int[] {0x11, 0x11, 0x11}, -1)),
        new Work("JPEG by the JDK", () -> HostileImages.baseline(13_377, 13_377, new int[] {0x31, 0x11, 0x11}, -1)),
        new Work("JPEG of inks", () -> HostileImages.baseline(4_000, 4_000, new int[] {0x11, 0x11, 0x11, 0x11}, -1)),
        new Work("progressive JPEG for libjpeg-turbo", () -> HostileImages.progressive(2048, 2048, 1, 45)),
        new Work("progressive JPEG of many scans", () -> HostileImages.progressive(11_584, 11_584, 1, 400)),
        new Work("progressive JPEG in colour", () -> HostileImages.progressive(6_000, 6_000, 3, 90)));
  }

  @ParameterizedTest
  @MethodSource("works")
  void stops(Work work) {
    DecodeMemory memory = new DecodeMemory(1L << 30, 1L << 30);
    byte[] file = work.file.get();
    byte[] target = new byte[SIZE * SIZE * 3];
    try (PixelDecoder decoder = new PixelDecoder(DecodeLimits.DEFAULT.withMemory(memory))) {
      byte[] small = ImageFixtures.bytes("rgb_420_progressive.jpg");
      for (String first : List.of("rgb8.png", "palette.gif", "rgb_420.jpg", "cmyk.jpg", "rgb_411.jpg")) {
        decoder.decodeInto(ImageFixtures.bytes(first), first, SIZE, MemorySegment.ofArray(target), 0);
      }
      decoder.decodeInto(small, "small", SIZE, MemorySegment.ofArray(target), 0);
      byte[] expected = target.clone();
      Watch watch = new Watch(RUN);
      try {
        decoder.decodeInto(file, work.name, SIZE, MemorySegment.ofArray(target), 0, watch);
      } catch (Stopped e) {
        assertSame(watch.stop, e);
      }
      watch.look();
      assertTrue(watch.longest < LONGEST_GAP, watch.longest / 1_000_000 + " ms without a question");
      assertEquals(0, memory.leasedHeapBytes());
      assertEquals(0, memory.leasedNativeBytes());
      // At once, and the decoder goes on with the next picture.
      Watch none = new Watch(-1);
      assertSame(none.stop, assertThrows(Stopped.class,
          () -> decoder.decodeInto(file, work.name, SIZE, MemorySegment.ofArray(target), 0, none)));
      decoder.decodeInto(small, "small", SIZE, MemorySegment.ofArray(target), 0);
      assertArrayEquals(expected, target);
      assertEquals(0, memory.leasedHeapBytes());
    }
  }

  @Test
  void endsWhenItsTimeIsOver() {
    byte[] file = HostileImages.progressive(8_000, 8_000, 1, 300);
    DecodeLimits limits = DecodeLimits.DEFAULT.withMemory(new DecodeMemory(1L << 29, 1L << 29)).withTimeLimit(Duration.ofMillis(200));
    try (PixelDecoder decoder = new PixelDecoder(limits)) {
      String message = assertThrows(BadInputException.class,
          () -> decoder.decodeInto(file, "slow.jpg", SIZE, MemorySegment.ofArray(new byte[SIZE * SIZE * 3]), 0)).getMessage();
      assertEquals("slow.jpg: decoding took longer than 0.2 s, the limit for one image; raise the time limit for decoding"
          + " (--decode-seconds), or use a smaller picture", message);
    }
  }

  /** Whatever the reader of a format makes of an exception in its midst, the caller sees it as it was. */
  @Test
  void passesOnWhatBeginThrows() {
    Stopped elsewhere = new Stopped();
    for (ImageFixtures.Fixture fixture : ImageDecoderTest.accepted().toList()) {
      DecodeCheckpoint moving = new DecodeCheckpoint() {
        @Override
        public void check() {}

        @Override
        public void begin(long nanos) {
          assertTrue(nanos > 0, fixture + ": " + nanos);
          throw elsewhere;
        }
      };
      ImageFormat format = ImageFixtures.source(ImageFixtures.bytes(fixture.file())).format();
      if (format != ImageFormat.PNG && format != ImageFormat.GIF && format != ImageFormat.JPEG) {
        continue;
      }
      try (PixelDecoder decoder = new PixelDecoder(DecodeLimits.DEFAULT)) {
        assertSame(elsewhere, assertThrows(Stopped.class, () -> decoder.decodeInto(ImageFixtures.bytes(fixture.file()), "x", 4,
            MemorySegment.ofArray(new byte[48]), 0, moving)));
      }
    }
  }
}
