package org.conceptclip.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.conceptclip.backend.BackendUnavailableException;
import org.conceptclip.backend.Execution;
import org.conceptclip.backend.OnEmulator;
import org.conceptclip.op.Epilogue;
import org.conceptclip.op.LinearWeights;
import org.conceptclip.op.NormWeights;
import org.conceptclip.op.WeightStore;
import org.conceptclip.op.Workspace;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoder;
import org.conceptclip.runtime.NonFiniteResultException;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What the CUDA backend rejects, reports and releases. */
@OnEmulator
class CudaBackendTest {
  private final CudaBackend backend = new CudaBackend("test", SmallModel.device(), CudaOptions.defaults().withCheckRange(true));

  @AfterEach
  void close() {
    backend.close();
  }

  @Test
  void weightsBeyondFloat16AreRefusedByName() {
    try (WeightStore store = backend.openWeightStore()) {
      HostTensor weight = HostTensor.of(new float[] {1, 2, 65504, -65519, 65520, 0}, 2, 3);
      BadInputException refused = assertThrows(BadInputException.class, () -> store.linear("some.weight", weight, null));
      assertTrue(refused.getMessage().startsWith("some.weight: element 4 is 65520.0, "), refused.getMessage());
      HostTensor nan = HostTensor.of(new float[] {Float.NaN}, 1, 1);
      assertTrue(assertThrows(BadInputException.class, () -> store.linear("a", nan, null)).getMessage().contains("NaN"));
      HostTensor bias = HostTensor.of(new float[] {1e6f}, 1);
      assertTrue(assertThrows(BadInputException.class, () -> store.linear("b", HostTensor.of(new float[1], 1, 1), bias))
          .getMessage().startsWith("b (bias): element 0 is 1000000.0"));
    }
  }

  @Test
  void otherHeadWidthsAreRefusedAtLoad() {
    String message =
        assertThrows(BackendUnavailableException.class, () -> backend.requireHeadWidth(80)).getMessage();
    assertTrue(message.contains("80 wide") && message.contains("[24, 64, 72]"), message);
  }

  @Test
  void overlappingOutputsAreRefused() {
    try (WeightStore store = backend.openWeightStore(); Execution execution = backend.openExecution()) {
      NormWeights norm = store.layerNorm("n", HostTensor.of(new float[8], 8), HostTensor.of(new float[8], 8), 1e-6);
      Workspace workspace = execution.workspace();
      Tensor x = workspace.buffer("x", DType.F16, 4, 8);
      Tensor overlapping = workspace.rows(x, 1, 2);
      Tensor y = workspace.buffer("y", DType.F16, 2, 8);
      Tensor first = workspace.rows(x, 0, 2);
      assertThrows(IllegalArgumentException.class, () -> execution.ops().layerNorm(first, norm, overlapping));
      assertThrows(IllegalArgumentException.class, () -> execution.ops().addNorm(first, overlapping, norm, y));
      // The same rows under another object are in place, as the contract allows.
      execution.ops().addNorm(first, y, norm, workspace.rows(x, 0, 2));
      execution.ops().layerNorm(first, norm, workspace.rows(x, 2, 2));
    }
  }

  @Test
  void rangesAreThoseOfTheSums() {
    try (WeightStore store = backend.openWeightStore()) {
      NormWeights norm = store.layerNorm("some.norm", HostTensor.of(new float[8], 8), HostTensor.of(new float[8], 8), 1e-6);
      for (float largest : new float[] {5, -70000, 3}) {
        try (Execution execution = backend.openExecution()) {
          Workspace workspace = execution.workspace();
          Tensor x = workspace.buffer("x", DType.F32, 1, 8);
          Tensor y = workspace.buffer("y", DType.F16, 1, 8);
          Tensor out = workspace.buffer("out", DType.F16, 1, 8);
          workspace.upload(HostTensor.of(new float[] {0, largest, 1, 2, 0, 0, 0, 0}, 1, 8), x);
          workspace.upload(HostTensor.of(new float[] {0, 2, 0, 0, 0, 0, 0, 0}, 1, 8), y);
          execution.ops().addNorm(x, y, norm, out);
        }
      }
    }
    assertEquals(Map.of("some.norm", 69998f), backend.residualRanges());
  }

  @Test
  void overflowSaysWhereItBegan() {
    try (Encoder encoder = SmallModel.load(backend, notice -> {})) {
      HostTensor pixels = HostTensor.allocate(Arena.ofAuto(), DType.F32, 1, 3, 14, 14);
      for (int i = 0; i < pixels.shape().elements(); i++) {
        pixels.set(i, 3e38);
      }
      String message = assertThrows(
          NonFiniteResultException.class, () -> encoder.encodeImages(pixels, Detail.FEATURES)).getMessage();
      assertTrue(message.contains("in front of visual.trunk.blocks.0.norm2.weight"), message);
    }
  }

  @Test
  void lanesAreSharedByCallersAtTheSameTime() throws InterruptedException {
    HostTensor images = SmallModel.images(2);
    try (Encoder encoder = SmallModel.load(backend, notice -> {})) {
      float[] expected = encoder.encodeImages(images, Detail.FEATURES).features().toFloatArray();
      List<Thread> threads = new ArrayList<>();
      List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
      for (int t = 0; t < 4; t++) {
        Thread thread = Thread.ofPlatform().uncaughtExceptionHandler((who, failure) -> failures.add(failure)).start(() -> {
          for (int i = 0; i < 5; i++) {
            assertArrayEquals(
                expected, encoder.encodeImages(images, Detail.FEATURES).features().toFloatArray());
          }
        });
        threads.add(thread);
      }
      for (Thread thread : threads) {
        thread.join();
      }
      assertEquals(List.of(), failures);
    }
  }

  @Test
  void closingWithSomethingOpenIsRefused() {
    CudaBackend other = new CudaBackend("test", SmallModel.device(), CudaOptions.defaults());
    Execution execution = other.openExecution();
    assertTrue(assertThrows(IllegalStateException.class, other::close).getMessage().contains("1 executions open"));
    execution.close();
    assertThrows(IllegalStateException.class, execution::ops);
    other.close();
    other.close();
    assertThrows(IllegalStateException.class, other::openExecution);
  }

  @Test
  void paddingBehindColumnsIsZero() {
    try (WeightStore store = backend.openWeightStore(); Execution execution = backend.openExecution(); Arena arena = Arena.ofConfined()) {
      // Ten inputs and three outputs: what is multiplied is 16 and 8.
      float[] ones = new float[30];
      Arrays.fill(ones, 1);
      LinearWeights linear = store.linear("l", HostTensor.of(ones, 3, 10), null);
      Workspace workspace = execution.workspace();
      Tensor wide = workspace.buffer("x", DType.F16, 2, 16);
      workspace.upload(HostTensor.of(filled(32, Float.NaN), 2, 16), wide);
      Tensor x = workspace.buffer("x", DType.F16, 2, 10);
      workspace.upload(HostTensor.of(filled(20, 1), 2, 10), x);
      Tensor out = workspace.buffer("out", DType.F32, 2, 3);
      execution.ops().linear(x, linear, Epilogue.NONE, out);
      for (float sum : workspace.download(out, arena).toFloatArray()) {
        assertEquals(10, sum);
      }
    }
  }

  private static float[] filled(int count, float value) {
    float[] values = new float[count];
    Arrays.fill(values, value);
    return values;
  }
}
