package org.conceptclip.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Looks for values that are NaN or infinite, at about the speed of memory. A value is neither exactly if its exponent has a bit that is 0.
 * So the lowest bit of the exponent, added to the value without its sign, carries into the place of the sign exactly if the value is not
 * finite, and never beyond it. Values are added eight bytes at a time, whatever their type, in a loop that the compiler makes vectors of.
 */
final class FiniteScan {
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  /** Longs at a time: they stay in the first cache. */
  private static final int CHUNK = 1024;

  private FiniteScan() {}

  /** Index of the first element that is not finite; -1 if there is none. */
  static long first(HostTensor tensor) {
    int bits = 8 * tensor.dtype().bytes();
    long signs = lanes(bits, 1L << (bits - 1));
    long lowest = lanes(bits, lowestOfExponent(tensor.dtype()));
    int perLong = Long.SIZE / bits;
    MemorySegment data = tensor.data();
    long longs = data.byteSize() / Long.BYTES;
    long[] chunk = new long[(int) Math.min(CHUNK, longs)];
    for (long at = 0; at < longs; at += chunk.length) {
      int count = (int) Math.min(chunk.length, longs - at);
      MemorySegment.copy(data, LONG, at * Long.BYTES, chunk, 0, count);
      if (carries(chunk, count, signs, lowest)) {
        return first(tensor, at * perLong, (at + count) * perLong);
      }
    }
    return first(tensor, longs * perLong, tensor.shape().elements());
  }

  private static boolean carries(long[] values, int count, long signs, long lowest) {
    long carried = 0;
    for (int i = 0; i < count; i++) {
      carried |= (values[i] & ~signs) + lowest;
    }
    return (carried & signs) != 0;
  }

  /** Looks at elements {@code from} to {@code to} one by one. */
  private static long first(HostTensor tensor, long from, long to) {
    for (long i = from; i < to; i++) {
      if (!Double.isFinite(tensor.getDouble(i))) {
        return i;
      }
    }
    return -1;
  }

  private static long lowestOfExponent(DType type) {
    return switch (type) {
      case F64 -> 1L << 52;
      case F32 -> 1L << 23;
      case F16 -> 1L << 10;
      case BF16 -> 1L << 7;
      // The one value that is not a number has all bits but the sign set, and there is no infinity.
      case F8_E4M3 -> 1;
      default -> throw new IllegalArgumentException("values of " + type + ", expected floating point");
    };
  }

  /** So many bits, in every lane of a long. */
  private static long lanes(int bits, long lane) {
    long all = 0;
    for (int shift = 0; shift < Long.SIZE; shift += bits) {
      all |= lane << shift;
    }
    return all;
  }
}
