package org.conceptclip.image;

import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;
import org.conceptclip.tensor.BadInputException;

/**
 * JPEG to RGB: the JDK's libjpeg undoes the entropy coding, the DCT and the subsampling; colours are converted here.
 *
 * <p>The JDK guesses colour spaces by rules of its own and applies embedded profiles. It is therefore handed a file
 * stripped of all that and told not to convert, and libjpeg's rules and fixed-point tables are applied to what it yields.
 */
final class JpegDecoder {
  private final byte[] file;
  private final String name;
  private final DecodeLimits limits;

  JpegDecoder(byte[] file, String name, DecodeLimits limits) {
    this.file = file;
    this.name = name;
    this.limits = limits;
  }

  RgbImage decode() throws IOException {
    JpegHeader header = JpegHeader.read(file, name, limits);
    byte[] samples = readSamples(header);
    for (int component = 0; component < header.colour().components; component++) {
      if (header.hasHalfHeight(component)) {
        JpegUpsampling.smoothRowPairs(
            samples, header.width(), header.height(), header.colour().components, component);
      }
    }
    byte[] pixels = switch (header.colour()) {
      case GREY -> JpegColour.greyToRgb(samples);
      case RGB -> samples;
      case YCC -> JpegColour.yccToRgb(samples);
      case CMYK -> JpegColour.invertedCmykToRgb(samples);
      case YCCK -> JpegColour.ycckToRgb(samples);
    };
    return new RgbImage(header.width(), header.height(), pixels);
  }

  /** The components as stored: [height, width, components]. */
  private byte[] readSamples(JpegHeader header) throws IOException {
    ImageReader reader = PluginReaders.jdk("jpeg");
    try (ImageInputStream input =
        new MemoryCacheImageInputStream(new ByteArrayInputStream(header.untransformed(file)))) {
      reader.setInput(input, true, true);
      Raster raster = reader.readRaster(0, null);
      int components = header.colour().components;
      if (raster.getWidth() != header.width() || raster.getHeight() != header.height()
          || raster.getNumBands() != components) {
        throw new BadInputException(name + ": damaged JPEG, found " + raster.getNumBands() + " components of "
            + raster.getWidth() + "x" + raster.getHeight() + ", expected " + components + " of " + header.width() + "x"
            + header.height());
      }
      return PluginReaders.bytes(raster);
    } finally {
      reader.dispose();
    }
  }
}
