package org.conceptclip.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** One resizer for pictures of many shapes, against the formula written out. */
@Timeout(120)
class BlockResizerTest {
  private final BlockResizer resizer = new BlockResizer();
  private final SplittableRandom random = new SplittableRandom(20_261_124);

  @Test
  void matchesTheFormulaWhateverCameBefore() {
    for (int i = 0; i < 150; i++) {
      check(1 + random.nextInt(300), 1 + random.nextInt(300), 1 + random.nextInt(60), 1 + random.nextInt(60));
    }
  }

  @Test
  void takesTheEdgesOfItsBlocks() {
    for (int extent : new int[] {1, 63, 64, 65, 127, 128, 129, 191, 192, 193, 257}) {
      check(extent, 70, 24, 24);
      check(70, extent, 24, 24);
      check(extent, extent, extent, 24);
      check(extent, extent, 24, extent);
      check(extent, extent, extent, extent);
    }
  }

  /** Beyond 1024 taps or 8192 columns the plain pass takes over. */
  @Test
  void takesExtremes() {
    check(256 * 6, 20, 6, 6);
    check(257 * 6, 20, 6, 6);
    check(100_000, 3, 5, 4);
    check(3, 100_000, 5, 4);
    check(5, 4, 9000, 3);
    check(4, 5, 3, 9000);
    check(2, 2, 700, 700);
  }

  @Test
  void startsAnewAfterATargetThatCouldNotBeWrittenTo() {
    MemorySegment source = noise(200 * 300 * 3);
    MemorySegment gone;
    try (Arena arena = Arena.ofConfined()) {
      gone = arena.allocate(10 * 3 * 3);
    }
    // All three rows are begun before the first is complete.
    assertThrows(IllegalStateException.class, () -> resizer.resize(source, 200, 300, 3, 10, 3, gone, 0));
    check(200, 300, 10, 1);
  }

  /** Rows in any numbers at a time, from any offset, also after a picture that was given up. */
  @Test
  void takesRowsInAnyNumbers() {
    for (int i = 0; i < 60; i++) {
      int channels = random.nextBoolean() ? 1 : 3;
      int width = 1 + random.nextInt(i % 5 == 0 ? 3000 : 200);
      int height = 1 + random.nextInt(500);
      int toWidth = i % 7 == 0 ? width : 1 + random.nextInt(40);
      int toHeight = i % 7 == 0 ? height : 1 + random.nextInt(40);
      MemorySegment source = noise(width * height * channels + 3).asSlice(0);
      byte[] found = new byte[toWidth * toHeight * 3 + 2];
      resizer.to(toWidth, toHeight, MemorySegment.ofArray(found), 2);
      resizer.begin(7, 9, 3);
      resizer.rows(noise(7 * 5 * 3), 0, 5);
      resizer.begin(width, height, channels);
      for (int y = 0; y < height; ) {
        int count = Math.min(height - y, 1 + random.nextInt(i % 3 == 0 ? 5 : 400));
        resizer.rows(source, 3 + (long) y * width * channels, count);
        y += count;
      }
      resizer.finish();
      MemorySegment picture = MemorySegment.ofArray(source.asSlice(3).toArray(ValueLayout.JAVA_BYTE));
      assertArrayEquals(expected(picture, width, height, channels, toWidth, toHeight), Arrays.copyOfRange(found, 2, found.length));
    }
  }

  @Test
  void refusesMissingAndSurplusRows() {
    MemorySegment target = MemorySegment.ofArray(new byte[4 * 4 * 3]);
    resizer.to(4, 4, target, 0);
    resizer.begin(10, 10, 3);
    resizer.rows(noise(9 * 10 * 3), 0, 9);
    assertThrows(IllegalStateException.class, resizer::finish);
    assertThrows(IllegalStateException.class, () -> resizer.rows(noise(2 * 10 * 3), 0, 2));
  }

