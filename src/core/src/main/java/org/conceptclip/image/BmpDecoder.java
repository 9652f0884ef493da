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
  private BmpDecoder() {}

  static RgbImage decode(ImageSource source) throws IOException {
    checkSize(source);
    ImageReader reader = PluginReaders.jdk("bmp");
    try (ImageInputStream input = new MemoryCacheImageInputStream(new ByteArrayInputStream(source.bytes(), 0, source.length()))) {
      reader.setInput(input, true, true);
      source.checkSize(reader.getWidth(0), reader.getHeight(0));
      BufferedImage image = reader.read(0);
      Raster raster = image.getRaster();
      byte[] samples = PluginReaders.bytes(raster);
      return new RgbImage(raster.getWidth(), raster.getHeight(), image.getColorModel() instanceof IndexColorModel palette
          ? PluginReaders.paletteToRgb(samples, palette)
          : toRgb(source, raster, samples));
    } finally {
      reader.dispose();
    }
  }

  /** {@code "BM"[12 bytes][int32 header size]}, then both sides: 16 bits each where the header has 12 bytes, else 32. */
  private static void checkSize(ImageSource source) {
    source.require(26);
    ByteBuffer data = source.numbers(ByteOrder.LITTLE_ENDIAN);
    if (data.getInt(14) == 12) {
      source.checkSize(data.getChar(18), data.getChar(20));
    } else {
      // A negative height stores the rows from the top down.
      source.checkSize(data.getInt(18), Math.abs((long) data.getInt(22)));
    }
  }

  private static byte[] toRgb(ImageSource source, Raster raster, byte[] samples) {
    int bands = raster.getNumBands();
    if (bands != 1 && bands < RgbImage.CHANNELS) {
      throw new BadInputException(source.name() + ": BMP of " + bands + " channels, expected 1, 3 or 4");
    }
    boolean packed = !(raster.getSampleModel() instanceof ComponentSampleModel);
    for (int band = 0; packed && band < bands; band++) {
      int max = Math.min(255, (1 << raster.getSampleModel().getSampleSize(band)) - 1);
      for (int at = band; at < samples.length; at += bands) {
        samples[at] = (byte) ((samples[at] & 0xff) * 255 / max);
      }
    }
    return PluginReaders.toRgb(samples, bands);
  }
}
