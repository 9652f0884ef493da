package org.conceptclip.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
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
