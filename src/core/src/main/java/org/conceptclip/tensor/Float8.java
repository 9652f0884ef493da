package org.conceptclip.tensor;

/**
 * Conversions between float and the 8-bit type E4M3 of the Open Compute Project (OCP 8-bit Floating Point Specification, revision 1.0):
 * a sign, 4 bits of exponent with bias 7, 3 bits of mantissa.
 *
 * <p>It has no infinity. The largest number is 448 (code 0x7e), the smallest normal one 2^-6, the smallest of all 2^-9; codes 0x7f and
 * 0xff are NaN. Numbers are rounded to the nearest one, ties to the even mantissa; a larger number, also an infinite one, becomes 448 of
 * its sign. The instruction {@code cvt.rn.satfinite.e4m3x2} of NVIDIA's GPUs rounds in the same way.
 */
public final class Float8 {
  /** The largest E4M3 number. */
  public static final float E4M3_MAX = 448;

  private static final int NAN = 0x7f;

  /** Bits of a float32 mantissa that an E4M3 mantissa does not have. */
  private static final int DROPPED = 20;

  private static final float SMALLEST_NORMAL = 0x1p-6f;

  /** A float32 near this one has steps of 2^-9, as E4M3 has below its normal numbers: adding and subtracting it rounds to them. */
  private static final float SUBNORMAL_ROUNDER = 0x1.8p14f;

  private static final float[] VALUES = values();

  private Float8() {}

  private static float[] values() {
    float[] values = new float[256];
    for (int code = 0; code < values.length; code++) {
      int exponent = code >> 3 & 15;
      int mantissa = code & 7;
      float magnitude = exponent == 0 ? mantissa * 0x1p-9f : Math.scalb(1 + mantissa / 8f, exponent - 7);
      values[code] = (code & NAN) == NAN ? Float.NaN : (code & 0x80) == 0 ? magnitude : -magnitude;
    }
    return values;
  }

  /** The number with this code; exact. */
  public static float e4m3ToFloat(byte code) {
    return VALUES[code & 0xff];
  }

  /** Code of the E4M3 number nearest to {@code value}. NaN, of either sign, has code 0x7f. */
  public static byte floatToE4m3(float value) {
    float rounded = roundToE4m3(value);
    if (Float.isNaN(rounded)) {
      return NAN;
    }
    int sign = Float.floatToRawIntBits(rounded) >>> 24 & 0x80;
    float magnitude = Math.abs(rounded);
    if (magnitude < SMALLEST_NORMAL) {
      return (byte) (sign | (int) (magnitude * 0x1p9f));
    }
    int bits = Float.floatToRawIntBits(magnitude);
    int exponent = (bits >>> 23) - 127 + 7;
    return (byte) (sign | exponent << 3 | bits >>> DROPPED & 7);
  }

  /** Code of the E4M3 number nearest to {@code value}, rounded once. */
  public static byte doubleToE4m3(double value) {
    return floatToE4m3(oddFloat(value));
  }

  /**
   * The E4M3 number nearest to {@code value}, as float: what {@link #floatToE4m3} and {@link #e4m3ToFloat} give together. It has no table
   * and no branch that depends on the data, so that the compiler can vectorise a loop over it.
   */
  public static float roundToE4m3(float value) {
    float limited = Math.max(-E4M3_MAX, Math.min(E4M3_MAX, value));
    int bits = Float.floatToRawIntBits(limited);
    int even = bits + (1 << DROPPED - 1) - 1 + (bits >>> DROPPED & 1) & -(1 << DROPPED);
    float magnitude = Math.abs(limited);
    float small = Math.copySign(magnitude + SUBNORMAL_ROUNDER - SUBNORMAL_ROUNDER, limited);
    return magnitude >= SMALLEST_NORMAL ? Float.intBitsToFloat(even) : small;
  }

  /**
   * A float32 that E4M3 rounds as the double itself: the double cut to float32, with the last bit set if anything was cut off. So a tie of
   * E4M3 is one only if the double is one.
   */
  private static float oddFloat(double value) {
    float nearest = (float) value;
    if (nearest == value || Double.isNaN(value) || Float.isInfinite(nearest)) {
      return nearest;
    }
    float below = Math.abs(nearest) > Math.abs(value) ? towardsZero(nearest) : nearest;
    return Float.intBitsToFloat(Float.floatToRawIntBits(below) | 1);
  }

  private static float towardsZero(float value) {
    return Float.intBitsToFloat(Float.floatToRawIntBits(value) - 1);
  }
}
