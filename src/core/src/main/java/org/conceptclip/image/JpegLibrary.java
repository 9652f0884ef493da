package org.conceptclip.image;

import java.io.IOException;
import java.io.InputStream;
import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;
import java.util.zip.CRC32;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.NativeLibrary;
import org.conceptclip.util.OneLine;

/**
 * libjpeg-turbo, called through libtiff. libjpeg reports errors by jumping out of its own frames, which must not cross a Java frame;
 * libtiff catches the jump and returns a status. A JPEG file is what a TIFF strip of compression 7 holds, so {@link JpegContainer}
 * describes one such strip, and libtiff decodes it from and to memory of ours. Loaded once per process, on first use. Thread-safe.
 */
final class JpegLibrary {
  private static final System.Logger LOG = System.getLogger(JpegLibrary.class.getName());

  /** CRC-32 of the pixels of {@code probe.jpg}, which {@code ProbePicture} of the tests draws. */
  static final long PROBE_CRC = 0xa9a296b6L;

  /** Of its own: the library must not be given up because other decodes hold the process's budget, or a heap is tiny. */
  private static final DecodeMemory PROBE_MEMORY = new DecodeMemory(64 << 20, 64 << 20);

  private static final int TAG_COLOUR_MODE = 65538;
  private static final int COLOUR_MODE_RGB = 1;
  private static final MemorySegment NAME = Arena.global().allocateFrom("jpeg");
  private static final MemorySegment MODE = Arena.global().allocateFrom("r");

  private static final JpegLibrary LIBRARY;

  /** Why there is no library. Loading is tried once, and logged once. */
  private static final String PROBLEM;

  static {
    JpegLibrary library = null;
    String problem = null;
    try {
      library = new JpegLibrary();
      library.prove();
    } catch (IOException | RuntimeException | LinkageError e) {
      library = null;
      problem = OneLine.of(e.toString());
      LOG.log(Level.WARNING, "JPEG files are decoded by the JDK, four times slower and to the same pixels; libjpeg-turbo"
          + " cannot be used: " + problem, e);
    }
    LIBRARY = library;
    PROBLEM = problem;
  }

  /** Called for each row, so a constant: the JIT compiles the call of any other handle to something many times slower. */
  private static final class Scanline {
    // int TIFFReadScanline(TIFF*, void* row, uint32_t number, uint16_t sample). The row as an integer spares an object for each.
    static final MethodHandle READ = CodecLibrary.get().bind("TIFFReadScanline", FunctionDescriptor.of(ValueLayout.JAVA_INT,
        ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT, ValueLayout.JAVA_SHORT));
  }

  private final MethodHandle getVersion;
  private final MethodHandle optionsAlloc;
  private final MethodHandle optionsFree;
  private final MethodHandle onError;
  private final MethodHandle onWarning;
  private final MethodHandle open;
  private final MethodHandle setField;
  private final MethodHandle close;

  private JpegLibrary() {
    NativeLibrary library = CodecLibrary.get();
    var pointer = ValueLayout.ADDRESS;
    // const char* TIFFGetVersion(void)
    getVersion = library.bind("TIFFGetVersion", FunctionDescriptor.of(pointer));
    // TIFFOpenOptions* TIFFOpenOptionsAlloc(void), void TIFFOpenOptionsFree(TIFFOpenOptions*)
    optionsAlloc = library.bind("TIFFOpenOptionsAlloc", FunctionDescriptor.of(pointer));
    optionsFree = library.bind("TIFFOpenOptionsFree", FunctionDescriptor.ofVoid(pointer));
    // void TIFFOpenOptionsSetErrorHandlerExtR(TIFFOpenOptions*, TIFFErrorHandlerExtR, void* user), and for warnings
    onError = library.bind("TIFFOpenOptionsSetErrorHandlerExtR", FunctionDescriptor.ofVoid(pointer, pointer, pointer));
    onWarning = library.bind("TIFFOpenOptionsSetWarningHandlerExtR", FunctionDescriptor.ofVoid(pointer, pointer, pointer));
    // TIFF* TIFFClientOpenExt(const char* name, const char* mode, thandle_t, read, write, seek, close, size, map, unmap, options)
    open = library.bind("TIFFClientOpenExt", FunctionDescriptor.of(pointer, pointer, pointer, pointer, pointer, pointer, pointer,
        pointer, pointer, pointer, pointer, pointer));
    // int TIFFSetField(TIFF*, uint32_t tag, ...)
    setField = library.bind("TIFFSetField",
        FunctionDescriptor.of(ValueLayout.JAVA_INT, pointer, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT),
        Linker.Option.firstVariadicArg(2));
    // void TIFFClose(TIFF*)
    close = library.bind("TIFFClose", FunctionDescriptor.ofVoid(pointer));
  }

