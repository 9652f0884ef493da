package org.conceptclip.image;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.nio.file.Path;
import java.util.List;
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
 * <p>The picture, and what else decoding it takes, is leased from the limits' {@link DecodeMemory} until the call returns; the caller's
 * pictures are the caller's to bound. Programs that want a small picture of a large file use {@link PixelDecoder}, which never
 * has the large one.
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
   * Loads what decoders of all formats need, once per process, in about 0.1 s: the native library, and classes with tables. Otherwise the
   * first picture of a kind does that, and a class whose initialiser runs out of memory is lost to the process.
   */
  public static void warmUp() {
    JpegLibrary.find();
    classesWithTables().forEach(ImageDecoder::initialize);
  }

  /** All whose initialisers allocate. */
  static List<Class<?>> classesWithTables() {
    return List.of(BmpHeader.class, FaxCodes.class, GifDecoder.class, HeapScratch.class, ImageFormat.class, JpegColour.class,
        JpegContainer.class, JpegStream.class, LongCalls.class, NativeHeap.class, PngDecoder.class, TiffColour.class,
        TiffCompression.class, TiffTags.class, WebpBits.class, WebpPrefixCode.class, WebpSymbols.class);
  }

  private static void initialize(Class<?> each) {
    try {
      MethodHandles.lookup().ensureInitialized(each);
    } catch (IllegalAccessException e) {
      throw new IllegalStateException("a class of this package cannot be accessed", e);
    }
  }

  /**
   * Decodes a file.
   *
   * @throws BadInputException if there is no such file, or it is a directory, unreadable, empty, no image, of an unsupported format or
   *     mode, larger than the limits or the memory for decoding, or damaged; the message is one line that names the file, what was found
   *     and what was expected
   */
  public RgbImage decode(Path file) {
    String name = ImageFile.name(FileNames.readable(file));
    HeapScratch bytes = new HeapScratch(0);
    try (DecodeGate gate = new DecodeGate(name, limits, DecodeCheckpoint.NONE);
        ImageFile opened = new ImageFile(file, name, limits.memory(), gate)) {
      int length = opened.read(bytes);
      return decode(bytes.atLeast(0), length, name, gate);
    }
  }

  /**
   * Decodes a file's content.
   *
   * @param bytes the whole file; not changed
   * @param name how messages call it
   * @throws BadInputException as {@link #decode(Path)}
   */
  public RgbImage decode(byte[] bytes, String name) {
    String shown = ImageFile.name(name);
    try (DecodeGate gate = new DecodeGate(shown, limits, DecodeCheckpoint.NONE)) {
      return decode(bytes, bytes.length, shown, gate);
    }
  }

  /**
   * Decodes a file to a picture of bounded size: one whose longer side is more than {@code longest} is reduced to it while it is read, with
   * Pillow's bicubic filter and its aspect kept; others are as {@link #decode(Path)} returns them.
   *
   * @param longest the longest side of the result in pixels, at least 1
   * @throws BadInputException as {@link #decode(Path)}
   */
  public RgbImage decodeWithin(Path file, int longest) {
    String name = ImageFile.name(FileNames.readable(file));
    HeapScratch bytes = new HeapScratch(0);
    try (DecodeGate gate = new DecodeGate(name, limits, DecodeCheckpoint.NONE);
        ImageFile opened = new ImageFile(file, name, limits.memory(), gate)) {
      int length = opened.read(bytes);
      return decodeWithin(bytes.atLeast(0), length, name, longest, gate);
    }
  }

  /**
   * Decodes a file's content as {@link #decodeWithin(Path, int)} does.
   *
   * @param bytes the whole file; not changed
   * @param name how messages call it
   */
  public RgbImage decodeWithin(byte[] bytes, String name, int longest) {
    String shown = ImageFile.name(name);
    try (DecodeGate gate = new DecodeGate(shown, limits, DecodeCheckpoint.NONE)) {
      return decodeWithin(bytes, bytes.length, shown, longest, gate);
    }
  }

  private static RgbImage decodeWithin(byte[] bytes, int length, String name, int longest, DecodeGate gate) {
    FittingCollector collector = new FittingCollector(longest);
    try (DecodeWorkspace workspace = new DecodeWorkspace()) {
      gate.leadsTo(collector);
      decode(ImageSource.of(bytes, length, name, gate), collector, workspace);
      return collector.image();
    }
  }

  private static RgbImage decode(byte[] bytes, int length, String name, DecodeGate gate) {
    RgbCollector collector = new RgbCollector();
    try (DecodeWorkspace workspace = new DecodeWorkspace()) {
      gate.leadsTo(collector);
      decode(ImageSource.of(bytes, length, name, gate), collector, workspace);
      return collector.image();
    }
  }

  /** Decodes a file of a known format. The sink may have begun more than once; if this returns it has the whole picture. */
  static void decode(ImageSource source, RowSink sink, DecodeWorkspace workspace) {
    try {
      switch (source.format()) {
        case PNG -> new PngDecoder(source, workspace).decode(sink);
        case JPEG -> JpegDecoder.decode(source, sink, workspace);
        case GIF -> new GifDecoder(source, workspace).decode(sink);
        case BMP -> BmpDecoder.decode(source, sink);
        case TIFF -> TiffDecoder.decode(source, sink);
        case WEBP -> WebpDecoder.decode(source, sink);
      }
    } catch (BadInputException e) {
      source.gate().rethrowStop();
      throw e;
    } catch (OutOfMemoryError e) {
      throw source.gate().outOfMemory(e);
    } catch (IOException | RuntimeException | StackOverflowError e) {
      source.gate().rethrowStop();
      // The one place where whatever a decoder throws on hostile data becomes a rejection; the cause keeps the details.
      String found = e.getClass().getSimpleName() + (e.getMessage() == null ? "" : ": " + e.getMessage());
      throw new BadInputException(
          source.name() + ": damaged " + source.format() + " (" + OneLine.of(found) + "), expected a complete, valid image", e);
    }
  }

  /**
   * Hands a picture that exists as a whole to a sink, batch by batch.
   *
   * @param pixels [height, width, channels] bytes
   */
  static void pushRows(MemorySegment pixels, int width, int height, int channels, DecodeGate gate, RowSink sink) {
    sink.begin(width, height, channels);
    int batch = sink.batchRows(width, channels);
    for (int y = 0; y < height; y += batch) {
      gate.check();
      sink.rows(pixels, (long) y * width * channels, Math.min(batch, height - y));
    }
  }
}
