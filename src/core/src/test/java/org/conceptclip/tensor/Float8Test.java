package org.conceptclip.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.math.BigDecimal;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** E4M3 codes against the definition of the format, at every number and every boundary between two numbers. */
class Float8Test {
  /** The numbers with codes 0 to 0x7e, by the specification's formula in exact arithmetic. */
  private static final BigDecimal[] NUMBERS = IntStream.rangeClosed(0, 0x7e).mapToObj(Float8Test::number).toArray(BigDecimal[]::new);

  private static BigDecimal number(int code) {
    BigDecimal eighths = BigDecimal.valueOf((code >> 3) == 0 ? code & 7 : 8 + (code & 7));
    int exponent = Math.max(1, code >> 3) - 7;
    return eighths.divide(BigDecimal.valueOf(8)).multiply(new BigDecimal(Math.scalb(1.0, exponent)));
  }

  @Test
  void everyCodeIsItsNumberAndComesBack() {
    for (int code = 0; code < 256; code++) {
      float value = Float8.e4m3ToFloat((byte) code);
      if ((code & 0x7f) == 0x7f) {
        assertTrue(Float.isNaN(value), "code " + code);
        assertEquals(0x7f, Float8.floatToE4m3(value));
        assertTrue(Float.isNaN(Float8.roundToE4m3(value)));
        continue;
      }
      double expected = NUMBERS[code & 0x7f].doubleValue();
      assertEquals(code < 128 ? expected : -expected, value, "code " + code);
      assertEquals((byte) code, Float8.floatToE4m3(value), "back from " + value);
      assertEquals((byte) code, Float8.doubleToE4m3(value), "back from double " + value);
      assertEquals(Float.floatToRawIntBits(value), Float.floatToRawIntBits(Float8.roundToE4m3(value)), "rounded " + value);
    }
    assertEquals(448, NUMBERS[0x7e].intValueExact());
  }

  /** Between neighbours a and b: everything below the middle is a, above it b, and the middle itself the one with the even code. */
  @Test
  void everyBoundaryIsInTheMiddleAndGoesToTheEvenCode() {
    for (int code = 0; code < 0x7e; code++) {
      double middle = NUMBERS[code].add(NUMBERS[code + 1]).divide(BigDecimal.valueOf(2)).doubleValue();
      int even = code + (code & 1);
      for (int sign : new int[] {0, 0x80}) {
        double signed = sign == 0 ? middle : -middle;
        check(sign | even, signed, (float) signed);
        check(sign | code, towardsZero(signed), (float) signed, -1);
        check(sign | code + 1, awayFromZero(signed), (float) signed, 1);
      }
    }
  }

  private static double towardsZero(double value) {
    return Double.longBitsToDouble(Double.doubleToRawLongBits(value) - 1);
  }

  private static double awayFromZero(double value) {
    return Double.longBitsToDouble(Double.doubleToRawLongBits(value) + 1);
  }

  /** The neighbour in float64 would be the middle itself in float32: each type has a neighbour of its own. */
  private static void check(int code, double neighbour, float middle, int step) {
    assertEquals((byte) code, Float8.doubleToE4m3(neighbour), "double " + neighbour);
    float single = Float.intBitsToFloat(Float.floatToRawIntBits(middle) + step);
    assertEquals((byte) code, Float8.floatToE4m3(single), "float " + single);
  }

  private static void check(int code, double value, float single) {
    assertEquals((byte) code, Float8.doubleToE4m3(value), "double " + value);
    assertEquals((byte) code, Float8.floatToE4m3(single), "float " + single);
  }

  @Test
  void whatIsTooLargeBecomesTheLargestAndWhatIsTooSmallZero() {
    for (float value : new float[] {448.0001f, 463.9f, 464, 480, 1e30f, Float.MAX_VALUE, Float.POSITIVE_INFINITY}) {
      assertEquals(0x7e, Float8.floatToE4m3(value), "float " + value);
      assertEquals((byte) 0xfe, Float8.floatToE4m3(-value), "float " + -value);
      assertEquals(448, Float8.roundToE4m3(value));
    }
    assertEquals(0x7e, Float8.doubleToE4m3(Double.MAX_VALUE));
    assertEquals((byte) 0xfe, Float8.doubleToE4m3(Double.NEGATIVE_INFINITY));
    assertEquals(0, Float8.doubleToE4m3(Double.MIN_VALUE));
    assertEquals((byte) 0x80, Float8.doubleToE4m3(-Double.MIN_VALUE));
    assertEquals((byte) 0x80, Float8.floatToE4m3(-0.0f));
    assertEquals(0x7f, Float8.doubleToE4m3(Double.NaN));
  }

