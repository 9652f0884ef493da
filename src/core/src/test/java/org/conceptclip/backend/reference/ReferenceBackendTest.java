package org.conceptclip.backend.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import org.conceptclip.backend.Execution;
import org.conceptclip.op.Epilogue;
import org.conceptclip.op.HostWorkspace;
import org.conceptclip.op.LinearWeights;
import org.conceptclip.op.Ops;
import org.conceptclip.op.WeightStore;
import org.conceptclip.op.Workspace;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Tensor;
import org.junit.jupiter.api.Test;

/** Ownership: who closes what, what is freed then, and what a use after that says. */
class ReferenceBackendTest {
  private static final HostTensor WEIGHT = HostTensor.of(new float[] {1, 2, 3, 4, 5, 6}, 3, 2);
  private static final HostTensor ROW = HostTensor.of(new double[] {1, 10}, 1, 2);

  @Test
  void everythingClosedIsEverythingFreed() {
    ReferenceBackend backend = new ReferenceBackend();
    WeightStore store = backend.openWeightStore();
    LinearWeights weights = store.linear("w", WEIGHT, HostTensor.of(new double[] {1, 1, 1}, 3));
    assertEquals(6 * 4 + 3 * 8, store.weightBytes());
    Execution execution = backend.openExecution();
    Workspace workspace = execution.workspace();
    Tensor x = workspace.buffer("x", DType.F64, 1, 2);
    Tensor out = workspace.buffer("out", DType.F64, 1, 3);
    workspace.upload(ROW, x);
    execution.ops().linear(x, weights, Epilogue.NONE, out);
    try (Arena arena = Arena.ofConfined()) {
      assertArrayEquals(new double[] {22, 44, 66}, workspace.download(out, arena).toDoubleArray());
    }
    assertEquals(store.weightBytes() + 5 * 8, backend.liveBytes());

    execution.close();
    execution.close();
    assertEquals(store.weightBytes(), backend.liveBytes());
    store.close();
    store.close();
    assertEquals(0, backend.liveBytes());
    backend.close();
    backend.close();
  }

  @Test
  void growingABufferFreesTheOutgrownMemory() {
    try (ReferenceBackend backend = new ReferenceBackend();
        Execution execution = backend.openExecution()) {
      Workspace workspace = execution.workspace();
      Tensor small = workspace.buffer("x", DType.F64, 2, 2);
      Tensor big = workspace.buffer("x", DType.F64, 8, 2);
      assertEquals(16 * 8, backend.liveBytes());
      workspace.buffer("x", DType.F32, 3, 3);
      assertEquals(16 * 8, backend.liveBytes());
      assertTrue(Double.isNaN(HostWorkspace.host(big).getDouble(0)), "a buffer asked for again must not show old content");
      assertThrows(IllegalStateException.class, () -> HostWorkspace.host(small).getDouble(0));
    }
  }

  @Test
  void whatIsClosedCannotBeUsed() {
    ReferenceBackend backend = new ReferenceBackend();
    WeightStore store = backend.openWeightStore();
    LinearWeights weights = store.linear("w", WEIGHT, null);
    Execution ended = backend.openExecution();
    Workspace endedWorkspace = ended.workspace();
    Ops endedOps = ended.ops();
    Tensor endedX = endedWorkspace.buffer("x", DType.F64, 1, 2);
    Tensor endedOut = endedWorkspace.buffer("out", DType.F64, 1, 3);
    ended.close();
    assertThrows(IllegalStateException.class, ended::ops);
    assertThrows(IllegalStateException.class, ended::workspace);
    assertThrows(IllegalStateException.class, () -> endedWorkspace.buffer("x", DType.F64, 1, 2));
    assertThrows(IllegalStateException.class, () -> endedWorkspace.upload(ROW, endedX));
    assertThrows(IllegalStateException.class, () -> endedWorkspace.rows(endedX, 0, 1));
    assertThrows(IllegalStateException.class, () -> endedWorkspace.download(endedX, Arena.ofAuto()));
    assertThrows(IllegalStateException.class, () -> endedOps.linear(endedX, weights, Epilogue.NONE, endedOut));

    try (Execution execution = backend.openExecution()) {
      Tensor x = execution.workspace().buffer("x", DType.F64, 1, 2);
      Tensor out = execution.workspace().buffer("out", DType.F64, 1, 3);
      store.close();
      assertThrows(IllegalStateException.class, () -> execution.ops().linear(x, weights, Epilogue.NONE, out));
      assertThrows(IllegalStateException.class, () -> store.linear("again", WEIGHT, null));
    }
    backend.close();
    assertThrows(IllegalStateException.class, backend::openWeightStore);
    assertThrows(IllegalStateException.class, backend::openExecution);
  }

  @Test
  void closingTheBackendUnderOthersSaysWhatIsOpen() {
    ReferenceBackend backend = new ReferenceBackend();
    WeightStore store = backend.openWeightStore();
    Execution execution = backend.openExecution();
    String message = assertThrows(IllegalStateException.class, backend::close).getMessage();
    assertTrue(message.contains("1 weight stores and 1 executions"), message);
    execution.close();
    store.close();
    backend.close();
  }

  @Test
  void wrongWeightShapesNameBothValues() {
    try (ReferenceBackend backend = new ReferenceBackend();
        WeightStore store = backend.openWeightStore()) {
      HostTensor two = HostTensor.of(new float[2], 2);
      String message =
          assertThrows(IllegalArgumentException.class, () -> store.linear("layer.weight", WEIGHT, two)).getMessage();
      assertTrue(message.contains("layer.weight") && message.contains("[2]") && message.contains("[3]"), message);
      assertThrows(IllegalArgumentException.class, () -> store.linear("w", two, null));
      assertThrows(IllegalArgumentException.class, () -> store.layerNorm("n", two, WEIGHT, 1e-6));
      assertThrows(IllegalArgumentException.class, () -> store.layerNorm("n", two, two, 0));
      assertThrows(IllegalArgumentException.class, () -> store.query("q", WEIGHT));
    }
  }
}
