package org.conceptclip.backend.cuda.driver.nvidia;

import static org.conceptclip.backend.cuda.driver.CudaDriverContract.failure;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import org.conceptclip.backend.BackendUnavailableException;
import org.conceptclip.backend.DeviceException.Kind;
import org.conceptclip.backend.cuda.driver.CudaDriver;
import org.conceptclip.backend.cuda.driver.CudaException;
import org.conceptclip.backend.cuda.driver.KernelLaunch;
import org.conceptclip.backend.cuda.driver.MatmulCall;
import org.conceptclip.backend.cuda.driver.TensorMap;
import org.conceptclip.backend.cuda.driver.TestDevice;
import org.conceptclip.backend.cuda.driver.nvidia.FakeCudaChild.Lab;

/** Every call of CUDA and cuBLASLt fails once, in turn, while a driver does a bit of everything. */
final class FakeCudaFailures {
  private static final int OUT_OF_MEMORY = 2;
  private static final int INVALID_VALUE = 1;
  private static final int LAUNCH_FAILED = 719;
  private static final int CUBLAS_ALLOC_FAILED = 3;
  private static final int CUBLAS_EXECUTION_FAILED = 13;

  /** Calls that opening makes: whatever fails, the backend cannot start. */
  private static final List<String> OPENING_CALLS = List.of("cuDriverGetVersion", "cuInit", "cuDeviceGetCount", "cuDeviceGet",
      "cuDeviceGetName", "cuDeviceTotalMem_v2", "cuDeviceGetAttribute", "cuDevicePrimaryCtxRetain");

  /** Calls that fail in cases of their own, here or in {@link FakeCudaCases}. */
  private static final List<String> OTHER_CALLS =
      List.of("cuCtxSetCurrent", "cuGetErrorName", "cuGraphDestroy", "cuMemGetInfo_v2", "cuTensorMapEncodeTiled");

  /** Calls that the work makes. Releases are apart: they fail when there is no more work. */
  private static final List<String> CUDA_CALLS = List.of("cuCtxGetCurrent", "cuMemAlloc_v2", "cuMemHostAlloc",
      "cuStreamCreate", "cuEventCreate", "cuEventRecord", "cuStreamWaitEvent", "cuMemcpyHtoDAsync_v2", "cuMemcpyDtoHAsync_v2",
      "cuMemsetD8Async", "cuModuleLoadDataEx", "cuModuleGetFunction",
      "cuFuncSetAttribute", "cuLaunchKernel", "cuStreamBeginCapture_v2", "cuStreamEndCapture", "cuGraphInstantiateWithFlags",
      "cuGraphLaunch", "cuStreamSynchronize");

  private static final List<String> ALLOCATING_CALLS = List.of("cuMemAlloc_v2", "cuMemHostAlloc", "cuStreamCreate",
      "cuEventCreate", "cuModuleLoadDataEx", "cuLaunchKernel", "cuGraphInstantiateWithFlags", "cuGraphLaunch");

  private static final List<String> CUBLAS_CALLS = List.of("cublasLtCreate", "cublasLtMatmulDescCreate", "cublasLtMatmulDescSetAttribute",
      "cublasLtMatrixLayoutCreate", "cublasLtMatmulPreferenceCreate", "cublasLtMatmulPreferenceSetAttribute",
      "cublasLtMatmulAlgoGetHeuristic", "cublasLtMatmulAlgoConfigGetAttribute", "cublasLtMatmul");

  private static final List<String> RELEASES = List.of("cuMemFree_v2", "cuMemFreeHost", "cuStreamDestroy_v2", "cuEventDestroy_v2",
      "cuGraphExecDestroy", "cuModuleUnload",
      "cublasLtMatmulDescDestroy", "cublasLtMatrixLayoutDestroy", "cublasLtDestroy", "cuDevicePrimaryCtxRelease_v2");

  private FakeCudaFailures() {}

