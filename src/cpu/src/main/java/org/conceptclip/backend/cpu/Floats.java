package org.conceptclip.backend.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HalfFloats;

/** Moves rows between off-heap tensors and float arrays, for the light ops that are plain Java. */
final class Floats {
  private Floats() {}

  /** Elements {@code first} to {@code first + count} of {@code from}, widened, to the start of {@code to}. */
  static void load(MemorySegment from, DType type, long first, float[] to, int count) {
    switch (type) {
      case F32 -> MemorySegment.copy(from, ValueLayout.JAVA_FLOAT_UNALIGNED, first * 4, to, 0, count);
      case BF16 -> {
        for (int i = 0; i < count; i++) {
          to[i] = HalfFloats.bfloat16ToFloat(from.get(ValueLayout.JAVA_SHORT_UNALIGNED, (first + i) * 2));
        }
      }
      case F64 -> {
        for (int i = 0; i < count; i++) {
          to[i] = (float) from.get(ValueLayout.JAVA_DOUBLE_UNALIGNED, (first + i) * 8);
        }
      }
      default -> throw new IllegalArgumentException("cannot read " + type + " as float32");
    }
  }

  /** The first {@code count} values to elements {@code first} and on of {@code to}, rounded to its type. */
  static void store(float[] from, MemorySegment to, DType type, long first, int count) {
    switch (type) {
      case F32 -> MemorySegment.copy(from, 0, to, ValueLayout.JAVA_FLOAT_UNALIGNED, first * 4, count);
      case BF16 -> {
        for (int i = 0; i < count; i++) {
          to.set(ValueLayout.JAVA_SHORT_UNALIGNED, (first + i) * 2, HalfFloats.floatToBfloat16(from[i]));
        }
      }
      default -> throw new IllegalArgumentException("cannot write float32 as " + type);
    }
  }
}
