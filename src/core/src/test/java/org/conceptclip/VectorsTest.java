package org.conceptclip;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.conceptclip.tensor.HostTensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(10)
class VectorsTest {
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 3, 4, 5, 1152})
  void theProductOfSmallWholeNumbersIsExact(int length) {
    float[] a = new float[length];
    float[] b = new float[length];
    long expected = 0;
    for (int i = 0; i < length; i++) {
      a[i] = i + 1;
      b[i] = 2 * i - 7;
      expected += (long) (i + 1) * (2 * i - 7);
    }
    assertEquals(expected, Vectors.dot(a, b));
  }

  @Test
  void lengthsMustAgree() {
    assertThrows(IllegalArgumentException.class, () -> Vectors.dot(new float[2], new float[3]));
  }

  @Test
  void rowsAreCopies() {
    float[][] rows = HostTensor.of(new float[] {1, 2, 3, 4, 5, 6}, 3, 2).toFloatRows();
    assertEquals(3, rows.length);
    assertArrayEquals(new float[] {5, 6}, rows[2]);
  }
}
