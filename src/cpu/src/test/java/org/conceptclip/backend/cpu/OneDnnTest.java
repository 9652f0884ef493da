package org.conceptclip.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.conceptclip.tensor.DType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Native objects of what could not be built to its end. */
class OneDnnTest {
  private final OneDnn dnn = new OneDnn();
  private final long before = dnn.liveObjects();

  @AfterEach
  void closeEngine() {
    dnn.close();
    assertEquals(0, dnn.liveObjects());
  }

  @Test
  void aProductThatOneDnnRefusesLeavesNothing() {
    long a = dnn.matrix(DType.F32, 2, 3, 3);
    long b = dnn.matrix(DType.F32, 4, 5, 5); // 3 columns against 4 rows
    OneDnn.PostOps postOps = new OneDnn.PostOps(true, 2, true);
    assertThrows(IllegalStateException.class, () -> dnn.matmul(a, b, 0, a, postOps, "unlike"));
    assertEquals(before + 2, dnn.liveObjects());
    dnn.destroyDescriptor(a);
    dnn.destroyDescriptor(b);
  }

  @Test
  void aKernelThatCannotBeCompiledLeavesNothing() {
    try (Kernels kernels = new Kernels(dnn)) {
      assertThrows(IllegalStateException.class, () -> kernels.get("unlike", key -> {
        long a = dnn.matrix(DType.F32, 2, 3, 3);
        long b = dnn.copyOfDescriptor(kernels.weightLayout(4, 5, DType.F32));
        long out = dnn.strided(DType.F32, new long[] {2, 5}, new long[] {5, 1});
        return kernels.compiled(key, dnn.matmul(a, b, 0, out, OneDnn.PostOps.NONE, key), new int[] {Dnnl.SRC}, a, b, out);
      }));
      assertEquals(before + 1, dnn.liveObjects(), "the layout of the weights is the others' too");
      assertEquals(0, kernels.count());
    }
    assertEquals(before, dnn.liveObjects());
  }

  @Test
  void aKernelThatCannotBeBoundToMemoryLeavesNothing() {
    try (Kernels kernels = new Kernels(dnn); WorkerContext worker = new WorkerContext(dnn)) {
      Kernel whole = kernels.cast(new Kernels.Cast(8, DType.F32, DType.BF16));
      long undecided = dnn.anyLayout(DType.F32, 2, 2);
      Kernel broken = new Kernel(dnn, 7, "undecided", whole.desc(), whole.primitive(), whole.arguments(),
          new long[] {whole.layout(0), undecided}, 0);
      long alive = dnn.liveObjects();
      assertThrows(IllegalStateException.class, () -> worker.bind(broken));
      assertEquals(alive, dnn.liveObjects());
      dnn.destroyDescriptor(undecided);
    }
    assertEquals(before, dnn.liveObjects());
  }
}
