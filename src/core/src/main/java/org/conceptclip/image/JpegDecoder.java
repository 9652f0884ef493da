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
import org.conceptclip.tensor.BadInputException;

/**
 * JPEG to RGB: libjpeg-turbo where it is there and the file is beyond reproach, else the JDK's libjpeg, of which only the entropy
 * coding, the DCT and the subsampling are used; colours are converted here.
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
    JpegHeader header = JpegHeader.read(file, file.length, name, limits);
    Optional<JpegLibrary> library = JpegLibrary.find();
    if (library.isPresent() && NativeJpeg.takes(header)) {
      try (NativeJpeg turbo = new NativeJpeg(library.get())) {
        MemorySegment samples = turbo.decode(file, file.length, header);
        if (samples != null) {
          byte[] copy = samples.toArray(ValueLayout.JAVA_BYTE);
          return new RgbImage(header.width(), header.height(),
              header.colour() == JpegHeader.Colour.GREY ? JpegColour.greyToRgb(copy) : copy);
        }
      }
    }
    return decodeByJdk(header);
  }

  /** The way for kinds of files that {@link NativeJpeg} leaves, and for those of which it remarks anything. */
  RgbImage decodeByJdk(JpegHeader header) throws IOException {
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
