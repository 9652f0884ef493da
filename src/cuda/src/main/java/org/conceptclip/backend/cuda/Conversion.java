package org.conceptclip.backend.cuda;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.Float8;
import org.conceptclip.tensor.HostTensor;

/** Converts between dense host tensors and the device's padded rows of other types. Pure. */
final class Conversion {
  /**
   * How rows lie on the device.
   *
   * @param type of their elements
   * @param pitch elements between the beginnings of consecutive rows
   * @param scale what a code of F8_E4M3 is multiplied by to give its number; 1 for every other type
   */
  record Rows(DType type, long pitch, float scale) {
    Rows(DType type, long pitch) {
      this(type, pitch, 1);
    }

    long bytes() {
      return pitch * type.bytes();
    }
  }

  private Conversion() {}

  /**
   * Writes rows {@code first} to {@code first + count} of a host tensor to {@code to}, rounded to the type of {@code rows}, with zeros
   * behind each row.
   *
   * @param from floating point, or of the type and scale of {@code rows}
   */
  static void toDevice(HostTensor from, long first, long count, MemorySegment to, Rows rows) {
    int columns = Math.toIntExact(from.columns());
    long valueBytes = (long) columns * rows.type().bytes();
    boolean same = from.dtype() == rows.type() && from.scale() == rows.scale();
    if (same && rows.pitch() == columns) {
      MemorySegment.copy(from.data(), first * valueBytes, to, 0, count * valueBytes);
      return;
    }
    float[] values = new float[columns];
    short[] halves = new short[rows.type() == DType.F16 ? columns : 0];
    for (long row = 0; row < count; row++) {
      MemorySegment target = to.asSlice(row * rows.bytes(), rows.bytes());
      if (same) {
        MemorySegment.copy(from.data(), (first + row) * valueBytes, target, 0, valueBytes);
      } else {
        read(from, (first + row) * columns, values);
        write(values, halves, target, rows);
      }
      target.asSlice(valueBytes).fill((byte) 0);
    }
  }

  private static void read(HostTensor from, long first, float[] values) {
    if (from.dtype() == DType.F32) {
      MemorySegment.copy(from.data(), ValueLayout.JAVA_FLOAT_UNALIGNED, first * Float.BYTES, values, 0, values.length);
      return;
    }
    if (!from.dtype().isFloat()) {
      throw new IllegalArgumentException("cannot convert " + from + ": only floating-point types convert");
    }
    for (int i = 0; i < values.length; i++) {
      values[i] = from.getFloat(first + i);
    }
  }

  private static void write(float[] values, short[] halves, MemorySegment to, Rows rows) {
    switch (rows.type()) {
      case F16 -> {
        for (int i = 0; i < values.length; i++) {
          halves[i] = Float.floatToFloat16(values[i]);
        }
        MemorySegment.copy(halves, 0, to, ValueLayout.JAVA_SHORT_UNALIGNED, 0, halves.length);
      }
      case F8_E4M3 -> {
        float factor = 1 / rows.scale();
        for (int i = 0; i < values.length; i++) {
          to.set(ValueLayout.JAVA_BYTE, i, Float8.floatToE4m3(values[i] * factor));
        }
      }
      case F32 -> MemorySegment.copy(values, 0, to, ValueLayout.JAVA_FLOAT_UNALIGNED, 0, values.length);
      default -> throw new IllegalArgumentException("cannot convert to " + rows.type() + ": the device stores F16, F32 and F8_E4M3");
    }
  }

  /**
   * Reads padded rows of the device's type into rows {@code first} to {@code first + count} of a host tensor.
   *
   * @param to F32 for rows of F16, and for codes of F8_E4M3, whose numbers it gets; otherwise of the type of {@code rows}
   */
  static void toHost(MemorySegment from, Rows rows, HostTensor to, long first, long count) {
    int columns = Math.toIntExact(to.columns());
    long valueBytes = (long) columns * to.dtype().bytes();
    if (rows.type() == to.dtype() && rows.pitch() == columns) {
      MemorySegment.copy(from, 0, to.data(), first * valueBytes, count * valueBytes);
      return;
    }
    float[] values = new float[columns];
    short[] halves = new short[rows.type() == DType.F16 ? columns : 0];
    for (long row = 0; row < count; row++) {
      MemorySegment source = from.asSlice(row * rows.bytes(), rows.bytes());
      long target = (first + row) * valueBytes;
      if (rows.type() == to.dtype()) {
        MemorySegment.copy(source, 0, to.data(), target, valueBytes);
      } else {
        decode(source, rows, halves, values);
        MemorySegment.copy(values, 0, to.data(), ValueLayout.JAVA_FLOAT_UNALIGNED, target, columns);
      }
    }
  }

  private static void decode(MemorySegment from, Rows rows, short[] halves, float[] values) {
    if (rows.type() == DType.F8_E4M3) {
      for (int i = 0; i < values.length; i++) {
        values[i] = Float8.e4m3ToFloat(from.get(ValueLayout.JAVA_BYTE, i)) * rows.scale();
      }
    } else {
      MemorySegment.copy(from, ValueLayout.JAVA_SHORT_UNALIGNED, 0, halves, 0, halves.length);
      for (int i = 0; i < values.length; i++) {
        values[i] = Float.float16ToFloat(halves[i]);
      }
    }
  }
}
