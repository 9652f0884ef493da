package org.conceptclip.backend.cuda;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HalfFloats;
import org.conceptclip.tensor.HostTensor;

/** Converts between dense host tensors and the device's padded rows of other types. Pure. */
final class Conversion {
  private Conversion() {}

  /**
   * Writes rows {@code first} to {@code first + count} of a host tensor to {@code to}, rounded to {@code type}, with zeros behind each
   * row.
   *
   * @param type F16, F32, or the type of {@code from}
   * @param pitch elements between rows of {@code to}
   */
  static void toDevice(HostTensor from, long first, long count, MemorySegment to, DType type, long pitch) {
    int columns = Math.toIntExact(from.columns());
    long rowBytes = pitch * type.bytes();
    long valueBytes = (long) columns * type.bytes();
    if (from.dtype() == type && pitch == columns) {
      MemorySegment.copy(from.data(), first * valueBytes, to, 0, count * valueBytes);
      return;
    }
    if (from.dtype() != type && !from.dtype().isFloat()) {
      throw new IllegalArgumentException("cannot convert " + from + ": only floating-point types convert");
    }
    float[] values = new float[columns];
    short[] halves = new short[type == DType.F16 ? columns : 0];
    for (long row = 0; row < count; row++) {
      if (from.dtype() == type) {
        MemorySegment.copy(from.data(), (first + row) * valueBytes, to, row * rowBytes, valueBytes);
      } else {
        from.getFloats((first + row) * columns, values, columns);
        write(values, halves, to.asSlice(row * rowBytes, valueBytes), type);
      }
      to.asSlice(row * rowBytes + valueBytes, rowBytes - valueBytes).fill((byte) 0);
    }
  }

  private static void write(float[] values, short[] halves, MemorySegment to, DType type) {
    switch (type) {
      case F16 -> {
        for (int i = 0; i < values.length; i++) {
          halves[i] = Float.floatToFloat16(values[i]);
        }
        MemorySegment.copy(halves, 0, to, ValueLayout.JAVA_SHORT_UNALIGNED, 0, halves.length);
      }
      case F32 -> MemorySegment.copy(values, 0, to, ValueLayout.JAVA_FLOAT_UNALIGNED, 0, values.length);
      default -> throw new IllegalArgumentException("cannot convert to " + type + ": the device stores F16 and F32");
    }
  }

  /**
   * Reads padded rows of the device's type into rows {@code first} to {@code first + count} of a host tensor.
   *
   * @param type of {@code from}; F16 becomes F32, other types must be that of {@code to}
   */
  static void toHost(MemorySegment from, DType type, long pitch, HostTensor to, long first, long count) {
    int columns = Math.toIntExact(to.columns());
    long rowBytes = pitch * type.bytes();
    long valueBytes = (long) columns * to.dtype().bytes();
    if (type == to.dtype() && pitch == columns) {
      MemorySegment.copy(from, 0, to.data(), first * valueBytes, count * valueBytes);
      return;
    }
    short[] halves = new short[columns];
    float[] values = new float[columns];
    for (long row = 0; row < count; row++) {
      long target = (first + row) * valueBytes;
      if (type == to.dtype()) {
        MemorySegment.copy(from, row * rowBytes, to.data(), target, valueBytes);
      } else {
        MemorySegment.copy(from, ValueLayout.JAVA_SHORT_UNALIGNED, row * rowBytes, halves, 0, columns);
        HalfFloats.float16ToFloat(halves, values, columns);
        MemorySegment.copy(values, 0, to.data(), ValueLayout.JAVA_FLOAT_UNALIGNED, target, columns);
      }
    }
  }
}