  static Map<String, Consumer<Lab>> cases() {
    Map<String, Consumer<Lab>> cases = new LinkedHashMap<>();
    cases.put("no function of the driver is left out", lab -> everyFunction());
    for (String call : OPENING_CALLS) {
      cases.put("a failure at each " + call, lab -> opening(lab, call));
    }
    cases.put("a failure at cuCtxSetCurrent on a new thread", FakeCudaFailures::newThread);
    cases.put("a failure at cuTensorMapEncodeTiled", FakeCudaFailures::tensorMap);
    for (String call : ALLOCATING_CALLS) {
      cases.put("no memory at each " + call, lab -> sweep(lab, call, OUT_OF_MEMORY, Kind.MEMORY));
    }
    for (String call : CUDA_CALLS) {
      cases.put("a failure at each " + call, lab -> sweep(lab, call, INVALID_VALUE, Kind.FAILED));
      cases.put("the device is lost at each " + call, lab -> sweep(lab, call, LAUNCH_FAILED, Kind.LOST));
    }
    for (String call : CUBLAS_CALLS) {
      cases.put("no memory at each " + call, lab -> sweep(lab, call, CUBLAS_ALLOC_FAILED, Kind.MEMORY));
      cases.put("a failure at each " + call, lab -> sweep(lab, call, CUBLAS_EXECUTION_FAILED, Kind.FAILED));
    }
    cases.put("a lost device behind a failure of cuBLAS", FakeCudaFailures::lostBehindCublas);
    // From here on something stays alive on the fake device, which a loss would take along.
    cases.put("a failing cuGraphDestroy loses no other graph", FakeCudaFailures::capturedGraph);
    for (String call : RELEASES) {
      cases.put("a failing " + call + " keeps nothing else from going", lab -> failingRelease(lab, call));
    }
    return cases;
  }

  private static void everyFunction() {
    Set<String> failing = new TreeSet<>();
    List.of(OPENING_CALLS, OTHER_CALLS, CUDA_CALLS, RELEASES).forEach(failing::addAll);
    failing.removeIf(call -> call.startsWith("cublas"));
    assertEquals(DriverApi.load().types().keySet(), failing);
  }

  private static void opening(Lab lab, String call) {
    String name = call.replaceFirst("_v2$", "");
    int failures = 0;
    for (int nth = 1; ; nth++) {
      lab.fakes.fail(call, nth, INVALID_VALUE);
      int before = lab.fakes.living();
      try (CudaDriver _ = lab.open()) {
        break;
      } catch (BackendUnavailableException e) {
        assertTrue(e.getMessage().startsWith("CUDA: " + name) && e.getMessage().endsWith(": CUDA_ERROR_INVALID_VALUE"), e.getMessage());
        assertEquals(before, lab.fakes.living(), "native objects left");
      }
      failures++;
    }
    assertTrue(failures > 0, call + " was never called");
  }

  /** The thread that opens has the context already; others make it current first. */
  private static void newThread(Lab lab) {
    try (CudaDriver driver = lab.open()) {
      for (Kind kind : List.of(Kind.FAILED, Kind.LOST)) {
        lab.fakes.fail("cuCtxSetCurrent", 1, kind == Kind.LOST ? LAUNCH_FAILED : INVALID_VALUE);
        CompletionException failure = assertThrows(CompletionException.class,
            () -> CompletableFuture.runAsync(driver::createStream, task -> new Thread(task).start()).join());
        CudaException told = (CudaException) failure.getCause();
        assertEquals(kind, told.kind(), told.getMessage());
        assertTrue(told.getMessage().startsWith("cuCtxSetCurrent: "), told.getMessage());
      }
      assertEquals(0, driver.liveObjects());
      String later = failure(Kind.LOST, driver::createStream);
      assertTrue(later.contains("lost earlier: cuCtxSetCurrent"), later);
    }
  }

  private static void tensorMap(Lab lab) {
    lab.fakes.configure("capability", 90);
    try (CudaDriver driver = lab.open(); TestDevice device = new TestDevice(driver)) {
      TensorMap map = new TensorMap(device.block(128), new long[] {8, 8}, new long[] {16}, new int[] {8, 1}, TensorMap.Swizzle.NONE);
      lab.fakes.fail("cuTensorMapEncodeTiled", 1, INVALID_VALUE);
      String message = failure(Kind.FAILED, () -> driver.encodeTensorMap(map));
      assertTrue(message.startsWith("cuTensorMapEncodeTiled: CUDA_ERROR_INVALID_VALUE (extents [8, 8]"), message);
      driver.encodeTensorMap(map);
      lab.fakes.fail("cuTensorMapEncodeTiled", 1, LAUNCH_FAILED);
      failure(Kind.LOST, () -> driver.encodeTensorMap(map));
    }
  }

  private static void capturedGraph(Lab lab) {
    try (CudaDriver driver = lab.open(); TestDevice device = new TestDevice(driver)) {
      int before = lab.fakes.living();
      driver.beginCapture(device.stream);
      lab.fakes.fail("cuGraphDestroy", 1, INVALID_VALUE);
      String message = failure(Kind.FAILED, () -> driver.endCapture(device.stream));
      assertTrue(message.startsWith("cuGraphDestroy: "), message);
      // What failed to go is all that is left: nobody has a handle of the executable graph.
      assertEquals(1, lab.fakes.living() - before, "native objects left");
      lab.fakes.count(-1);
      assertEquals(1, driver.liveObjects(), "the stream");
    }
  }