  @Test
  void roundingIsCodingAndDecoding() {
    Random random = new Random(1);
    for (int i = 0; i < 200_000; i++) {
      float value = Float.intBitsToFloat(random.nextInt());
      float rounded = Float8.roundToE4m3(value);
      float decoded = Float8.e4m3ToFloat(Float8.floatToE4m3(value));
      assertTrue(Float.isNaN(value) ? Float.isNaN(rounded) && Float.isNaN(decoded) : rounded == decoded, "value " + value);
    }
  }

  @Test
  void aTensorOfCodesReadsAndWritesNumbersOfItsScale() {
    try (Arena arena = Arena.ofConfined()) {
      HostTensor codes = HostTensor.allocate(arena, DType.F8_E4M3, 2, 3).scaled(0.25f);
      codes.set(0, 112); // 448 * 0.25
      codes.set(1, 1000);
      codes.set(2, -0.3);
      codes.set(4, Double.NaN);
      assertEquals(0x7e, codes.data().get(ValueLayout.JAVA_BYTE, 0));
      assertEquals(112, codes.getDouble(0));
      assertEquals(112, codes.getDouble(1));
      assertEquals(-1.25 * 0.25, codes.getDouble(2)); // -1.2 lies between -1.25 and -1.125
      assertEquals(0, codes.getDouble(3));
      assertTrue(Double.isNaN(codes.rows(1, 1).getDouble(1)));
      assertEquals(0.25f, codes.rows(1, 1).scale());
      assertEquals(0.25f, codes.reshape(6).scale());
      assertTrue(codes.sameMemory(codes.scaled(0.25f)) && !codes.sameMemory(codes.scaled(0.5f)));
      for (float scale : new float[] {0, -1, Float.NaN, Float.POSITIVE_INFINITY, Float.MIN_VALUE}) {
        assertThrows(IllegalArgumentException.class, () -> codes.scaled(scale), "scale " + scale);
      }
      HostTensor floats = HostTensor.allocate(arena, DType.F32, 2);
      assertThrows(IllegalArgumentException.class, () -> floats.scaled(1));
    }
  }

  /** Each row by the definition: its largest number has the largest code, and no number is further away than half a step. */
  @Test
  void rowsOfWeightsHaveTheirOwnScales() {
    Random random = new Random(2);
    int columns = 37;
    float[] values = new float[6 * columns];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (random.nextGaussian() * Math.pow(10, i / columns - 3.0));
    }
    Arrays.fill(values, 4 * columns, 5 * columns, 0);
    values[5 * columns + 7] = Float.POSITIVE_INFINITY;
    try (Arena arena = Arena.ofConfined()) {
      ScaledRows rows = ScaledRows.of(arena, HostTensor.of(values, 6, columns));
      HostTensor numbers = rows.numbers(arena);
      for (int row = 0; row < 4; row++) {
        float largest = 0;
        for (int i = row * columns; i < (row + 1) * columns; i++) {
          largest = Math.max(largest, Math.abs(values[i]));
        }
        float scale = rows.scales()[row];
        assertEquals(largest / 448, scale);
        for (int i = row * columns; i < (row + 1) * columns; i++) {
          double step = Math.max(Math.abs(values[i]) / 16, scale * 0x1p-10) * (1 + 1e-6);
          assertEquals(values[i], numbers.getDouble(i), step, "row " + row);
          assertEquals(Float8.e4m3ToFloat(Float8.floatToE4m3(values[i] / scale)), rows.codes().getFloat(i));
        }
      }
      assertEquals(1, rows.scales()[4]);
      assertEquals(0, numbers.getDouble(4 * columns));
      assertTrue(IntStream.range(5 * columns, 6 * columns).anyMatch(i -> !Double.isFinite(numbers.getDouble(i))), "infinity was lost");
    }
  }
}
