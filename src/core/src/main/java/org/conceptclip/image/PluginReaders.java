package org.conceptclip.image;

import java.awt.image.DataBuffer;
import java.awt.image.Raster;
import java.util.Iterator;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;

/** Image I/O's readers and rasters. Nothing here starts the AWT toolkit or writes a cache to disk. */
final class PluginReaders {
  private PluginReaders() {}

  /** A new reader of the JDK itself, whatever plug-ins the host has registered. The caller disposes of it. */
  static ImageReader jdk(String format) {
    for (Iterator<ImageReader> readers = ImageIO.getImageReadersByFormatName(format); readers.hasNext(); ) {
      ImageReader reader = readers.next();
      if (reader.getClass().getName().startsWith("com.sun.imageio.")) {
        return reader;
      }
    }
    throw new IllegalStateException("this Java runtime has no " + format + " reader: java.desktop is incomplete");
  }

  /** Samples of a raster, of 16 bits the high byte: [height, width, bands]. */
  static byte[] bytes(Raster raster) {
    int width = raster.getWidth();
    int height = raster.getHeight();
    int bands = raster.getNumBands();
    if (raster.getTransferType() == DataBuffer.TYPE_BYTE && raster.getNumDataElements() == bands) {
      return (byte[]) raster.getDataElements(raster.getMinX(), raster.getMinY(), width, height, null);
    }
    int shift = raster.getTransferType() == DataBuffer.TYPE_USHORT && raster.getSampleModel().getSampleSize(0) == 16 ? 8 : 0;
    byte[] samples = new byte[Math.toIntExact((long) width * height * bands)];
    int[] row = new int[width * bands];
    for (int y = 0; y < height; y++) {
      raster.getPixels(raster.getMinX(), raster.getMinY() + y, width, 1, row);
      int to = y * row.length;
      for (int i = 0; i < row.length; i++) {
        samples[to + i] = (byte) (row[i] >> shift);
      }
    }
    return samples;
  }

  /** Drops the bands after the third; of one or two bands, repeats the first. Returns the same array if there are three. */
  static byte[] toRgb(byte[] samples, int bands) {
    if (bands == RgbImage.CHANNELS) {
      return samples;
    }
    int second = bands < RgbImage.CHANNELS ? 0 : 1;
    byte[] rgb = new byte[Math.multiplyExact(samples.length / bands, RgbImage.CHANNELS)];
    for (int from = 0, to = 0; to < rgb.length; from += bands, to += RgbImage.CHANNELS) {
      rgb[to] = samples[from];
      rgb[to + 1] = samples[from + second];
      rgb[to + 2] = samples[from + 2 * second];
    }
    return rgb;
  }
}
