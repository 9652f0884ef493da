package org.conceptclip.image;

import java.awt.image.DataBuffer;
import java.awt.image.Raster;
import java.io.IOException;
import javax.imageio.ImageReadParam;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;

/**
 * JPEG to RGB: libjpeg-turbo where it is available, can be stopped and reports neither error nor warning, else the JDK's libjpeg, of which
 * only the entropy coding, the DCT and the subsampling are used; colours are converted here.
 *
 * <p>The JDK guesses colour spaces by rules of its own and applies embedded profiles. It is therefore given a file
 * stripped of all that and marked not to be converted, and libjpeg's rules and fixed-point tables are applied to what it yields. Rows
 * of a sequential file are taken as they come out ({@link JpegRaster}), but for CMYK, which the JDK's reader hands out as a whole.
 */
final class JpegDecoder {
  /** Estimated processor time of the JDK for the visit of a block by a scan, for a byte of code, and for a sample, after each scan. */
  private static final int VISIT_NANOS = 60;

  private static final int BYTE_NANOS = 40;
  private static final int SAMPLE_NANOS = 3;

  /** What libjpeg and the reader allocate for a column and for a file. */
  private static final int COLUMN_BYTES = 256;

  private static final int FIXED_BYTES = 1 << 20;

  private JpegDecoder() {}

  static void decode(ImageSource source, RowSink sink, DecodeWorkspace workspace) throws IOException {
    JpegHeader header = new JpegHeader(source);
    if (NativeJpeg.takes(header)) {
      NativeJpeg turbo = workspace.jpeg().orElse(null);
      if (turbo != null && turbo.decode(header, sink)) {
        return;
      }
      workspace.trim();
    }
    decodeByJdk(header, sink);
  }

  /** Decodes the kinds of files that {@link NativeJpeg} does not take, and those about which it reports an error or a warning. */
  static void decodeByJdk(JpegHeader header, RowSink sink) throws IOException {
    int components = header.colour.components;
    long pixels = (long) header.width * header.height;
    boolean whole = components > RgbImage.CHANNELS;
    long coefficients = header.interleaved ? 0 : header.scans.blocks * JpegScans.BLOCK_BYTES;
    header.source.gate().enterAgain(
        (whole ? pixels * components : JpegRaster.heapBytes(header)) + JpegRows.heapBytes(header, sink) + header.tableBytes,
        coefficients + (long) header.width * COLUMN_BYTES + FIXED_BYTES,
        header.scans.visits * VISIT_NANOS + (long) header.scans.bytes * BYTE_NANOS
            + pixels * components * header.scans.count * SAMPLE_NANOS);
    ImageReader reader = PluginReaders.jdk("jpeg");
    try (ImageInputStream input = new JpegStream(header)) {
      reader.setInput(input, true, true);
      JpegRows rows = new JpegRows(header, sink);
      if (whole) {
        pushAll(header, reader.readRaster(0, null), rows);
      } else {
        JpegRaster raster = new JpegRaster(header, rows);
        ImageReadParam parameters = reader.getDefaultReadParam();
        parameters.setDestination(raster.image());
        reader.read(0, parameters);
        raster.finish();
      }
    } finally {
      reader.dispose();
    }
  }

  private static void pushAll(JpegHeader header, Raster raster, JpegRows rows) {
    int components = header.colour.components;
    boolean bytes = raster.getTransferType() == DataBuffer.TYPE_BYTE && raster.getNumDataElements() == components;
    if (raster.getWidth() != header.width || raster.getHeight() != header.height || raster.getNumBands() != components || !bytes) {
      throw header.source.damaged(raster.getNumBands() + " components of " + raster.getWidth() + "x" + raster.getHeight(),
          components + " of " + header.width + "x" + header.height);
    }
    for (int y = 0; y < header.height; y++) {
      raster.getDataElements(raster.getMinX(), raster.getMinY() + y, header.width, 1, rows.next());
      rows.take();
    }
  }
}
