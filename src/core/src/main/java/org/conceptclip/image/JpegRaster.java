package org.conceptclip.image;

import java.awt.Point;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ComponentColorModel;
import java.awt.image.ComponentSampleModel;
import java.awt.image.DataBuffer;
import java.awt.image.DataBufferByte;
import java.awt.image.PixelInterleavedSampleModel;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;

/**
 * A destination for the JDK's reader that has the size of the picture. The rows of an interleaved file go on as they are written, from the
 * top. Of other files the reader writes the whole picture after each scan; only the last counts, so they are kept here, row by row: one
 * array for all would take a quarter of a second to allocate, in which nothing could end the decode. Not thread-safe.
 */
final class JpegRaster extends WritableRaster {
  private final JpegHeader header;
  private final JpegRows rows;

  /** Null for an interleaved file. */
  private final byte[][] kept;

  private int next;

  /** A raster whose rows go to {@code rows}. Of one or three components. */
  JpegRaster(JpegHeader header, JpegRows rows) {
    super(model(header), new DataBufferByte(header.width * header.colour.components), new Point(0, 0));
    this.header = header;
    this.rows = rows;
    this.kept = header.interleaved ? null : new byte[header.height][];
  }

  /** Bytes of heap that such an object takes. */
  static long heapBytes(JpegHeader header) {
    long row = (long) header.width * header.colour.components;
    return row + (header.interleaved ? 0 : (row + 24) * header.height);
  }

  private static ComponentSampleModel model(JpegHeader header) {
    int components = header.colour.components;
    int[] offsets = new int[components];
    for (int component = 0; component < components; component++) {
      offsets[component] = component;
    }
    return new PixelInterleavedSampleModel(
        DataBuffer.TYPE_BYTE, header.width, header.height, components, header.width * components, offsets);
  }

  /** This raster as the reader wants it. The colours are named so that it converts nothing. */
  BufferedImage image() {
    int space = getNumBands() == 1 ? ColorSpace.CS_GRAY : ColorSpace.CS_sRGB;
    ComponentColorModel colours = new ComponentColorModel(
        ColorSpace.getInstance(space), false, false, BufferedImage.OPAQUE, DataBuffer.TYPE_BYTE);
    return new BufferedImage(colours, this, false, null);
  }

  @Override
  public void setRect(int x, int y, Raster source) {
    if (kept != null && y == 0) {
      next = 0;
    }
    if (x != 0 || y != next || source.getWidth() != header.width || source.getHeight() != 1 || source.getNumBands() != getNumBands()) {
      throw new IllegalStateException("row " + y + " of " + source.getWidth() + " pixels from " + x + " on, expected row " + next);
    }
    header.source.gate().check();
    next++;
    if (kept == null) {
      copy(source, rows.next());
      rows.take();
      return;
    }
    if (kept[y] == null) {
      kept[y] = new byte[header.width * getNumBands()];
    }
    copy(source, kept[y]);
  }

  private void copy(Raster source, byte[] target) {
    source.getDataElements(source.getMinX(), source.getMinY(), header.width, 1, target);
  }

  /** Ends the picture. Rejects one of which the reader wrote fewer rows, or that it found to be of another size. */
  void finish() {
    if (next != header.height) {
      throw header.source.damaged("truncated: " + next + " rows", header.height + " rows");
    }
    if (kept != null) {
      for (byte[] row : kept) {
        System.arraycopy(row, 0, rows.next(), 0, row.length);
        rows.take();
      }
    }
  }
}
