package org.conceptclip.image;

import java.awt.image.BufferedImage;
import java.awt.image.ComponentSampleModel;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;
import org.conceptclip.tensor.BadInputException;

/** BMP to RGB through the JDK's reader; fields of 5 and 6 bits are stretched to 0..255 as Pillow does. */
final class BmpDecoder {
  private final byte[] file;
  private final String name;
  private final DecodeLimits limits;

  BmpDecoder(byte[] file, String name, DecodeLimits limits) {
    this.file = file;
    this.name = name;
    this.limits = limits;
  }

  RgbImage decode() throws IOException {
    checkSize();
    ImageReader reader = PluginReaders.jdk("bmp");
    try (ImageInputStream input = new MemoryCacheImageInputStream(new ByteArrayInputStream(file))) {
      reader.setInput(input, true, true);
      limits.check(name, reader.getWidth(0), reader.getHeight(0));
      return toRgb(reader.read(0));
    } finally {
      reader.dispose();
    }
  }

  /** {@code "BM"[12 bytes][int32 header size]}, then both sides: 16 bits each where the header has 12 bytes, else 32. */
  private void checkSize() {
    if (file.length < 26) {
      throw new BadInputException(name + ": damaged BMP, found truncated: ends at byte " + file.length
          + ", expected a header of at least 26 bytes");
    }
    ByteBuffer data = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    if (data.getInt(14) == 12) {
      limits.check(name, data.getShort(18) & 0xffff, data.getShort(20) & 0xffff);
    } else {
      // A negative height stores the rows from the top down.
      limits.check(name, data.getInt(18), Math.abs((long) data.getInt(22)));
    }
  }

  private RgbImage toRgb(BufferedImage image) {
    Raster raster = image.getRaster();
    int width = raster.getWidth();
    int height = raster.getHeight();
    if (image.getColorModel() instanceof IndexColorModel palette) {
      return new RgbImage(width, height, PluginReaders.paletteToRgb(PluginReaders.bytes(raster), palette));
    }
    int bands = raster.getNumBands();
    if (bands != 1 && bands < RgbImage.CHANNELS) {
      throw new BadInputException(name + ": BMP of " + bands + " channels, expected 1, 3 or 4");
    }
    byte[] samples = PluginReaders.bytes(raster);
    if (!(raster.getSampleModel() instanceof ComponentSampleModel)) {
      for (int band = 0; band < bands; band++) {
        stretch(samples, band, bands, (1 << raster.getSampleModel().getSampleSize(band)) - 1);
      }
    }
    return new RgbImage(width, height, PluginReaders.toRgb(samples, bands));
  }

  private static void stretch(byte[] samples, int first, int step, int max) {
    if (max >= 255) {
      return;
    }
    for (int at = first; at < samples.length; at += step) {
      samples[at] = (byte) ((samples[at] & 0xff) * 255 / max);
    }
  }
}
