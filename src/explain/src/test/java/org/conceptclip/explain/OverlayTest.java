package org.conceptclip.explain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;
import org.conceptclip.explain.Overlay.Range;
import org.conceptclip.image.RgbImage;
import org.conceptclip.op.PatchGeometry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Overlays as files: what an independent decoder reads in them. */
class OverlayTest {
  private static final PatchGeometry GEOMETRY = new PatchGeometry(61, 14);
  private static final PatchMap RISING = new PatchMap(4, rising());

  @ParameterizedTest
  @CsvSource({"400,300", "61,61", "1,1", "1,700", "900,2", "2048,100"})
  void thePictureIsInTheUpperLeftCornerAtItsOwnSize(int width, int height) throws IOException {
    RgbImage picture = grey(width, height, 128);
    BufferedImage found = decoded(overlay(1).png(picture, RISING, Range.of(RISING), "cyst"));
    assertEquals(Math.max(160, width), found.getWidth());
    assertTrue(found.getHeight() > height + 30, "a strip below");
    // With opacity 1 the corners are the ends of the colour map.
    if (width > 61 && height > 61) {
      assertEquals(ColourMap.rgb(0), rgb(found, 0, 0));
      assertEquals(ColourMap.rgb(1), rgb(found, width - 1, height - 1));
    }
    assertEquals(0xFDFDFC, rgb(found, found.getWidth() - 1, found.getHeight() - 1), "paper");
  }

  @Test
  void withoutOpacityThePictureIsGrey() throws IOException {
    byte[] pixels = new byte[200 * 170 * 3];
    new Random(7).nextBytes(pixels);
    BufferedImage found = decoded(overlay(0).png(new RgbImage(200, 170, pixels), RISING, Range.of(RISING), "cyst"));
    for (int i = 0; i < 200 * 170; i++) {
      double luma = 0.299 * (pixels[3 * i] & 0xFF) + 0.587 * (pixels[3 * i + 1] & 0xFF) + 0.114 * (pixels[3 * i + 2] & 0xFF);
      int pixel = rgb(found, i % 200, i / 200);
      assertEquals(luma, pixel & 0xFF, 0.501);
      assertEquals((pixel & 0xFF) * 0x10101, pixel);
    }
  }

  @Test
  void valuesBeyondTheRangeHaveItsEnds() throws IOException {
    BufferedImage found = decoded(overlay(1).png(grey(200, 200, 0), RISING, new Range(5, 6), "cyst"));
    assertEquals(ColourMap.rgb(0), rgb(found, 0, 0));
    assertEquals(ColourMap.rgb(1), rgb(found, 199, 199));
    assertEquals(0, new Range(2, 2).share(2), "a range without extent");
    assertThrows(IllegalArgumentException.class, () -> new Range(Float.NaN, 1));
    assertThrows(IllegalArgumentException.class, () -> new Range(2, 1));
  }

  @Test
  void theFileSaysWhatItShows() throws IOException {
    Map<String, String> chunks = chunks(overlay(0.5).png(grey(300, 200, 50), RISING, new Range(-0.25f, 0.5f), "lung nodule"));
    assertEquals("Description\0Similarity (cosine) of the patches with: lung nodule. Model: tiny. Range: -0.250 to 0.500. For research."
        + " Not a medical device.", chunks.get("tEXt"));
    String accented = chunks(overlay(0.5).png(grey(300, 200, 50), RISING, new Range(0, 1), "naevus pigmenté 痣")).get("iTXt");
    assertTrue(accented.startsWith("Description\0\0\0\0\0") && accented.contains("naevus pigmenté 痣"), accented);
  }

  @Test
  void theStripDependsOnEveryWord() throws IOException {
    RgbImage picture = grey(300, 200, 50);
    byte[] one = overlay(0.5).png(picture, RISING, new Range(0, 1), "cyst");
    assertNotEquals(strip(one), strip(overlay(0.5).png(picture, RISING, new Range(0, 1), "cysts")));
    assertNotEquals(strip(one), strip(overlay(0.5).png(picture, RISING, new Range(0, 0.999f), "cyst")));
    Overlay other = new Overlay(GEOMETRY, Interpolation.BILINEAR, 0.5, "other");
    assertNotEquals(strip(one), strip(other.png(picture, RISING, new Range(0, 1), "cyst")));
  }

  @Test
  void aLongConceptIsCutInThreeLines() throws IOException {
    BufferedImage found = decoded(overlay(0.5).png(grey(300, 200, 50), RISING, new Range(0, 1), "a very long phrase ".repeat(500)));
    assertTrue(found.getHeight() < 350, "height " + found.getHeight());
  }

  private static Overlay overlay(double opacity) {
    return new Overlay(GEOMETRY, Interpolation.BILINEAR, opacity, "tiny");
  }

  private static float[] rising() {
    float[] values = new float[16];
    for (int i = 0; i < values.length; i++) {
      values[i] = i;
    }
    return values;
  }

  private static RgbImage grey(int width, int height, int value) {
    byte[] pixels = new byte[width * height * 3];
    Arrays.fill(pixels, (byte) value);
    return new RgbImage(width, height, pixels);
  }

  private static BufferedImage decoded(byte[] png) throws IOException {
    return ImageIO.read(new ByteArrayInputStream(png));
  }

  private static int rgb(BufferedImage picture, int x, int y) {
    return picture.getRGB(x, y) & 0xFFFFFF;
  }

  private static String strip(byte[] png) throws IOException {
    BufferedImage picture = decoded(png);
    return Arrays.toString(picture.getRGB(0, 200, picture.getWidth(), picture.getHeight() - 200, null, 0, picture.getWidth()));
  }

  /** The chunks of a file by type, each with a right checksum. */
  static Map<String, String> chunks(byte[] png) {
    Map<String, String> chunks = new TreeMap<>();
    ByteBuffer file = ByteBuffer.wrap(png).position(8);
    while (file.hasRemaining()) {
      byte[] typed = new byte[file.getInt() + 4];
      file.get(typed);
      CRC32 sum = new CRC32();
      sum.update(typed);
      assertEquals((int) sum.getValue(), file.getInt());
      chunks.put(new String(typed, 0, 4, StandardCharsets.US_ASCII), new String(typed, 4, typed.length - 4, StandardCharsets.UTF_8));
    }
    return chunks;
  }
}
