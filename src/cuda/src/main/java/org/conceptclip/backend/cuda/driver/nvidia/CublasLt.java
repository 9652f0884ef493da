package org.conceptclip.backend.cuda.driver.nvidia;

import static org.bytedeco.cuda.global.cublas.*;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.bytedeco.cuda.cublas.cublasLtContext;
import org.bytedeco.cuda.cublas.cublasLtMatmulAlgo_t;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.javacpp.FloatPointer;
import org.conceptclip.backend.DeviceException.Kind;
import org.conceptclip.backend.cuda.driver.CudaException;
import org.conceptclip.backend.cuda.driver.DeviceProperties;
import org.conceptclip.backend.cuda.driver.MatmulCall;
import org.conceptclip.util.Closer;

/**
 * Matrix products through cuBLASLt: one algorithm per shape, descriptors kept for recurring numbers of rows. Thread-safe;
 * the context must be current.
 */
final class CublasLt implements AutoCloseable {
  /** What NVIDIA recommends for cuBLAS on Hopper; devices before it need less. */
  static final long WORKSPACE_BYTES = 32L << 20;

  /** About 20 shapes times the row counts of a busy text pipeline; a set of descriptors takes less than 1 KiB. */
  private static final int MAX_PLANS = 4096;

  /** What descriptors are made for. */
  private record Geometry(MatmulCall.Shape shape, int rows, long xPitch, long outPitch) {}

  private record Plan(MatmulDescriptors descriptors, long workspaceBytes) {}

  private final CudaStatus status;
  private final cublasLtContext handle;
  private final AlgorithmChoice choice;
  private final AlgorithmCache stored;
  private final Map<MatmulCall.Shape, cublasLtMatmulAlgo_t> algorithms = new HashMap<>();
  private final LinkedHashMap<Geometry, Plan> plans = new LinkedHashMap<>(16, 0.75f, true);
  private final FloatPointer one = new FloatPointer(1).put(1f);
  private final FloatPointer zero = new FloatPointer(1).put(0f);

  /**
   * Starts cuBLASLt.
   *
   * @param cacheFolder where chosen algorithms are kept, if anywhere
   * @param notices gets a line when they cannot be
   */
  CublasLt(CudaStatus cuda, DeviceProperties device, Optional<Path> cacheFolder, Consumer<String> notices) {
    status = cuda;
    handle = new cublasLtContext();
    status.checkCublas("cublasLtCreate", cublasLtCreate(handle));
    choice = new AlgorithmChoice(status, handle, WORKSPACE_BYTES);
    stored = new AlgorithmCache(cacheFolder,
        device.name() + " sm_" + device.capability() + " cublasLt " + cublasLtGetVersion() + " driver " + device.driverVersion(),
        notices);
  }

  /** Name and version of the library: {@code cuBLASLt 130100}. */
  static String version() {
    return "cuBLASLt " + cublasLtGetVersion();
  }

  /** Queues a product; the workspace is {@link #WORKSPACE_BYTES} of device memory that no other stream uses. */
  synchronized void matmul(MatmulCall product, CUstream_st stream, long workspace) {
    MatmulCall.Shape shape = product.shape();
    cublasLtMatmulAlgo_t algorithm = algorithms.computeIfAbsent(shape, this::algorithm);
    Plan plan = plan(new Geometry(shape, product.rows(), product.xPitch(), product.outPitch()), algorithm);
    MatmulDescriptors descriptors = plan.descriptors();
    if (shape.hasBias()) {
      descriptors.setBias(product.bias());
    }
    RawPointer out = new RawPointer(product.out());
    status.checkCublas("cublasLtMatmul",
        cublasLtMatmul(handle, descriptors.operation,
            one, new RawPointer(product.weight()), descriptors.weight, new RawPointer(product.x()), descriptors.x,
            shape.accumulate() ? one : zero, out, descriptors.out, out, descriptors.out,
            algorithm, new RawPointer(workspace), plan.workspaceBytes(), stream),
        () -> product.rows() + " rows, " + shape);
  }

  private cublasLtMatmulAlgo_t algorithm(MatmulCall.Shape shape) {
    cublasLtMatmulAlgo_t algorithm = new cublasLtMatmulAlgo_t();
    long[] known = stored.get(shape).orElse(null);
    if (known != null) {
      write(known, algorithm);
      if (choice.acceptable(shape, algorithm)) {
        return algorithm;
      }
    }
    long[] chosen = choice.choose(shape);
    write(chosen, algorithm);
    stored.put(shape, chosen);
    return algorithm;
  }

  private static void write(long[] numbers, cublasLtMatmulAlgo_t algorithm) {
    for (int i = 0; i < numbers.length; i++) {
      algorithm.data(i, numbers[i]);
    }
  }

  private Plan plan(Geometry geometry, cublasLtMatmulAlgo_t algorithm) {
    Plan plan = plans.computeIfAbsent(geometry, key -> newPlan(key, algorithm));
    if (plans.size() > MAX_PLANS) {
      plans.pollFirstEntry().getValue().descriptors().close();
    }
    return plan;
  }

  private Plan newPlan(Geometry geometry, cublasLtMatmulAlgo_t algorithm) {
    MatmulDescriptors descriptors =
        new MatmulDescriptors(status, geometry.shape(), geometry.rows(), geometry.xPitch(), geometry.outPitch());
    try {
      long workspaceBytes = choice.workspace(descriptors, algorithm).orElseThrow(() -> new CudaException(Kind.FAILED,
          "cublasLtMatmulAlgoCheck", "CUBLAS_STATUS_NOT_SUPPORTED", "the algorithm of the shape cannot compute " + geometry));
      return new Plan(descriptors, workspaceBytes);
    } catch (RuntimeException e) {
      descriptors.close();
      throw e;
    }
  }

  @Override
  public synchronized void close() {
    try (Closer owned = new Closer()) {
      owned.own(handle, () -> status.releaseCublas("cublasLtDestroy", cublasLtDestroy(handle)));
      owned.own(one);
      owned.own(zero);
      algorithms.values().forEach(owned::own);
      plans.values().forEach(plan -> owned.own(plan.descriptors()));
      algorithms.clear();
      plans.clear();
    }
  }
}
