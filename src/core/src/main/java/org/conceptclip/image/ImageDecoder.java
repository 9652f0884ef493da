package org.conceptclip.image;

import java.io.IOException;
import java.nio.file.Path;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.OneLine;

/**
 * Image files to RGB, as Pillow 9.4's {@code Image.open(file).convert("RGB")} reads them.
 *
 * <p>The format is told by content. Orientation tags are not applied, colour profiles are ignored, alpha is dropped
 * without blending, palettes become colours, CMYK is converted naively, and of several frames or pages the first counts.
 * Where Pillow would return a damaged picture (a file that ends early, 16-bit grey clipped to white) the file is refused.
 *
 * <p>Thread-safe: a decoder holds nothing but its limits.
 */
public final class ImageDecoder {
  private final DecodeLimits limits;

  public ImageDecoder(DecodeLimits limits) {
    this.limits = limits;
  }

  /** Which decoder JPEG files go through in this process and, where it is not the fast one, why; one line. */
  public static String jpegDecoder() {
    return JpegLibrary.describe();
  }

  /**
   * Decodes a file.
   *
   * @throws BadInputException one line that names the file, what was found and what was expected: no such file, a
   *     directory, unreadable, empty, no image, an unsupported format or mode, more pixels than the limit, damaged
   */
  public RgbImage decode(Path file) {
    return decodeNamed(ImageFile.readAll(file), ImageFile.name(file));
  }

  /**
   * Decodes a file's content.
   *
   * @param bytes the whole file; not changed
   * @param name how messages call it
   * @throws BadInputException as {@link #decode(Path)}
   */
  public RgbImage decode(byte[] bytes, String name) {
    return decodeNamed(bytes, ImageFile.name(name));
  }

  /** Like {@link #decode(byte[], String)} for a name without control characters. */
  RgbImage decodeNamed(byte[] bytes, String name) {
    if (bytes.length == 0) {
      throw new BadInputException(name + ": empty (0 bytes), expected an image (" + ImageFormat.NAMES + ")");
    }
    ImageFormat format = ImageFormat.of(bytes);
    if (format == null) {
      throw new BadInputException(
          name + ": found " + ImageFormat.describe(bytes) + ", expected an image (" + ImageFormat.NAMES + ")");
    }
    try {
      return switch (format) {
        case PNG -> decodePng(bytes, name);
        case JPEG -> new JpegDecoder(bytes, name, limits).decode();
        case GIF -> new GifDecoder(bytes, name, limits).decode();
        case BMP -> new BmpDecoder(bytes, name, limits).decode();
        case TIFF -> new TiffDecoder(bytes, name, limits).decode();
        case WEBP -> new WebpDecoder(bytes, name, limits).decode();
      };
    } catch (BadInputException e) {
      throw e;
    } catch (IOException | RuntimeException | StackOverflowError e) {
      // The one place where whatever a decoder throws on hostile data becomes a refusal; the cause keeps the details.
      throw new BadInputException(
          name + ": damaged " + format + " (" + oneLine(e) + "), expected a complete, valid image", e);
    }
  }

  private RgbImage decodePng(byte[] bytes, String name) {
    try (PngWorkspace workspace = new PngWorkspace()) {
      PngDecoder png = new PngDecoder(bytes, bytes.length, name, limits, workspace);
      byte[] samples = new byte[png.readHeader()];
      png.decodeInto(samples);
      return new RgbImage(png.width(), png.height(), png.channels() == 1 ? JpegColour.greyToRgb(samples) : samples);
    }
  }

  private static String oneLine(Throwable failure) {
    String message = failure.getMessage();
    String kind = failure.getClass().getSimpleName();
    return message == null || message.isBlank() ? kind : kind + ": " + OneLine.of(message);
  }
}
