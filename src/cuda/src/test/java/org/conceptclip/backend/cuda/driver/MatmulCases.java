package org.conceptclip.backend.cuda.driver;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;

/** Matrix products of small whole numbers, which float16 and float32 hold exactly: the answer is one, to the last bit. */
final class MatmulCases {
  private static final int INPUTS = 40;
  private static final int OUTPUTS = 24;
  private static final float CANARY = 2048;

  private MatmulCases() {}

  static Map<String, Consumer<CudaDriver>> cases() {
    Map<String, Consumer<CudaDriver>> cases = new LinkedHashMap<>();
    for (boolean outFloat32 : new boolean[] {false, true}) {
      for (boolean hasBias : new boolean[] {false, true}) {
        for (boolean accumulate : new boolean[] {false, true}) {
          MatmulCall.Shape shape = new MatmulCall.Shape(INPUTS, OUTPUTS, hasBias, outFloat32, accumulate);
          cases.put("product " + shape, driver -> product(driver, shape));
        }
      }
    }
    cases.put("products in a graph read what is there at the launch", MatmulCases::inGraph);
    cases.put("products of impossible sizes are refused", driver -> impossible());
    return cases;
  }

  private static void product(CudaDriver driver, MatmulCall.Shape shape) {
    for (int rows : new int[] {1, 2, 65, 1}) {
      for (int extra : new int[] {0, 16}) {
        check(driver, shape, rows, INPUTS + extra, OUTPUTS + 2 * extra);
      }
    }
  }

  private static void check(CudaDriver driver, MatmulCall.Shape shape, int rows, int xPitch, int outPitch) {
    Random random = new Random(rows);
    float[] x = small(random, rows * xPitch);
    float[] weight = small(random, OUTPUTS * INPUTS);
    float[] bias = small(random, OUTPUTS);
    float[] before = new float[rows * outPitch];
    Arrays.fill(before, CANARY);
    for (int row = 0; row < rows; row++) {
      System.arraycopy(small(random, OUTPUTS), 0, before, row * outPitch, OUTPUTS);
    }
    float[] expected = before.clone();
    for (int row = 0; row < rows; row++) {
      for (int output = 0; output < OUTPUTS; output++) {
        float sum = shape.accumulate() ? before[row * outPitch + output] : 0;
        for (int input = 0; input < INPUTS; input++) {
          sum += x[row * xPitch + input] * weight[output * INPUTS + input];
        }
        expected[row * outPitch + output] = sum + (shape.hasBias() ? bias[output] : 0);
      }
    }
    try (TestDevice device = new TestDevice(driver)) {
      long out = shape.outFloat32() ? device.floats(before) : device.halves(before);
      long biasAddress = !shape.hasBias() ? 0 : shape.outFloat32() ? device.floats(bias) : device.halves(bias);
      driver.matmul(new MatmulCall(shape, rows, device.halves(x), xPitch, device.halves(weight), biasAddress, out, outPitch),
          device.stream);
      float[] found = shape.outFloat32() ? device.readFloats(out, before.length) : device.readHalves(out, before.length);
      assertArrayEquals(expected, found, rows + " rows, pitches " + xPitch + " and " + outPitch);
    }
  }

  private static void inGraph(CudaDriver driver) {
    MatmulCall.Shape shape = new MatmulCall.Shape(8, 8, false, true, false);
    try (TestDevice device = new TestDevice(driver)) {
      float[] identity = new float[64];
      for (int i = 0; i < 8; i++) {
        identity[9 * i] = 1;
      }
      long x = device.halves(new float[8]);
      long out = device.block(32);
      MatmulCall product = new MatmulCall(shape, 1, x, 8, device.halves(identity), 0, out, 8);
      driver.beginCapture(device.stream);
      driver.matmul(product, device.stream);
      long graph = driver.endCapture(device.stream);
      for (int round = 0; round < 3; round++) {
        float[] row = small(new Random(round), 8);
        driver.copyToDevice(x, device.hostHalves(row), device.stream);
        driver.launchGraph(graph, device.stream);
        assertArrayEquals(row, device.readFloats(out, 8));
      }
      driver.destroyGraph(graph);
    }
  }

  private static void impossible() {
    MatmulCall.Shape plain = new MatmulCall.Shape(8, 8, false, false, false);
    assertThrows(IllegalArgumentException.class, () -> new MatmulCall.Shape(12, 8, false, false, false));
    assertThrows(IllegalArgumentException.class, () -> new MatmulCall.Shape(8, 0, false, false, false));
    assertThrows(IllegalArgumentException.class, () -> new MatmulCall(plain, 0, 256, 8, 256, 0, 256, 8));
    assertThrows(IllegalArgumentException.class, () -> new MatmulCall(plain, 1, 256, 12, 256, 0, 256, 8));
    assertThrows(IllegalArgumentException.class, () -> new MatmulCall(plain, 2, 256, 8, 256, 0, 256, 0));
    assertThrows(IllegalArgumentException.class, () -> new MatmulCall(plain, 1, 264, 8, 256, 0, 256, 8));
    assertThrows(IllegalArgumentException.class, () -> new MatmulCall(plain, 1, 256, 8, 256, 512, 256, 8));
  }

  private static float[] small(Random random, int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = random.nextInt(-3, 4);
    }
    return values;
  }
}