  /** The library, or empty where it cannot be used; the log then says why. */
  static Optional<JpegLibrary> find() {
    return Optional.ofNullable(LIBRARY);
  }

  /** Which decoder JPEG files go through, in one line. */
  static String describe() {
    return LIBRARY == null
        ? "JDK (libjpeg-turbo cannot be used: " + PROBLEM + ")"
        : "libjpeg-turbo, through " + LIBRARY.version() + "; the JDK for CMYK and whatever is damaged or unusual";
  }

  private String version() {
    MemorySegment text = CodecLibrary.call(() -> (MemorySegment) getVersion.invokeExact());
    return text.reinterpret(1024).getString(0).lines().findFirst().orElse("libtiff").strip();
  }

  /** Settings for opening a container, which route errors and warnings to it. {@link #release} frees them. */
  MemorySegment options(JpegContainer container) {
    return CodecLibrary.call(() -> {
      MemorySegment options = (MemorySegment) optionsAlloc.invokeExact();
      if (options.address() == 0) {
        throw new OutOfMemoryError("libtiff cannot allocate its options");
      }
      onError.invokeExact(options, container.error, MemorySegment.NULL);
      onWarning.invokeExact(options, container.warning, MemorySegment.NULL);
      return options;
    });
  }

  void release(MemorySegment options) {
    CodecLibrary.call(() -> {
      optionsFree.invokeExact(options);
      return null;
    });
  }

  /**
   * Opens the file that a container describes. {@link #close} frees it.
   *
   * @param toRgb whether components are luma and chroma, to be converted
   * @return null if libtiff refused it
   */
  MemorySegment open(JpegContainer container, MemorySegment options, boolean toRgb) {
    return CodecLibrary.call(() -> {
      MemorySegment tiff = (MemorySegment) open.invokeExact(NAME, MODE, MemorySegment.NULL, container.read, container.write,
          container.seek, container.close, container.size, container.map, container.unmap, options);
      if (tiff.address() == 0) {
        return null;
      }
      if (toRgb && (int) setField.invokeExact(tiff, TAG_COLOUR_MODE, COLOUR_MODE_RGB) == 0) {
        close.invokeExact(tiff);
        return null;
      }
      return tiff;
    });
  }

  /**
   * Decodes the next rows. The first row of a file of several scans takes all scans.
   *
   * @param rows receives [count, width, components] bytes, native
   * @return whether libtiff succeeded; the container takes note of what it reported besides
   */
  boolean read(MemorySegment tiff, MemorySegment rows, long rowBytes, int first, int count) {
    if (count * rowBytes > rows.byteSize()) {
      throw new IllegalArgumentException(count + " rows of " + rowBytes + " bytes into " + rows.byteSize());
    }
    return CodecLibrary.call(() -> {
      long address = rows.address();
      for (int row = first; row < first + count; row++) {
        if ((int) Scanline.READ.invokeExact(tiff, address, row, (short) 0) != 1) {
          return false;
        }
        address += rowBytes;
      }
      return true;
    });
  }

  void close(MemorySegment tiff) {
    CodecLibrary.call(() -> {
      close.invokeExact(tiff);
      return null;
    });
  }

  /** Decodes a picture whose pixels are known: another libjpeg in the process could have taken this one's symbols. */
  private void prove() throws IOException {
    byte[] file;
    try (InputStream in = JpegLibrary.class.getResourceAsStream("probe.jpg")) {
      if (in == null) {
        throw new IllegalStateException("the class path lacks probe.jpg");
      }
      file = in.readAllBytes();
    }
    RgbCollector collector = new RgbCollector();
    try (NativeJpeg decoder = new NativeJpeg(this);
        DecodeGate gate = new DecodeGate("probe.jpg", DecodeLimits.DEFAULT.withMemory(PROBE_MEMORY), DecodeCheckpoint.NONE)) {
      JpegHeader header = new JpegHeader(ImageSource.of(file, file.length, "probe.jpg", gate));
      CRC32 crc = new CRC32();
      if (decoder.decode(header, collector)) {
        crc.update(collector.image().pixels());
      }
      if (crc.getValue() != PROBE_CRC) {
        throw new IllegalStateException("it decodes its probe to other pixels");
      }
    } catch (BadInputException e) {
      throw new IllegalStateException("its probe is damaged", e);
    }
  }
}
