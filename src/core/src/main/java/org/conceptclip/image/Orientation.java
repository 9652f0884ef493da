package org.conceptclip.image;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The eight ways in which TIFF stores a picture's rows and columns (tag 274). */
final class Orientation {
  private static final int BATCH_BYTES = 1 << 18;

  private Orientation() {}

  /** Heap that {@link #upright} takes for a picture of so many bytes: all of it, unless the stored rows are the picture's. */
  static long heapBytes(int orientation, long pictureBytes) {
    return orientation < 3 || orientation > 8 ? 0 : pictureBytes;
  }

  /** Turns and flips pictures upright on their way to a sink. Orientations other than 2 to 8 change nothing. */
  static RowSink upright(int orientation, RowSink sink, DecodeGate gate) {
    return orientation < 2 || orientation > 8 ? sink : new Upright(orientation, sink, gate);
  }

  private static final class Upright implements RowSink {
    private final RowSink sink;
    private final DecodeGate gate;
    private final boolean transposed;
    private final boolean mirrored;
    private final boolean upsideDown;
    private final boolean whole;
    private int storedWidth;
    private int storedHeight;
    private int channels;
    private int filled;

    /** The stored picture, or the rows of one call. */
    private byte[] stored = {};

    Upright(int orientation, RowSink sink, DecodeGate gate) {
      this.sink = sink;
      this.gate = gate;
      transposed = orientation >= 5;
      mirrored = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
      upsideDown = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
      whole = orientation > 2;
    }

    @Override
    public void begin(int width, int height, int pixelBytes) {
      storedWidth = width;
      storedHeight = height;
      channels = pixelBytes;
      if (whole) {
        stored = new byte[Math.toIntExact((long) width * height * channels)];
      }
      sink.begin(transposed ? height : width, transposed ? width : height, channels);
    }

    @Override
    public void rows(MemorySegment rows, long from, int count) {
      int bytes = count * storedWidth * channels;
      if (!whole && stored.length < bytes) {
        stored = new byte[bytes];
      }
      MemorySegment.copy(rows, ValueLayout.JAVA_BYTE, from, stored, whole ? filled * storedWidth * channels : 0, bytes);
      filled += count;
      if (!whole) {
        handOn(count);
      } else if (filled == storedHeight) {
        handOn(transposed ? storedWidth : storedHeight);
      }
    }

    /** Hands on the rows of the upright picture, as many as there are in what is stored. */
    private void handOn(int height) {
      int width = transposed ? storedHeight : storedWidth;
      int batch = Math.clamp(BATCH_BYTES / ((long) width * channels), 1, height);
      byte[] upright = new byte[batch * width * channels];
      for (int top = 0; top < height; top += batch) {
        int count = Math.min(batch, height - top);
        for (int to = 0, y = top; y < top + count; y++) {
          for (int x = 0; x < width; x++, to += channels) {
            // For the turned kinds the flips apply to the stored axes, which have changed places.
            int row = transposed ? x : y;
            int column = transposed ? y : x;
            row = upsideDown ? storedHeight - 1 - row : row;
            column = mirrored ? storedWidth - 1 - column : column;
            int at = (row * storedWidth + column) * channels;
            for (int channel = 0; channel < channels; channel++) {
              upright[to + channel] = stored[at + channel];
            }
          }
        }
        gate.check();
        sink.rows(MemorySegment.ofArray(upright), 0, count);
      }
    }
  }
}
