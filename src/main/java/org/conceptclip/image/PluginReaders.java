package org.conceptclip.image;

import java.awt.image.DataBufferByte;
import java.awt.image.PixelInterleavedSampleModel;
import java.awt.image.Raster;
import java.util.Iterator;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;

/** Image I/O's readers and rasters, without anything that would start the toolkit or write a cache to disk. */
final class PluginReaders {
  private PluginReaders() {}

  /** A new reader of the JDK itself, whatever other plug-ins the class path holds. The caller disposes of it. */
  static ImageReader jdk(String format) {
    Iterator<ImageReader> readers = ImageIO.getImageReadersByFormatName(format);
    while (readers.hasNext()) {
      ImageReader reader = readers.next();
      if (reader.getClass().getName().startsWith("com.sun.imageio.")) {
        return reader;
      }
    }
    throw new IllegalStateException("this Java runtime has no " + format + " reader: java.desktop is incomplete");
  }

  /** Samples of a raster of 8-bit bands: [height, width, bands]. May be the raster's own array. */
  static byte[] bytes(Raster raster) {
    int bands = raster.getNumBands();
    int width = raster.getWidth();
    int height = raster.getHeight();
    int length = Math.toIntExact((long) width * height * bands);
    if (raster.getDataBuffer() instanceof DataBufferByte buffer
        && raster.getSampleModel() instanceof PixelInterleavedSampleModel model
        && buffer.getNumBanks() == 1 && buffer.getSize() == length && model.getScanlineStride() == width * bands
        && inOrder(model.getBandOffsets())) {
      return buffer.getData();
    }
    byte[] samples = new byte[length];
    int[] row = new int[width * bands];
    for (int y = 0; y < height; y++) {
      raster.getPixels(raster.getMinX(), raster.getMinY() + y, width, 1, row);
      int to = y * row.length;
      for (int i = 0; i < row.length; i++) {
        samples[to + i] = (byte) row[i];
      }
    }
    return samples;
  }

  private static boolean inOrder(int[] bandOffsets) {
    for (int band = 0; band < bandOffsets.length; band++) {
      if (bandOffsets[band] != band) {
        return false;
      }
    }
    return true;
  }
}
