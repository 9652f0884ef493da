package org.conceptclip.image;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;

/**
 * Draws the picture that libjpeg-turbo must decode before it is trusted, and encodes it with the JDK: 4:2:0, both sides odd.
 *
 * <p>{@code main} writes it to where the library reads it, and prints the checksum of its pixels for {@link JpegLibrary}.
 */
final class ProbePicture {
  static final Path FILE = Path.of("src/core/src/main/resources/org/conceptclip/image/probe.jpg");

  private static final int WIDTH = 29;
  private static final int HEIGHT = 23;

  private ProbePicture() {}

  public static void main(String[] arguments) throws IOException {
    byte[] file = jpeg();
    Files.write(FILE, file);
    System.out.printf("PROBE_CRC = 0x%08xL%n", pixelsChecksum(file));
  }

  /** Slopes in each channel, and an edge that no 8x8 block begins at. */
  static byte[] jpeg() throws IOException {
    BufferedImage picture = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < HEIGHT; y++) {
      for (int x = 0; x < WIDTH; x++) {
        int red = 8 * x;
        int green = x + y < 25 ? 11 * y : 255 - 9 * x;
        int blue = (x * y) % 256;
        picture.setRGB(x, y, red << 16 | green << 8 | blue);
      }
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ImageIO.setUseCache(false);
    ImageIO.write(picture, "jpeg", bytes);
    return bytes.toByteArray();
  }

  /** Of the pixels as the JDK decodes them. */
  static long pixelsChecksum(byte[] file) throws IOException {
    CRC32 crc = new CRC32();
    RgbCollector collector = new RgbCollector();
    ImageSource source = ImageFixtures.source(file);
    try (DecodeGate gate = source.gate()) {
      gate.leadsTo(collector);
      JpegDecoder.decodeByJdk(new JpegHeader(source), collector);
    }
    crc.update(collector.image().pixels());
    return crc.getValue();
  }
}
