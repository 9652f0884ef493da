package org.conceptclip.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.conceptclip.tensor.BadInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every format and mode against Pillow's verdict, and the words of refusals. */
class ImageDecoderTest {
  private final ImageDecoder decoder = new ImageDecoder(DecodeLimits.DEFAULT);

  static Stream<ImageFixtures.Fixture> accepted() {
    return ImageFixtures.all().stream().filter(fixture -> !fixture.file().startsWith("refuse_"));
  }

  static Stream<ImageFixtures.Fixture> refused() {
    return ImageFixtures.all().stream().filter(fixture -> fixture.file().startsWith("refuse_"));
  }

  @ParameterizedTest
  @MethodSource("accepted")
  void decodesAsPillowDoes(ImageFixtures.Fixture fixture) {
    RgbImage image = decoder.decode(ImageFixtures.bytes(fixture.file()), fixture.file());
    assertEquals(fixture.width() + "x" + fixture.height(), image.width() + "x" + image.height());
    assertEquals(fixture.crc32(), ImageFixtures.crc32(image.pixels()));
  }

  @ParameterizedTest
  @MethodSource("refused")
  void refusesInOneLineThatNamesTheFile(ImageFixtures.Fixture fixture) {
    String message = refusal(ImageFixtures.bytes(fixture.file()), "dir/" + fixture.file());
    assertTrue(message.startsWith("dir/" + fixture.file() + ": "), message);
    assertTrue(message.contains("expected"), message);
    assertEquals(1, message.lines().count(), message);
    assertTrue(message.chars().noneMatch(Character::isISOControl), message);
  }

  @Test
  void saysWhatIsWrong() {
    assertContains("cut_50.jpg", "truncated");
    assertContains("cut_progressive.jpg", "truncated");
    assertContains("cut_half.png", "truncated");
    assertContains("cut.gif", "truncated");
    assertContains("cut_lzw.tif", "truncated");
    assertContains("cut_lossy.webp", "truncated");
    assertContains("bomb.png", "60000x60000 = 3600000000 pixels, expected at most 178956970");
    assertContains("bomb.bmp", "60000x60000 = 3600000000 pixels, expected at most 178956970");
    assertContains("bomb.tif", "60000x60000 = 3600000000 pixels, expected at most 178956970");
    assertContains("zero_width.png", "0x5");
    assertContains("empty.png", "empty (0 bytes)");
    assertContains("text.jpg", "found text, expected an image (JPEG");
    assertContains("document.pdf", "PDF");
    assertContains("grey16.tif", "8 bits");
    assertContains("12_bits.jpg", "12 bits");
  }

  private void assertContains(String file, String expected) {
    String message = refusal(ImageFixtures.bytes("refuse_" + file), file);
    assertTrue(message.contains(expected), message + " lacks " + expected);
  }

  @Test
  void appliesItsOwnLimitBeforePixels() {
    ImageDecoder strict = new ImageDecoder(DecodeLimits.DEFAULT.withMaxPixels(37 * 29 - 1));
    ImageDecoder exact = new ImageDecoder(DecodeLimits.DEFAULT.withMaxPixels(37 * 29));
    for (String file : List.of("rgb_420.jpg", "rgb8.png", "rgb24.bmp", "palette.gif", "rgb_raw.tif", "lossy.webp")) {
      byte[] bytes = ImageFixtures.bytes(file);
      String message = assertThrows(BadInputException.class, () -> strict.decode(bytes, file)).getMessage();
      assertTrue(message.contains("37x29 = 1073 pixels, expected at most 1072"), message);
      assertEquals(37, exact.decode(bytes, file).width());
    }
  }

