package org.conceptclip.backend.cpu;

import java.util.Arrays;
import org.conceptclip.tensor.DType;

/** Arithmetic of sizes and their texts for messages. */
final class Shapes {
  private Shapes() {}

  static int ceilDiv(int a, int b) {
    return Math.ceilDiv(a, b);
  }

  /** For example {@code F32 [192, 1152] strides [3456, 1]}. */
  static String text(DType type, long[] extents, long[] stridesOrNull) {
    return type + " " + Arrays.toString(extents)
        + (stridesOrNull == null ? "" : " strides " + Arrays.toString(stridesOrNull));
  }
}
