package org.conceptclip.tensor;

/** Conversions between float32 and bfloat16, and of arrays. (Single float16 values: {@link Float#float16ToFloat(short)}.) */
public final class HalfFloats {
  private HalfFloats() {}

  /** The float32 with these bfloat16 bits; exact. */
  public static float bfloat16ToFloat(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }

  /** The first {@code count} values with these float16 bits; exact. */
  public static void float16ToFloat(short[] bits, float[] values, int count) {
    for (int i = 0; i < count; i++) {
      values[i] = Float.float16ToFloat(bits[i]);
    }
  }

  /** The first {@code count} values with these bfloat16 bits; exact. */
  public static void bfloat16ToFloat(short[] bits, float[] values, int count) {
    for (int i = 0; i < count; i++) {
      values[i] = bfloat16ToFloat(bits[i]);
    }
  }

  /** Bits of the bfloat16 nearest to {@code value}, ties to even; a NaN stays a quiet NaN. */
  public static short floatToBfloat16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if ((bits & 0x7fffffff) > 0x7f800000) {
      return (short) ((bits >>> 16) | 0x0040);
    }
    return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
  }
}