  @Test
  void namesMissingFilesAndDirectories(@TempDir Path directory) throws IOException {
    Path missing = directory.resolve("missing.png");
    assertEquals(missing + ": no such file, expected an image file (JPEG, PNG, BMP, GIF, TIFF or WebP)",
        assertThrows(BadInputException.class, () -> decoder.decode(missing)).getMessage());
    assertTrue(assertThrows(BadInputException.class, () -> decoder.decode(directory)).getMessage()
        .startsWith(directory + ": is a directory"));
    Path link = Files.createSymbolicLink(directory.resolve("link.png"), missing);
    assertTrue(assertThrows(BadInputException.class, () -> decoder.decode(link)).getMessage().contains("link to a missing"));
    Path empty = Files.createFile(directory.resolve("empty.jpg"));
    assertTrue(assertThrows(BadInputException.class, () -> decoder.decode(empty)).getMessage().contains("0 bytes"));
    assertEquals(1, refusal(new byte[0], "two\nlines").lines().count());
    String deep = "folder/".repeat(100) + "picture.png";
    assertTrue(refusal(new byte[0], deep).startsWith(deep + ": empty"), "a long name is told whole");
    Path good = Files.write(directory.resolve("wrong-suffix.txt"), ImageFixtures.bytes("rgb8.png"));
    assertEquals(29, decoder.decode(good).height());
  }

  /** No prefix of a picture may pass for the whole, unless all its pixels are in it. */
  @ParameterizedTest
  @MethodSource("accepted")
  void neverReturnsPartOfATruncatedFile(ImageFixtures.Fixture fixture) {
    byte[] whole = ImageFixtures.bytes(fixture.file());
    for (int length = 0; length < whole.length; length += Math.max(1, whole.length / 40)) {
      byte[] cut = Arrays.copyOf(whole, length);
      RgbImage image;
      try {
        image = decoder.decode(cut, fixture.file());
      } catch (BadInputException e) {
        continue;
      }
      assertEquals(fixture.crc32(), ImageFixtures.crc32(image.pixels()), "cut to " + length + " bytes of " + whole.length);
    }
  }

  /** The chunks of a frame go to libwebp without a file around them: alpha, which does not count, and the picture. */
  @Test
  void decodesTheFirstFrameOfALossyAnimationWithAlpha() {
    byte[] still = ImageFixtures.bytes("lossy_alpha.webp");
    RgbImage expected = decoder.decode(still, "still");
    // RIFF header of 12 bytes, VP8X chunk of 18, then ALPH and VP8.
    int chunks = still.length - 30;
    for (int[] damage : new int[][] {{0, 37, 29}, {2, 37, 29}, {0, 36, 29}, {0, 37, 30}}) {
      ByteBuffer file = ByteBuffer.allocate(30 + 24 + chunks).order(ByteOrder.LITTLE_ENDIAN);
      file.put(still, 0, 30).putInt(4, file.capacity() - 8).put(20, (byte) 0x12);
      file.putInt('A' | 'N' << 8 | 'M' << 16 | 'F' << 24).putInt(16 + chunks);
      file.put(new byte[] {
          (byte) (damage[0] / 2), 0, 0, 0, 0, 0, (byte) (damage[1] - 1), 0, 0, (byte) (damage[2] - 1), 0, 0, 0, 0, 0, 0});
      file.put(still, 30, chunks);
      if (damage[0] == 0 && damage[1] == 37 && damage[2] == 29) {
        assertArrayEquals(expected.pixels(), decoder.decode(file.array(), "animation").pixels());
      } else {
        String message = refusal(file.array(), "animation");
        assertTrue(message.contains("frame of 37x29 at " + damage[0] + ",0, expected the size that its header"), message);
      }
    }
  }

  @Test
  void isSafeForThreads() throws Exception {
    List<ImageFixtures.Fixture> fixtures = accepted().toList();
    try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
      Callable<Void> pass = () -> {
        fixtures.forEach(this::decodesAsPillowDoes);
        return null;
      };
      for (var result : threads.invokeAll(List.of(pass, pass, pass, pass))) {
        result.get();
      }
    }
  }

  private String refusal(byte[] bytes, String name) {
    return assertThrows(BadInputException.class, () -> decoder.decode(bytes, name)).getMessage();
  }
}
