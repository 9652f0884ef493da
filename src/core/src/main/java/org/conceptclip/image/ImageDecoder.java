package org.conceptclip.image;

import java.io.IOException;
import java.nio.file.Path;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.FileNames;
import org.conceptclip.util.OneLine;

/**
 * Decodes image files (JPEG, PNG, GIF, BMP, TIFF, WebP) to RGB, as Pillow 9.4's {@code Image.open(file).convert("RGB")} does.
 *
 * <p>The format is recognised by content. EXIF orientation is not applied (TIFF's own orientation tag is), colour profiles are ignored,
 * alpha is dropped without blending, palettes become colours, CMYK is converted naively, and of several frames or pages the first is
 * decoded. Where Pillow would return a damaged picture (a file that ends early, 16-bit grey clipped to white) the file is rejected.
 *
 * <p>Thread-safe: a decoder holds nothing but its limits.
 */
public final class ImageDecoder {
  private final DecodeLimits limits;

  public ImageDecoder(DecodeLimits limits) {
    this.limits = limits;
  }

  /** One line that names the JPEG decoder that this process uses and, if it is not the fast one, says why. */
  public static String jpegDecoder() {
    return JpegLibrary.describe();
  }

  /**
   * Decodes a file.
   *
   * @throws BadInputException if there is no such file, or it is a directory, unreadable, empty, no image, of an unsupported format or
   *     mode, larger than the limits, or damaged; the message is one line that names the file, what was found and what was expected
   */
  public RgbImage decode(Path file) {
    HeapScratch bytes = new HeapScratch(0);
    int length = ImageFile.read(file, bytes);
    return decode(bytes.atLeast(0), length, ImageFile.name(FileNames.readable(file)));
  }

  /**
   * Decodes a file's content.
   *
   * @param bytes the whole file; not changed
   * @param name how messages call it
   * @throws BadInputException as {@link #decode(Path)}
   */
  public RgbImage decode(byte[] bytes, String name) {
    return decode(bytes, bytes.length, ImageFile.name(name));
  }

  private RgbImage decode(byte[] bytes, int length, String name) {
    try (DecodeGate gate = new DecodeGate(name, limits, DecodeCheckpoint.NONE)) {
      return decode(ImageSource.of(bytes, length, name, gate));
    }
  }

  /** Decodes a file of a known format. */
  static RgbImage decode(ImageSource source) {
    try {
      return switch (source.format()) {
        case PNG -> decodePng(source);
        case JPEG -> JpegDecoder.decode(source);
        case GIF -> new GifDecoder(source).decode();
        case BMP -> CollectingSink.picture(sink -> BmpDecoder.decode(source, sink));
        case TIFF -> CollectingSink.picture(sink -> TiffDecoder.decode(source, sink));
        case WEBP -> CollectingSink.picture(sink -> WebpDecoder.decode(source, sink));
      };
    } catch (BadInputException e) {
      throw e;
    } catch (IOException | RuntimeException | StackOverflowError e) {
      // The one place where whatever a decoder throws on hostile data becomes a rejection; the cause keeps the details.
      String found = e.getClass().getSimpleName() + (e.getMessage() == null ? "" : ": " + e.getMessage());
      throw new BadInputException(
          source.name() + ": damaged " + source.format() + " (" + OneLine.of(found) + "), expected a complete, valid image", e);
    }
  }

  private static RgbImage decodePng(ImageSource source) {
    try (PngWorkspace workspace = new PngWorkspace()) {
      PngDecoder png = new PngDecoder(source, workspace);
      byte[] samples = new byte[png.bytes()];
      png.decodeInto(samples);
      return new RgbImage(png.width, png.height, PluginReaders.toRgb(samples, png.channels()));
    }
  }
}
