package org.conceptclip.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What reads many values at once finds and gives what reading one by one does. */
class HostTensorTest {
  /** Around the eight bytes that are looked at together, and the pieces that are copied together. */
  private static final int[] LENGTHS = {1, 2, 3, 4, 5, 7, 8, 9, 31, 1023, 1025, 4099, 8195};

  /** Every value of a 16-bit type by its bits, alone among zeros: what is not finite is found, and nothing else. */
  @ParameterizedTest
  @EnumSource(value = DType.class, names = {"F16", "BF16"})
  void everyShortValueIsJudgedRight(DType type) {
    short[] bits = new short[5];
    HostTensor tensor = HostTensor.view(type, Shape.of(5), MemorySegment.ofArray(bits));
    for (int value = 0; value < 1 << 16; value++) {
      bits[value % 5] = (short) value;
      boolean finite = Double.isFinite(tensor.getDouble(value % 5));
      assertEquals(finite ? -1 : value % 5, tensor.firstNonFinite(), Integer.toHexString(value));
      bits[value % 5] = 0;
    }
  }

  @ParameterizedTest
  @EnumSource(value = DType.class, names = {"F32", "F64", "F16", "BF16"})
  void firstOfSeveralIsFoundWhereverItIs(DType type) {
    Random random = new Random(3);
    double[] bad = {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY};
    double largest = type == DType.F16 ? 65504 : Float.MAX_VALUE / 2;
    try (Arena arena = Arena.ofConfined()) {
      for (int length : LENGTHS) {
        // At an odd address: safetensors files guarantee no alignment.
        MemorySegment memory = arena.allocate((long) length * type.bytes() + 1, 8).asSlice(1);
        HostTensor tensor = HostTensor.view(type, Shape.of(length), memory);
        for (int i = 0; i < length; i++) {
          tensor.set(i, i % 3 == 0 ? -largest : i % 3 == 1 ? largest : Double.MIN_VALUE);
        }
        assertEquals(-1, tensor.firstNonFinite());
        for (int trial = 0; trial < 20; trial++) {
          int one = trial == 0 ? 0 : trial == 1 ? length - 1 : random.nextInt(length);
          int other = random.nextInt(length);
          double oneBefore = tensor.getDouble(one);
          double otherBefore = tensor.getDouble(other);
          tensor.set(one, bad[trial % 3]);
          tensor.set(other, bad[(trial + 1) % 3]);
          assertEquals(Math.min(one, other), tensor.firstNonFinite(), length + " values");
          tensor.set(other, otherBefore);
          tensor.set(one, oneBefore);
        }
      }
    }
  }

  @Test
  void signsAndPatternsOfFloatsAreNoMatter() {
    int[] patterns = {0x7f7fffff, 0xff7fffff, 0x7f800000, 0xff800000, 0x7f800001, 0xffffffff, 0x7fc00000, 1, 0x80000000, 0x3f800000};
    for (int pattern : patterns) {
      float value = Float.intBitsToFloat(pattern);
      HostTensor tensor = HostTensor.view(DType.F32, Shape.of(3), MemorySegment.ofArray(new int[] {0, pattern, 0x7f7fffff}));
      assertEquals(Float.isFinite(value) ? -1 : 1, tensor.firstNonFinite(), Integer.toHexString(pattern));
    }
  }

  /** E4M3 has no infinity, and one value of either sign that is not a number. */
  @Test
  void everyCodeOfE4m3IsANumberButTwo() {
    for (int code = 0; code < 256; code++) {
      byte[] codes = new byte[11];
      codes[code % 11] = (byte) code;
      HostTensor tensor = HostTensor.view(DType.F8_E4M3, Shape.of(11), MemorySegment.ofArray(codes));
      assertEquals((code & 0x7f) == 0x7f ? code % 11 : -1, tensor.firstNonFinite(), Integer.toHexString(code));
    }
  }

  @Test
  void integersAreRefused() {
    HostTensor bytes = HostTensor.view(DType.U8, Shape.of(9), MemorySegment.ofArray(new byte[9]));
    assertThrows(IllegalArgumentException.class, bytes::firstNonFinite);
  }

  @ParameterizedTest
  @EnumSource(value = DType.class, names = {"F32", "F64", "F16", "BF16"})
  void floatsAreThoseOfSingleElements(DType type) {
    Random random = new Random(4);
    int length = 700;
    HostTensor tensor = HostTensor.view(type, Shape.of(length), MemorySegment.ofArray(new byte[length * type.bytes()]));
    for (int i = 0; i < length; i++) {
      tensor.set(i, random.nextGaussian() * Math.pow(2, random.nextInt(30) - 20));
    }
    tensor.set(17, Double.NaN);
    tensor.set(18, Double.NEGATIVE_INFINITY);
    float[] all = tensor.toFloatArray();
    float[] some = new float[100];
    some[60] = 5;
    tensor.getFloats(11, some, 60);
    for (int i = 0; i < length; i++) {
      assertEquals(tensor.getFloat(i), all[i]);
    }
    float[] expected = new float[100];
    System.arraycopy(all, 11, expected, 0, 60);
    expected[60] = 5;
    assertArrayEquals(expected, some);
  }
}