  /** Fails the first, the second, ... call of a function until there is none left to fail. */
  private static void sweep(Lab lab, String call, int status, Kind kind) {
    int failures = 0;
    for (int nth = 1; ; nth++) {
      lab.fakes.reset();
      lab.fakes.fail(call, nth, status);
      int before = lab.fakes.living();
      String message = failureOfWork(lab, kind);
      assertEquals(before, lab.fakes.living(), "native objects left after call " + nth + ": " + message);
      if (message == null) {
        break;
      }
      failures++;
    }
    assertTrue(failures > 0, call + " was never called");
  }

  /** Opens, works, closes; the message of the failure, or null. */
  private static String failureOfWork(Lab lab, Kind kind) {
    CudaDriver driver;
    try {
      driver = lab.open();
    } catch (BackendUnavailableException e) {
      return e.getMessage();
    }
    String message = null;
    try {
      work(driver);
    } catch (CudaException e) {
      assertEquals(kind, e.kind(), e.getMessage());
      message = e.getMessage();
      if (kind != Kind.LOST) {
        // Whatever it was, the next one gets through.
        work(driver);
      }
    }
    try {
      driver.close();
    } catch (CudaException e) {
      // Only a call that closing makes too, and that was still to fail.
      assertEquals(kind, e.kind(), e.getMessage());
      message = e.getMessage();
    }
    return message;
  }

  private static void work(CudaDriver driver) {
    try (TestDevice device = new TestDevice(driver)) {
      MemorySegment pinned = driver.allocatePinned(256);
      long event = driver.createEvent();
      try {
        long row = device.floats(new float[64]);
        driver.fill(row, (byte) 0, 256, device.stream);
        driver.record(event, device.stream);
        driver.await(device.stream, event);
        KernelLaunch plain = device.layerNorm(row, row, row, device.block(128), 64);
        driver.beginCapture(device.stream);
        long graph = capture(driver, device, plain);
        try {
          driver.launchGraph(graph, device.stream);
        } finally {
          driver.destroyGraph(graph);
        }
        driver.copyToHost(pinned, row, device.stream);
        driver.synchronize(device.stream);
      } finally {
        driver.destroyEvent(event);
        driver.freePinned(pinned);
      }
    }
  }

  private static long capture(CudaDriver driver, TestDevice device, KernelLaunch plain) {
    RuntimeException failure = null;
    try {
      long matrix = device.block(128);
      driver.launch(new KernelLaunch(plain.kernel(), 1, 1, 128, 64 << 10, plain.arguments()), device.stream);
      driver.matmul(new MatmulCall(new MatmulCall.Shape(8, 8, true, true, false), 1, matrix, 8, matrix, matrix,
          device.block(32), 8), device.stream);
    } catch (RuntimeException e) {
      failure = e;
    }
    // A capture ends however it went.
    try {
      long graph = driver.endCapture(device.stream);
      if (failure == null) {
        return graph;
      }
      driver.destroyGraph(graph);
    } catch (CudaException e) {
      if (failure == null) {
        throw e;
      }
      failure.addSuppressed(e);
    }
    throw failure;
  }

  private static void lostBehindCublas(Lab lab) {
    try (CudaDriver driver = lab.open()) {
      lab.fakes.fail("cublasLtMatmul", 1, CUBLAS_EXECUTION_FAILED);
      lab.fakes.fail("cuMemGetInfo_v2", 1, LAUNCH_FAILED);
      CudaException failure = assertThrows(CudaException.class, () -> work(driver));
      assertEquals(Kind.LOST, failure.kind(), failure.getMessage());
      assertTrue(failure.getMessage().contains("after cublasLtMatmul: CUBLAS_STATUS_EXECUTION_FAILED"), failure.getMessage());
    }
  }

  private static void failingRelease(Lab lab, String call) {
    int before = lab.fakes.living();
    CudaDriver driver = lab.open();
    work(driver);
    try (TestDevice device = new TestDevice(driver)) {
      // A second module, and a second set of descriptors: there is something left to release behind the first.
      driver.launch(device.l2Normalize(device.floats(new float[64]), 64), device.stream);
      long matrix = device.block(256);
      driver.matmul(new MatmulCall(new MatmulCall.Shape(8, 8, false, true, false), 2, matrix, 8, matrix, 0, device.block(64), 8),
          device.stream);
    }
    driver.createEvent();
    driver.allocatePinned(1);
    long stream = driver.createStream();
    driver.allocate(1);
    driver.beginCapture(stream);
    driver.endCapture(stream);
    lab.fakes.fail(call, 1, INVALID_VALUE);
    CudaException failure = assertThrows(CudaException.class, driver::close);
    String name = call.replaceFirst("_v2$", "");
    assertTrue(failure.getMessage().startsWith(name), failure.getMessage());
    // What failed to go is all that is left.
    assertEquals(1, lab.fakes.living() - before, "native objects left");
    lab.fakes.count(-1);
  }
}
