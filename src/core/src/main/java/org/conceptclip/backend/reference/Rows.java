package org.conceptclip.backend.reference;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;

/** Reads and writes parts of rows as float64, from and to any floating-point type. */
final class Rows {
  private static final ValueLayout.OfDouble F64 = ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private Rows() {}

  /** Row {@code row}, whole. */
  static double[] read(HostTensor tensor, long row) {
    double[] values = new double[Math.toIntExact(tensor.columns())];
    read(tensor, row, 0, values.length, values, 0);
    return values;
  }

  /** {@code count} values of row {@code row} from {@code column} on, to {@code to[at...]}. */
  static void read(HostTensor tensor, long row, long column, int count, double[] to, int at) {
    long first = row * tensor.columns() + column;
    if (tensor.dtype() == DType.F64) {
      MemorySegment.copy(tensor.data(), F64, first * Double.BYTES, to, at, count);
    } else if (tensor.dtype() == DType.F32) {
      for (int i = 0; i < count; i++) {
        to[at + i] = tensor.data().get(F32, (first + i) * Float.BYTES);
      }
    } else {
      for (int i = 0; i < count; i++) {
        to[at + i] = tensor.getDouble(first + i);
      }
    }
  }

  /** All of {@code from} to row {@code row} from {@code column} on. */
  static void write(double[] from, HostTensor tensor, long row, long column) {
    long first = row * tensor.columns() + column;
    if (tensor.dtype() == DType.F64) {
      MemorySegment.copy(from, 0, tensor.data(), F64, first * Double.BYTES, from.length);
    } else {
      for (int i = 0; i < from.length; i++) {
        tensor.set(first + i, from[i]);
      }
    }
  }
}
