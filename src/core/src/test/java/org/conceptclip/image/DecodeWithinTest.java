package org.conceptclip.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import javax.imageio.ImageIO;
import org.conceptclip.tensor.BadInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Pictures of bounded size: those of the whole picture, resized afterwards. */
class DecodeWithinTest {
  @ParameterizedTest
  @CsvSource({"600,400,300,300,200", "400,600,300,200,300", "300,300,300,300,300", "299,120,300,299,120", "1000,1,10,10,1",
      "700,501,256,256,183"})
  void aLargerPictureIsReducedInItsAspect(int width, int height, int longest, int expectedWidth, int expectedHeight) throws IOException {
    for (int type : new int[] {BufferedImage.TYPE_INT_RGB, BufferedImage.TYPE_BYTE_GRAY}) {
      byte[] png = png(width, height, type);
      RgbImage found = new ImageDecoder(DecodeLimits.DEFAULT).decodeWithin(png, "x", longest);
      assertEquals(expectedWidth, found.width());
      assertEquals(expectedHeight, found.height());
      RgbImage whole = new ImageDecoder(DecodeLimits.DEFAULT).decode(png, "x");
      assertArrayEquals(Preprocessor.resize(whole, expectedWidth, expectedHeight), found.pixels());
    }
  }

  @Test
  void whatItTakesIsLeasedByTheResultAndNotByThePicture() throws IOException {
    byte[] png = png(9000, 8000, BufferedImage.TYPE_BYTE_GRAY);
    // The whole picture takes 216 MB; half of the memory for decoding is heap.
    DecodeLimits limits = DecodeLimits.DEFAULT.withMemory(DecodeMemory.ofBytes(128 << 20));
    assertEquals(2048, new ImageDecoder(limits).decodeWithin(png, "x", 2048).width());
    BadInputException refusal = assertThrows(BadInputException.class, () -> new ImageDecoder(limits).decode(png, "x"));
    assertTrue(refusal.getMessage().contains("memory"), refusal.getMessage());
    assertThrows(BadInputException.class, () -> new ImageDecoder(limits).decodeWithin(png, "x", 9000));
  }

  private static byte[] png(int width, int height, int type) throws IOException {
    BufferedImage picture = new BufferedImage(width, height, type);
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        picture.setRGB(x, y, (x * 7 ^ y * 13) * 0x10305 & 0xFFFFFF);
      }
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ImageIO.write(picture, "png", bytes);
    return bytes.toByteArray();
  }
}
