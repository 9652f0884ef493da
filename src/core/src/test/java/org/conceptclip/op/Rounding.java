package org.conceptclip.op;

import java.util.Arrays;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.Float8;
import org.conceptclip.tensor.HalfFloats;

/** What a value becomes when it is stored. */
final class Rounding {
  private Rounding() {}

  static double to(DType type, double value) {
    return switch (type) {
      case F64 -> value;
      case F32 -> (float) value;
      case F16 -> Float.float16ToFloat(Float.floatToFloat16((float) value));
      case BF16 -> HalfFloats.bfloat16ToFloat(HalfFloats.floatToBfloat16((float) value));
      case F8_E4M3 -> Float8.roundToE4m3((float) value);
      default -> throw new IllegalArgumentException("not a floating-point type: " + type);
    };
  }

  static double[] to(DType type, double[] values) {
    double[] rounded = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      rounded[i] = to(type, values[i]);
    }
    return rounded;
  }

  static double[][] to(DType type, double[][] values) {
    double[][] rounded = new double[values.length][];
    for (int row = 0; row < values.length; row++) {
      rounded[row] = to(type, values[row]);
    }
    return rounded;
  }

  /** The numbers that codes of F8_E4M3 under a scale stand for. */
  static double[][] toCodes(float scale, double[][] values) {
    double[][] numbers = new double[values.length][];
    for (int row = 0; row < values.length; row++) {
      numbers[row] = Arrays.stream(values[row]).map(value -> toCode(scale, value)).toArray();
    }
    return numbers;
  }

  static double toCode(float scale, double value) {
    return Float8.roundToE4m3((float) value * (1 / scale)) * scale;
  }

  /** Largest relative error of one rounding. */
  static double unit(DType type) {
    return switch (type) {
      case F64 -> 0x1p-53;
      case F32 -> 0x1p-24;
      case F16 -> 0x1p-11;
      case BF16 -> 0x1p-8;
      case F8_E4M3 -> 0x1p-4;
      default -> throw new IllegalArgumentException("not a floating-point type: " + type);
    };
  }

  /** Smallest value above zero: what a rounding may lose where relative error ends. */
  static double smallest(DType type) {
    return switch (type) {
      case F64 -> Double.MIN_VALUE;
      case F32 -> Float.MIN_NORMAL;
      case F16 -> 0x1p-24;
      case BF16 -> Float.MIN_NORMAL;
      case F8_E4M3 -> 0x1p-9;
      default -> throw new IllegalArgumentException("not a floating-point type: " + type);
    };
  }
}
