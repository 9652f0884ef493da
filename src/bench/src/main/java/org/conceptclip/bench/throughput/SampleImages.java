package org.conceptclip.bench.throughput;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import javax.imageio.ImageIO;
import org.conceptclip.bench.ContestantFailedException;

/**
 * Drawn JPEG files to decode: soft blobs over a gradient with grain, which take a decoder about as long as a photograph of that size.
 * Equal for equal numbers.
 */
public final class SampleImages {
  static final int WIDTH = 1024;
  static final int HEIGHT = 768;
  private static final int BLOBS = 6;

  private SampleImages() {}

  /** Writes a number of them into a folder, which exists. */
  public static List<Path> write(Path folder, int count) {
    List<Path> files = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Path file = folder.resolve("drawing-" + i + ".jpg");
      try {
        files.add(Files.write(file, jpeg(i)));
      } catch (IOException e) {
        throw new ContestantFailedException(file + ": cannot be written: " + e.getMessage(), e);
      }
    }
    return files;
  }

  /** One file's content. */
  static byte[] jpeg(long seed) throws IOException {
    SplittableRandom random = new SplittableRandom(seed);
    double[] blobs = random.doubles(BLOBS * 4).toArray();
    BufferedImage image = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < HEIGHT; y++) {
      for (int x = 0; x < WIDTH; x++) {
        double light = 0.15 + 0.25 * y / HEIGHT;
        for (int b = 0; b < BLOBS; b++) {
          double dx = (double) x / WIDTH - blobs[4 * b];
          double dy = (double) y / HEIGHT - blobs[4 * b + 1];
          double width = 0.02 + 0.05 * blobs[4 * b + 2];
          light += (blobs[4 * b + 3] - 0.3) * width / (width + 8 * (dx * dx + dy * dy));
        }
        light += 0.06 * (random.nextDouble() - 0.5);
        image.setRGB(x, y, rgb(light, blobs[0], blobs[1]));
      }
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    if (!ImageIO.write(image, "jpg", out)) {
      throw new IOException("this runtime has no JPEG writer");
    }
    return out.toByteArray();
  }

  private static int rgb(double light, double greenTint, double blueTint) {
    return channel(light) << 16 | channel(light * (0.8 + 0.2 * greenTint)) << 8 | channel(light * (0.7 + 0.3 * blueTint));
  }

  private static int channel(double value) {
    return (int) (255 * Math.clamp(value, 0, 1));
  }
}
