package org.conceptclip.backend.cuda.driver.emulated;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.conceptclip.backend.OnEmulator;
import org.conceptclip.backend.cuda.driver.emulated.EmulatorTestKernels.Session;
import org.junit.jupiter.api.Test;

/** Fragments of ldmatrix and mma lie as the PTX manual draws them, and products are those of plain loops. */
@OnEmulator
class EmulatorTensorCoreTest {
  private static final int LANES = 32;
  private static final int SIDE = 8;
  private static final int M = 16;
  private static final int N = 8;
  private static final int K = 16;

  @Test
  void eachLaneGetsItsPlaceOfEachMatrix() {
    int[] registers = loadMatrices();
    for (int lane = 0; lane < LANES; lane++) {
      int row = lane / 4;
      int column = 2 * (lane % 4);
      for (int m = 0; m < 4; m++) {
        assertEquals(pair(element(m, row, column), element(m, row, column + 1)), registers[12 * lane + m], "x4");
        assertEquals(pair(element(m, column, row), element(m, column + 1, row)), registers[12 * lane + 4 + m], "x4 transposed");
      }
      for (int m = 0; m < 2; m++) {
        assertEquals(registers[12 * lane + m], registers[12 * lane + 8 + m], "x2");
        assertEquals(registers[12 * lane + 4 + m], registers[12 * lane + 10 + m], "x2 transposed");
      }
    }
  }

  /** A number of its own for each element; exact in float16. */
  private static int element(int matrix, int row, int column) {
    return (matrix * SIDE + row) * SIDE + column;
  }

  private static int pair(int low, int high) {
    return Short.toUnsignedInt(Float.floatToFloat16(low)) | Float.floatToFloat16(high) << 16;
  }

  private static int[] loadMatrices() {
    float[] values = new float[4 * SIDE * SIDE];
    for (int i = 0; i < values.length; i++) {
      values[i] = i;
    }
    try (Session session = new Session(); Arena arena = Arena.ofConfined()) {
      long matrices = session.upload(halves(arena, values));
      MemorySegment registers = arena.allocate(4L * 12 * LANES, 4);
      long out = session.driver.allocate(registers.byteSize());
      session.launch("load_matrices", 1, LANES, 2 * values.length, arena.allocateFrom(ValueLayout.JAVA_LONG, matrices, out));
      session.download(out, registers);
      session.driver.free(matrices);
      session.driver.free(out);
      return registers.toArray(ValueLayout.JAVA_INT);
    }
  }

  @Test
  void productsAreThoseOfPlainLoops() {
    float[] a = new float[M * K];
    float[] b = new float[K * N];
    float[] d = new float[M * N];
    // Small and different, so that every sum is exact and no two elements can be exchanged unseen.
    for (int i = 0; i < a.length; i++) {
      a[i] = i * 37 % 101 - 50;
    }
    for (int i = 0; i < b.length; i++) {
      b[i] = i * 53 % 97 - 48;
    }
    for (int i = 0; i < d.length; i++) {
      d[i] = 1000 * i;
    }
    float[] expected = d.clone();
    for (int row = 0; row < M; row++) {
      for (int column = 0; column < N; column++) {
        for (int k = 0; k < K; k++) {
          // The kernel multiplies all 16 columns of a, then the first 8 once more.
          expected[row * N + column] += (k < 8 ? 2 : 1) * a[row * K + k] * b[k * N + column];
        }
      }
    }
    assertArrayEquals(expected, multiply(a, b, d));
  }

  /** The smallest float16 times itself is exact, and what a float32 cannot hold of a sum is cut, not rounded to nearest. */
  @Test
  void sumsAreExactAndCutTowardZero() {
    float[] a = new float[M * K];
    float[] b = new float[K * N];
    float[] d = new float[M * N];
    float smallest = 0x1p-24f;
    // Column 8 of a: the kernel uses it once.
    b[8 * N] = smallest;
    a[8] = smallest;
    a[K + 8] = 1;
    d[N] = 1 + 0x1p-23f;
    a[2 * K + 8] = -0.5f;
    d[2 * N] = 1 + 0x1p-23f;
    float[] result = multiply(a, b, d);
    assertEquals(0x1p-48f, result[0]);
    // 1 + 2^-23 + 2^-24: nearest, to even, would be 1 + 2^-22.
    assertEquals(1 + 0x1p-23f, result[N]);
    // 1 + 2^-23 - 2^-25: nearest would be 1 + 2^-23.
    assertEquals(1, result[2 * N]);
  }

  /** N = 72 is a whole line of 64 columns and 8 of the next, as an H200 has it. */
  @Test
  void aWarpgroupsOperandMayEndInsideALine() {
    int rows = 64;
    int columns = 72;
    float[] a = new float[rows * K];
    float[] b = new float[K * columns];
    for (int i = 0; i < a.length; i++) {
      a[i] = i * 37 % 101 - 50;
    }
    for (int i = 0; i < b.length; i++) {
      b[i] = i * 53 % 97 - 48;
    }
    float[] expected = new float[rows * columns];
    for (int i = 0; i < expected.length; i++) {
      for (int k = 0; k < K; k++) {
        expected[i] += a[i / columns * K + k] * b[k * columns + i % columns];
      }
    }
    assertArrayEquals(expected, multiply("multiply_part_of_line", 4 * LANES, 2 * K * 128, a, b, new float[rows * columns]));
  }

  private static float[] multiply(float[] a, float[] b, float[] d) {
    return multiply("multiply_fragments", LANES, 0, a, b, d);
  }

  private static float[] multiply(String kernel, int threads, int sharedBytes, float[] a, float[] b, float[] d) {
    try (Session session = new Session(); Arena arena = Arena.ofConfined()) {
      long left = session.upload(halves(arena, a));
      long right = session.upload(halves(arena, b));
      MemorySegment sums = arena.allocateFrom(ValueLayout.JAVA_FLOAT, d);
      long out = session.upload(sums);
      session.launch(kernel, 1, threads, sharedBytes, arena.allocateFrom(ValueLayout.JAVA_LONG, left, right, out));
      session.download(out, sums);
      session.driver.free(left);
      session.driver.free(right);
      session.driver.free(out);
      return sums.toArray(ValueLayout.JAVA_FLOAT);
    }
  }

  private static MemorySegment halves(Arena arena, float[] values) {
    MemorySegment host = arena.allocate(2L * values.length, 2);
    for (int i = 0; i < values.length; i++) {
      host.setAtIndex(ValueLayout.JAVA_SHORT, i, Float.floatToFloat16(values[i]));
    }
    return host;
  }
}
