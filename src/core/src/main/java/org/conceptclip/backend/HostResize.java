package org.conceptclip.backend;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.conceptclip.op.Resampling;
import org.conceptclip.tensor.HostTensor;

/** {@link org.conceptclip.op.Ops#resize} for backends whose tensors are in host memory: two plain integer loops. Thread-safe. */
public final class HostResize {
  private static final int CHANNELS = 3;

  private HostResize() {}

  /**
   * Resizes along the columns, then along the rows. Arguments are already checked.
   *
   * @param image U8 [height, width, 3]
   * @param out U8 [rows.outputs, columns.outputs, 3]
   */
  public static void run(HostTensor image, Resampling columns, Resampling rows, HostTensor out) {
    long rowBytes = (long) columns.outputs() * CHANNELS;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment between = arena.allocate(rows.inputs() * rowBytes);
      for (long row = 0; row < rows.inputs(); row++) {
        resampleColumns(image.data(), row * columns.inputs() * CHANNELS, columns, between, row * rowBytes);
      }
      resampleRows(between, rowBytes, rows, out.data());
    }
  }

  private static void resampleColumns(MemorySegment source, long from, Resampling columns, MemorySegment target, long to) {
    for (int output = 0; output < columns.outputs(); output++) {
      long first = from + (long) columns.first()[output] * CHANNELS;
      for (int channel = 0; channel < CHANNELS; channel++) {
        byte value = weighted(source, first + channel, CHANNELS, columns, output);
        target.set(ValueLayout.JAVA_BYTE, to + (long) output * CHANNELS + channel, value);
      }
    }
  }

  private static void resampleRows(MemorySegment source, long rowBytes, Resampling rows, MemorySegment target) {
    for (int output = 0; output < rows.outputs(); output++) {
      long first = rows.first()[output] * rowBytes;
      for (long i = 0; i < rowBytes; i++) {
        target.set(ValueLayout.JAVA_BYTE, output * rowBytes + i, weighted(source, first + i, rowBytes, rows, output));
      }
    }
  }

  private static byte weighted(MemorySegment source, long first, long step, Resampling axis, int output) {
    int sum = Resampling.HALF;
    for (int tap = 0; tap < axis.count()[output]; tap++) {
      sum += (source.get(ValueLayout.JAVA_BYTE, first + tap * step) & 0xff) * axis.weights()[output * axis.taps() + tap];
    }
    return (byte) Resampling.toUnsignedByte(sum);
  }
}
