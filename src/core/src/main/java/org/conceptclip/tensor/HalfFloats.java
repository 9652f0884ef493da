package org.conceptclip.tensor;

/** Conversions between float32 and bfloat16. (float16 is in {@link Float#float16ToFloat(short)}.) */
public final class HalfFloats {
  private HalfFloats() {}

  /** The float32 with these bfloat16 bits; exact. */
  public static float bfloat16ToFloat(short bits) {
    return Float.intBitsToFloat(bits << 16);
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
