package org.conceptclip.image;

import java.awt.image.Raster;

/** Rows of a JPEG's stored components as grey or RGB. Not thread-safe. */
final class JpegRows {
  private final JpegHeader header;
  private final Raster raster;
  private final int components;
  private byte[] near = {};
  private byte[] far = {};

  /**
   * Rows of a decoded picture.
   *
   * @param raster the components as stored, in bytes
   */
  JpegRows(JpegHeader header, Raster raster) {
    this.header = header;
    this.raster = raster;
    this.components = header.colour.components;
  }

  /** Rows {@code y} to {@code y + count}: [count, width, 1 for grey or 3]. */
  byte[] toRgb(int y, int count) {
    byte[] samples = stored(y, count);
    for (int component = 0; component < components; component++) {
      if (header.hasHalfHeight(component)) {
        smoothRowPairs(samples, y, count, component);
      }
    }
    return switch (header.colour) {
      case GREY, RGB -> samples;
      case YCC -> JpegColour.yccToRgb(samples);
      case CMYK -> JpegColour.invertedCmykToRgb(samples);
      case YCCK -> JpegColour.ycckToRgb(samples);
    };
  }

  private byte[] stored(int y, int count) {
    return (byte[]) raster.getDataElements(raster.getMinX(), raster.getMinY() + y, header.width, count, null);
  }

  /**
   * Smooths a component of rows that come in equal pairs, in place. This is the one upsampling in
   * which the JDK's libjpeg 6 differs from libjpeg-turbo: of components with full width and half height (4:4:0, as a losslessly rotated
   * 4:2:2 photograph has) the old library repeats each row, and the new one weighs the nearer row 3 to 1 with the next, rounding down in
   * upper and up in lower rows.
   */
  private void smoothRowPairs(byte[] samples, int y, int count, int component) {
    int pairs = (header.height + 1) / 2;
    for (int row = y; row < y + count; row++) {
      boolean upper = row % 2 == 0;
      int other = Math.clamp(upper ? row / 2 - 1 : row / 2 + 1, 0, pairs - 1);
      near = component(row / 2, component, near);
      far = component(other, component, far);
      int rounding = upper ? 1 : 2;
      int to = (row - y) * header.width * components + component;
      for (int x = 0; x < header.width; x++, to += components) {
        samples[to] = (byte) (3 * (near[x] & 0xff) + (far[x] & 0xff) + rounding >> 2);
      }
    }
  }

  /** A component's stored row, which the raster has twice. */
  private byte[] component(int pair, int component, byte[] kept) {
    byte[] target = kept.length == header.width ? kept : new byte[header.width];
    byte[] row = stored(2 * pair, 1);
    for (int x = 0, from = component; x < header.width; x++, from += components) {
      target[x] = row[from];
    }
    return target;
  }
}