  /** What is leased must cover what is allocated. */
  @Test
  void allocatesNoMoreThanItSays() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    for (int[] size : new int[][] {{13_377, 20}, {1_000_000, 3}, {3, 1_000_000}, {90_000, 70}, {2000, 2000}, {2, 2}}) {
      MemorySegment source = MemorySegment.ofArray(new byte[size[0] * size[1] * 3]);
      byte[] target = new byte[384 * 384 * 3];
      BlockResizer fresh = new BlockResizer();
      fresh.to(384, 384, MemorySegment.ofArray(target), 0);
      long before = threads.getCurrentThreadAllocatedBytes();
      fresh.begin(size[0], size[1], 3);
      for (int y = 0; y < size[1]; y++) {
        fresh.rows(source, (long) y * size[0] * 3, 1);
      }
      fresh.finish();
      long allocated = threads.getCurrentThreadAllocatedBytes() - before;
      long garbage = 200L * size[1];
      assertTrue(allocated <= fresh.heapBytes(size[0], size[1]) + garbage,
          size[0] + "x" + size[1] + ": " + allocated + " bytes, announced " + fresh.heapBytes(size[0], size[1]));
      assertTrue(fresh.scratchBytes() <= 1 << 20, fresh.scratchBytes() + " bytes kept");
    }
  }

  private void check(int width, int height, int toWidth, int toHeight) {
    for (int channels : new int[] {1, 3}) {
      MemorySegment source = noise(width * height * channels);
      byte[] expected = expected(source, width, height, channels, toWidth, toHeight);
      byte[] found = new byte[expected.length];
      resizer.resize(source, width, height, channels, toWidth, toHeight, MemorySegment.ofArray(found), 0);
      assertArrayEquals(expected, found, width + "x" + height + "x" + channels + " to " + toWidth + "x" + toHeight);
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment outside = arena.allocate(source.byteSize()).copyFrom(source);
        MemorySegment target = arena.allocate(expected.length + 5);
        resizer.resize(outside, width, height, channels, toWidth, toHeight, target, 5);
        assertArrayEquals(expected, target.asSlice(5).toArray(ValueLayout.JAVA_BYTE), "native");
      }
    }
  }

  /** Every other picture is of extremes, where sums leave 0..255. */
  private MemorySegment noise(int bytes) {
    byte[] samples = new byte[bytes];
    random.nextBytes(samples);
    if (random.nextBoolean()) {
      for (int i = 0; i < bytes; i++) {
        samples[i] = (byte) (samples[i] >> 7);
      }
    }
    return MemorySegment.ofArray(samples);
  }

  private static byte[] expected(MemorySegment source, int width, int height, int channels, int toWidth, int toHeight) {
    int[] samples = new int[width * height * channels];
    for (int i = 0; i < samples.length; i++) {
      samples[i] = source.get(ValueLayout.JAVA_BYTE, i) & 0xff;
    }
    int[] narrowed = width == toWidth
        ? samples
        : resample(samples, AxisWeights.bicubic(width, toWidth), height, width * channels, channels, channels);
    int[] squashed = height == toHeight
        ? narrowed
        : resample(narrowed, AxisWeights.bicubic(height, toHeight), 1, 0, toWidth * channels, toWidth * channels);
    byte[] rgb = new byte[toWidth * toHeight * 3];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = (byte) squashed[channels == 1 ? i / 3 : i];
    }
    return rgb;
  }

  /** Lines of {@code lineStride} samples, each of positions of {@code step} samples. */
  private static int[] resample(int[] from, AxisWeights axis, int lines, int lineStride, int step, int samples) {
    int[] to = new int[lines * axis.outputs() * samples];
    int at = 0;
    for (int line = 0; line < lines; line++) {
      for (int output = 0; output < axis.outputs(); output++) {
        for (int sample = 0; sample < samples; sample++) {
          int sum = 1 << 21;
          for (int tap = 0; tap < axis.count()[output]; tap++) {
            sum += from[line * lineStride + (axis.first()[output] + tap) * step + sample]
                * axis.weights()[output * axis.taps() + tap];
          }
          to[at++] = Math.clamp(sum >> 22, 0, 255);
        }
      }
    }
    return to;
  }
}
