package org.conceptclip.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.conceptclip.backend.BackendUnavailableException;
import org.conceptclip.backend.Execution;
import org.conceptclip.backend.Precision;
import org.conceptclip.op.Epilogue;
import org.conceptclip.op.LinearWeights;
import org.conceptclip.op.Sequences;
import org.conceptclip.op.WeightStore;
import org.conceptclip.op.Workspace;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the contract suite does not reach: shapes that fill several chunks and slices, threads, ownership, refusals. */
class CpuBackendTest {
  private static final int INPUTS = 1152;
  private static final int OUTPUTS = 848; // three slices, the last one short
  private static final int MOST_ROWS = 2916;

  @ParameterizedTest
  @EnumSource(names = {"FP32", "BF16", "BF16_WEIGHTS"})
  void rowsOfALinearDoNotDependOnHowManyThereAre(Precision precision) {
    assumeTrue(precision != Precision.BF16 || CpuBackend.computesBf16(), "this CPU has no bf16 arithmetic");
    try (CpuBackend backend = new CpuBackend(precision, 2);
        WeightStore store = backend.openWeightStore()) {
      LinearWeights weights = store.linear("w", random(1, OUTPUTS, INPUTS), random(2, 1, OUTPUTS).reshape(OUTPUTS));
      HostTensor x = random(3, MOST_ROWS, INPUTS);
      for (Epilogue epilogue : Epilogue.values()) {
        float[] all = linear(backend, weights, epilogue, x, 0, MOST_ROWS);
        int[] counts = IntStream.concat(IntStream.rangeClosed(1, 33), IntStream.of(63, 64, 65, 192, 208, 729, 1000)).toArray();
        for (int rows : counts) {
          int first = (rows * 37) % (MOST_ROWS - rows);
          float[] some = linear(backend, weights, epilogue, x, first, rows);
          float[] expected = Arrays.copyOfRange(all, first * OUTPUTS, (first + rows) * OUTPUTS);
          assertArrayEquals(expected, some, precision + " " + epilogue + ", " + rows + " rows from " + first);
        }
      }
    }
  }

  @Test
  void aSequenceAttendsAlikeAloneAndPackedAndPadded() {
    int[] lengths = {1, 2, 7, 8, 77, 128, 129, 300};
    int heads = 4;
    int width = 4 * 72;
    HostTensor qkv = random(4, Arrays.stream(lengths).sum(), 3 * width);
    try (CpuBackend backend = new CpuBackend(Precision.FP32, 2)) {
      float[] packed = attention(backend, qkv, Sequences.packed(lengths), heads);
      int start = 0;
      for (int length : lengths) {
        float[] expected = Arrays.copyOfRange(packed, start * width, (start + length) * width);
        float[] alone = attention(backend, qkv.rows(start, length), Sequences.uniform(1, length), heads);
        assertArrayEquals(expected, alone, "length " + length);
        int rows = Math.min(length + 5, (int) qkv.rows() - start);
        float[] padded = attention(backend, qkv.rows(start, rows), Sequences.dense(rows, length), heads);
        assertArrayEquals(expected, Arrays.copyOf(padded, expected.length), "length " + length + " padded to " + rows);
        start += length;
      }
    }
  }

  @Test
  void callersSideBySideGetWhatTheyWouldAlone() {
    HostTensor x = random(5, 400, INPUTS);
    try (CpuBackend backend = new CpuBackend(Precision.FP32, 3);
        WeightStore store = backend.openWeightStore()) {
      LinearWeights weights = store.linear("w", random(6, OUTPUTS, INPUTS), null);
      float[] expected = linear(backend, weights, Epilogue.GELU, x, 0, 400);
      CompletableFuture<?>[] callers = new CompletableFuture<?>[4];
      for (int c = 0; c < callers.length; c++) {
        callers[c] = CompletableFuture.runAsync(() -> {
          for (int round = 0; round < 20; round++) {
            assertArrayEquals(expected, linear(backend, weights, Epilogue.GELU, x, 0, 400));
          }
        });
      }
      CompletableFuture.allOf(callers).join();
    }
  }

