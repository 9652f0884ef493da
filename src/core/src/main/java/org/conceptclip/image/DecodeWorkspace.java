package org.conceptclip.image;

import java.util.Optional;
import org.conceptclip.util.Closer;

/**
 * The working memory of decoders, for one picture after the other. {@link #trim} bounds what it keeps. Not thread-safe; any thread may
 * close it.
 */
final class DecodeWorkspace implements AutoCloseable {
  /** Most bytes of heap that stay allocated for rows between pictures: 64 rows of 2730 pixels. */
  private static final int KEPT_BYTES = 512 << 10;

  private final Closer resources = new Closer();

  /** Decoded rows, before the sink takes them. */
  final HeapScratch rows = new HeapScratch(KEPT_BYTES);

  private PngWorkspace png;
  private NativeJpeg jpeg;

  /** For PNG files. */
  PngWorkspace png() {
    if (png == null) {
      png = resources.own(new PngWorkspace());
    }
    return png;
  }

  /** libjpeg-turbo, or empty where it cannot be used. */
  Optional<NativeJpeg> jpeg() {
    if (jpeg == null) {
      jpeg = JpegLibrary.find().map(library -> resources.own(new NativeJpeg(library))).orElse(null);
    }
    return Optional.ofNullable(jpeg);
  }

  /** Bytes that are held now, on the heap and outside. */
  long bytes() {
    return rows.bytes() + (png == null ? 0 : png.bytes()) + (jpeg == null ? 0 : jpeg.scratchBytes());
  }

  /** Ends the use for one picture: frees what an unusually large one took. */
  void trim() {
    rows.trim();
    if (png != null) {
      png.trim();
    }
    if (jpeg != null) {
      jpeg.trim();
    }
  }

  @Override
  public void close() {
    rows.release();
    resources.close();
  }
}
