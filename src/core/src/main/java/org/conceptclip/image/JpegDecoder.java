package org.conceptclip.image;

import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * JPEG to RGB: libjpeg-turbo where it is available and reports neither error nor warning, else the JDK's libjpeg, of which only the entropy
 * coding, the DCT and the subsampling are used; colours are converted here.
 *
 * <p>The JDK guesses colour spaces by rules of its own and applies embedded profiles. It is therefore given a file
 * stripped of all that and marked not to be converted, and libjpeg's rules and fixed-point tables are applied to what it yields.
 */
final class JpegDecoder {
  private JpegDecoder() {}

  static RgbImage decode(ImageSource source) throws IOException {
    JpegHeader header = new JpegHeader(source);
    Optional<JpegLibrary> library = JpegLibrary.find();
    if (library.isPresent() && NativeJpeg.takes(header)) {
      try (NativeJpeg turbo = new NativeJpeg(library.get())) {
        MemorySegment samples = turbo.decode(header);
        if (samples != null) {
          byte[] copy = samples.toArray(ValueLayout.JAVA_BYTE);
          return new RgbImage(header.width, header.height, PluginReaders.toRgb(copy, header.colour.components));
        }
      }
    }
    return decodeByJdk(header);
  }

  /** Decodes the kinds of files that {@link NativeJpeg} does not take, and those about which it reports an error or a warning. */
  static RgbImage decodeByJdk(JpegHeader header) throws IOException {
    byte[] samples = readSamples(header);
    int components = header.colour.components;
    for (int component = 0; component < components; component++) {
      if (header.hasHalfHeight(component)) {
        smoothRowPairs(samples, header.width, header.height, components, component);
      }
    }
    byte[] pixels = switch (header.colour) {
      case GREY, RGB -> PluginReaders.toRgb(samples, components);
      case YCC -> JpegColour.yccToRgb(samples);
      case CMYK -> JpegColour.invertedCmykToRgb(samples);
      case YCCK -> JpegColour.ycckToRgb(samples);
    };
    return new RgbImage(header.width, header.height, pixels);
  }

  /** The components as stored: [height, width, components]. */
  private static byte[] readSamples(JpegHeader header) throws IOException {
    ImageReader reader = PluginReaders.jdk("jpeg");
    try (ImageInputStream input = new MemoryCacheImageInputStream(new ByteArrayInputStream(header.untransformed()))) {
      reader.setInput(input, true, true);
      Raster raster = reader.readRaster(0, null);
      int components = header.colour.components;
      if (raster.getWidth() != header.width || raster.getHeight() != header.height || raster.getNumBands() != components) {
        throw header.source.damaged(raster.getNumBands() + " components of " + raster.getWidth() + "x" + raster.getHeight(),
            components + " of " + header.width + "x" + header.height);
      }
      return PluginReaders.bytes(raster);
    } finally {
      reader.dispose();
    }
  }

  /**
   * Smooths a component of [height, width, components] samples whose rows come in equal pairs, in place. This is the one upsampling in
   * which the JDK's libjpeg 6 differs from libjpeg-turbo: of components with full width and half height (4:4:0, as a losslessly rotated
   * 4:2:2 photograph has) the old library repeats each row, and the new one weighs the nearer row 3 to 1 with the next, rounding down in
   * upper and up in lower rows.
   */
  private static void smoothRowPairs(byte[] samples, int width, int height, int components, int component) {
    int rows = (height + 1) / 2;
    byte[][] stored = new byte[rows][width];
    for (int row = 0; row < rows; row++) {
      int from = 2 * row * width * components + component;
      for (int x = 0; x < width; x++, from += components) {
        stored[row][x] = samples[from];
      }
    }
    for (int y = 0; y < height; y++) {
      byte[] near = stored[y / 2];
      boolean upper = y % 2 == 0;
      byte[] far = stored[Math.clamp(upper ? y / 2 - 1 : y / 2 + 1, 0, rows - 1)];
      int rounding = upper ? 1 : 2;
      int to = y * width * components + component;
      for (int x = 0; x < width; x++, to += components) {
        samples[to] = (byte) (3 * (near[x] & 0xff) + (far[x] & 0xff) + rounding >> 2);
      }
    }
  }
}
