package org.conceptclip.image;

import java.awt.image.DataBuffer;
import java.awt.image.Raster;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import javax.imageio.ImageReader;
import javax.imageio.event.IIOReadProgressListener;
import javax.imageio.stream.ImageInputStream;

/**
 * JPEG to RGB: libjpeg-turbo where it is available, can be stopped and reports neither error nor warning, else the JDK's libjpeg, of which
 * only the entropy coding, the DCT and the subsampling are used; colours are converted here.
 *
 * <p>The JDK guesses colour spaces by rules of its own and applies embedded profiles. It is therefore given a file
 * stripped of all that and marked not to be converted, and libjpeg's rules and fixed-point tables are applied to what it yields. It decodes
 * the picture as a whole, which {@link #decodeByJdk} leases.
 */
final class JpegDecoder {
  /** Estimated processor time of the JDK for the visit of a block by a scan, for a byte of code, and for a decoded pixel. */
  private static final int VISIT_NANOS = 90;

  private static final int BYTE_NANOS = 60;
  private static final int PIXEL_NANOS = 30;

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
    DecodeGate gate = header.source.gate();
    int components = header.colour.components;
    int channels = components == 1 ? 1 : RgbImage.CHANNELS;
    int batch = Math.min(header.height, sink.batchRows(header.width, channels));
    long pixels = (long) header.width * header.height;
    boolean buffered = !header.interleaved;
    gate.enterAgain(pixels * components + 4L * batch * header.width * (components + channels) + 2L * header.codeStart,
        (buffered ? header.scans.blocks * JpegScans.BLOCK_BYTES : 0) + (long) header.width * COLUMN_BYTES + FIXED_BYTES,
        header.scans.visits * VISIT_NANOS + (long) header.scans.bytes * BYTE_NANOS + pixels * PIXEL_NANOS);
    Raster raster = read(header);
    sink.begin(header.width, header.height, channels);
    JpegRows rows = new JpegRows(header, raster);
    for (int y = 0; y < header.height; y += batch) {
      gate.check();
      int count = Math.min(batch, header.height - y);
      byte[] converted = rows.toRgb(y, count);
      sink.rows(MemorySegment.ofArray(converted), 0, count);
    }
  }

  /** The components as stored. */
  private static Raster read(JpegHeader header) throws IOException {
    ImageReader reader = PluginReaders.jdk("jpeg");
    try (ImageInputStream input = new JpegStream(header)) {
      reader.addIIOReadProgressListener(new Asking(header.source.gate()));
      reader.setInput(input, true, true);
      Raster raster = reader.readRaster(0, null);
      int components = header.colour.components;
      boolean bytes = raster.getTransferType() == DataBuffer.TYPE_BYTE && raster.getNumDataElements() == components;
      if (raster.getWidth() != header.width || raster.getHeight() != header.height || raster.getNumBands() != components || !bytes) {
        throw header.source.damaged(raster.getNumBands() + " components of " + raster.getWidth() + "x" + raster.getHeight(),
            components + " of " + header.width + "x" + header.height);
      }
      return raster;
    } finally {
      reader.dispose();
    }
  }

  /** Asks the gate while rows come out, every twenty rows or so. What it throws passes through the reader, which frees its memory. */
  private record Asking(DecodeGate gate) implements IIOReadProgressListener {
    @Override
    public void imageProgress(ImageReader source, float percentageDone) {
      gate.check();
    }

    @Override
    public void imageStarted(ImageReader source, int index) {
      gate.check();
    }

    @Override
    public void imageComplete(ImageReader source) {}

    @Override
    public void sequenceStarted(ImageReader source, int index) {}

    @Override
    public void sequenceComplete(ImageReader source) {}

    @Override
    public void thumbnailStarted(ImageReader source, int index, int thumbnail) {}

    @Override
    public void thumbnailProgress(ImageReader source, float percentageDone) {}

    @Override
    public void thumbnailComplete(ImageReader source) {}

    @Override
    public void readAborted(ImageReader source) {}
  }
}