  @Test
  void closingFreesEveryNativeObject() {
    CpuBackend backend = new CpuBackend(Precision.FP32, 2);
    WeightStore store = backend.openWeightStore();
    LinearWeights weights = store.linear("w", random(7, OUTPUTS, INPUTS), null);
    assertTrue(store.weightBytes() >= 4L * OUTPUTS * INPUTS);
    linear(backend, weights, Epilogue.NONE, random(8, 50, INPUTS), 0, 50);
    int kernels = backend.compiledKernels();
    linear(backend, weights, Epilogue.NONE, random(8, 50, INPUTS), 0, 50);
    assertEquals(kernels, backend.compiledKernels(), "the second call must find its kernels");
    assertTrue(backend.liveNativeObjects() > 0);
    assertThrows(IllegalStateException.class, backend::close, "store are open");
    store.close();
    assertEquals(0, store.weightBytes());
    backend.close();
    assertEquals(0, backend.liveNativeObjects());
  }

  @Test
  void bf16WeightsTakeHalfTheMemory() {
    try (CpuBackend full = new CpuBackend(Precision.FP32, 1);
        CpuBackend half = new CpuBackend(Precision.BF16_WEIGHTS, 1);
        WeightStore fullWeights = full.openWeightStore();
        WeightStore halfWeights = half.openWeightStore()) {
      fullWeights.linear("w", random(9, 1152, 1152), null);
      halfWeights.linear("w", random(9, 1152, 1152), null);
      assertEquals(0.5, (double) halfWeights.weightBytes() / fullWeights.weightBytes(), 0.05);
    }
  }

  @Test
  void autoSaysWhatItTookAndWhy() {
    try (CpuBackend backend = new CpuBackend(Precision.AUTO, 1)) {
      assertTrue(backend.precision() == Precision.FP32 || backend.precision() == Precision.BF16);
      assertTrue(backend.description().contains("(auto: "), backend.description());
    }
  }

  @Test
  void refusesPrecisionsThatItDoesNotComputeIn() {
    BackendUnavailableException refused =
        assertThrows(BackendUnavailableException.class, () -> new CpuBackend(Precision.FP64, 1));
    assertTrue(refused.getMessage().contains("fp64"), refused.getMessage());
  }

  private static float[] linear(
      CpuBackend backend, LinearWeights weights, Epilogue epilogue, HostTensor x, int first, int rows) {
    try (Execution execution = backend.openExecution();
        Arena arena = Arena.ofConfined()) {
      Workspace workspace = execution.workspace();
      Tensor in = workspace.buffer("x", workspace.activationType(), rows, x.columns());
      Tensor out = workspace.buffer("out", DType.F32, rows, weights.outputs());
      workspace.upload(x.rows(first, rows), in);
      workspace.upload(HostTensor.allocate(arena, DType.F32, rows, weights.outputs()), out);
      execution.ops().linear(in, weights, epilogue, out);
      return workspace.download(out, arena).toFloatArray();
    }
  }

  private static float[] attention(CpuBackend backend, HostTensor qkv, Sequences sequences, int heads) {
    try (Execution execution = backend.openExecution();
        Arena arena = Arena.ofConfined()) {
      Workspace workspace = execution.workspace();
      Tensor in = workspace.buffer("qkv", DType.F32, qkv.rows(), qkv.columns());
      Tensor out = workspace.buffer("out", DType.F32, qkv.rows(), qkv.columns() / 3);
      workspace.upload(qkv, in);
      execution.ops().attention(in, sequences, heads, out);
      return workspace.download(out, arena).toFloatArray();
    }
  }

  private static HostTensor random(long seed, int rows, int columns) {
    Random random = new Random(seed);
    float[] values = new float[rows * columns];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextFloat() - 0.5f;
    }
    return HostTensor.of(values, rows, columns);
  }
}
