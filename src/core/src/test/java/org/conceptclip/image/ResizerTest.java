package org.conceptclip.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.conceptclip.tensor.HostTensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Random sizes against checksums of what Pillow made of the same pixels, and the edges of the interface. */
class ResizerTest {
  record Case(long seed, int width, int height, int toWidth, int toHeight, String crc32) {
    @Override
    public String toString() {
      return width + "x" + height + " to " + toWidth + "x" + toHeight;
    }
  }

  static List<Case> cases() {
    List<Case> cases = new ArrayList<>();
    ImageFixtures.json("resize.json").getAsJsonArray().forEach(element -> {
      var entry = element.getAsJsonObject();
      cases.add(new Case(entry.get("seed").getAsLong(), entry.get("width").getAsInt(), entry.get("height").getAsInt(),
          entry.get("to_width").getAsInt(), entry.get("to_height").getAsInt(), entry.get("crc32").getAsString()));
    });
    return cases;
  }

  @ParameterizedTest
  @MethodSource("cases")
  void matchesPillow(Case fixture) {
    RgbImage source = noise(fixture.seed(), fixture.width(), fixture.height());
    assertEquals(fixture.crc32(), ImageFixtures.crc32(Preprocessor.resize(source, fixture.toWidth(), fixture.toHeight())));
  }

  @Test
  void coversEnoughCases() {
    assertEquals(56, cases().size());
  }

  @Test
  void writesExactlyItsBytesAtAnOffset() {
    RgbImage source = noise(7, 50, 40);
    byte[] expected = Preprocessor.resize(source, 12, 9);
    int bytes = 12 * 9 * 3;
    byte[] array = new byte[bytes + 20];
    Arrays.fill(array, (byte) 0x5a);
    MemorySegment pixels = MemorySegment.ofArray(source.pixels());
    new BlockResizer().resize(pixels, 50, 40, 3, 12, 9, MemorySegment.ofArray(array), 7);
    assertArrayEquals(expected, Arrays.copyOfRange(array, 7, 7 + bytes));
    for (int i = 0; i < array.length; i++) {
      if (i < 7 || i >= 7 + bytes) {
        assertEquals(0x5a, array[i], "byte " + i + " beside the target");
      }
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment target = arena.allocate(bytes + 3);
      new BlockResizer().resize(pixels, 50, 40, 3, 12, 9, target, 3);
      assertArrayEquals(expected, target.asSlice(3).toArray(ValueLayout.JAVA_BYTE));
      assertThrows(IndexOutOfBoundsException.class, () -> new BlockResizer().resize(pixels, 50, 40, 3, 12, 9, target, 4));
      assertThrows(IndexOutOfBoundsException.class, () -> new BlockResizer().resize(pixels, 50, 40, 3, 12, 9, target, -1));
    }
    assertThrows(IllegalArgumentException.class, () -> Preprocessor.resize(source, 0, 9));
    assertThrows(IllegalArgumentException.class, () -> Preprocessor.resize(source, 40_000, 40_000));
  }

  @Test
  void copiesWhenTheSizeIsRight() {
    RgbImage source = noise(3, 20, 10);
    byte[] copy = Preprocessor.resize(source, 20, 10);
    assertArrayEquals(source.pixels(), copy);
    assertNotSame(source.pixels(), copy);
  }

  /** Strips far longer than a decoder lets through. */
  @Test
  void takesLongStrips() {
    int length = 20_000_000;
    byte[] pixels = new byte[length * 3];
    Arrays.fill(pixels, (byte) 200);
    for (byte[] result : List.of(
        Preprocessor.resize(new RgbImage(length, 1, pixels), 384, 1), Preprocessor.resize(new RgbImage(1, length, pixels), 1, 384))) {
      assertEquals(384 * 3, result.length);
      for (byte value : result) {
        // Each of 200,000 weights is rounded to 2^-22, so their sum is a little off 1.
        assertEquals(200, value & 0xff, 3);
      }
    }
  }

  @Test
  void preprocesses() {
    RgbImage source = noise(11, 30, 20);
    HostTensor pixels = Preprocessor.toPixels(source, 16);
    assertEquals("U8 [16, 16, 3]", pixels.toString());
    assertArrayEquals(Preprocessor.resize(source, 16, 16), pixels.data().toArray(ValueLayout.JAVA_BYTE));
  }

  /** The top bytes of splitmix64's outputs, the recipe that the fixture script uses. */
  static RgbImage noise(long seed, int width, int height) {
    byte[] pixels = new byte[width * height * 3];
    for (int i = 0; i < pixels.length; i++) {
      long z = seed + 0x9E3779B97F4A7C15L * (i + 1);
      z = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
      z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
      pixels[i] = (byte) ((z ^ z >>> 31) >>> 56);
    }
    return new RgbImage(width, height, pixels);
  }
}
