package org.conceptclip.backend.cuda.driver.nvidia;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.abort;

import java.util.Optional;
import java.util.Random;
import jcuda.Pointer;
import jcuda.Sizeof;
import jcuda.cudaDataType;
import jcuda.jcublas.JCublas2;
import jcuda.jcublas.cublasComputeType;
import jcuda.jcublas.cublasGemmAlgo;
import jcuda.jcublas.cublasHandle;
import jcuda.jcublas.cublasOperation;
import jcuda.runtime.JCuda;
import jcuda.runtime.cudaMemcpyKind;
import org.conceptclip.backend.BackendUnavailableException;
import org.conceptclip.backend.cuda.driver.CudaDriver;
import org.conceptclip.backend.cuda.driver.MatmulCall;
import org.conceptclip.backend.cuda.driver.TestDevice;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Our products through cuBLASLt against {@code cublasGemmEx} through another binding, on a real GPU with CUDA 12: two ways to
 * describe row-major matrices to a library that counts columns first.
 */
class JcublasComparisonTest {
  /** The products of a block of each tower, and odd numbers of rows. */
  @ParameterizedTest
  @CsvSource({"1, 1152, 1152", "729, 1152, 3456", "729, 1152, 4304", "729, 4304, 1152", "77, 768, 2304", "13, 3072, 768"})
  void sameProductAsCublasGemmEx(int rows, int inputs, int outputs) {
    Random random = new Random(rows);
    float[] x = gaussian(random, rows * inputs);
    float[] weight = gaussian(random, outputs * inputs);
    float[] ours;
    try (CudaDriver driver = open(); TestDevice device = new TestDevice(driver)) {
      MatmulCall.Shape shape = new MatmulCall.Shape(inputs, outputs, false, true, false);
      long out = device.block(4L * rows * outputs);
      driver.matmul(
          new MatmulCall(shape, rows, device.halves(x), inputs, device.halves(weight), 0, out, outputs), device.stream);
      ours = device.readFloats(out, rows * outputs);
    }
    float[] theirs = gemmEx(x, weight, rows, inputs, outputs);
    for (int row = 0; row < rows; row++) {
      for (int output = 0; output < outputs; output++) {
        int i = row * outputs + output;
        assertEquals(theirs[i], ours[i], limit(x, row * inputs, weight, output * inputs, inputs), "row " + row + ", output " + output);
      }
    }
  }

  private static CudaDriver open() {
    try {
      return NvidiaCudaDriver.open(0, Optional.empty(), System.err::println);
    } catch (BackendUnavailableException e) {
      return abort("no GPU with CUDA 12: " + e.getMessage());
    }
  }

  /** Two orders of float32 sums are apart by at most 2 n u times the sum of the terms' sizes (Higham, 2002, section 3.1). */
  private static double limit(float[] a, int fromA, float[] b, int fromB, int count) {
    double sizes = 0;
    for (int i = 0; i < count; i++) {
      sizes += Math.abs((double) a[fromA + i] * b[fromB + i]);
    }
    return 2.0 * count * 0x1p-24 * sizes;
  }

  private static float[] gemmEx(float[] x, float[] weight, int rows, int inputs, int outputs) {
    cublasHandle handle = new cublasHandle();
    try {
      JCublas2.setExceptionsEnabled(true);
      JCuda.setExceptionsEnabled(true);
      JCublas2.cublasCreate(handle);
    } catch (LinkageError e) {
      return abort("the second binding does not load: " + e.getMessage());
    }
    Pointer deviceX = upload(x);
    Pointer deviceWeight = upload(weight);
    Pointer deviceOut = new Pointer();
    JCuda.cudaMalloc(deviceOut, 4L * rows * outputs);
    try {
      JCublas2.cublasGemmEx(handle, cublasOperation.CUBLAS_OP_T, cublasOperation.CUBLAS_OP_N, outputs, rows, inputs,
          Pointer.to(new float[] {1}), deviceWeight, cudaDataType.CUDA_R_16F, inputs, deviceX, cudaDataType.CUDA_R_16F, inputs,
          Pointer.to(new float[] {0}), deviceOut, cudaDataType.CUDA_R_32F, outputs, cublasComputeType.CUBLAS_COMPUTE_32F,
          cublasGemmAlgo.CUBLAS_GEMM_DEFAULT);
      float[] out = new float[rows * outputs];
      JCuda.cudaMemcpy(Pointer.to(out), deviceOut, (long) out.length * Sizeof.FLOAT, cudaMemcpyKind.cudaMemcpyDeviceToHost);
      return out;
    } finally {
      JCuda.cudaFree(deviceX);
      JCuda.cudaFree(deviceWeight);
      JCuda.cudaFree(deviceOut);
      JCublas2.cublasDestroy(handle);
    }
  }

  private static Pointer upload(float[] values) {
    short[] halves = new short[values.length];
    for (int i = 0; i < values.length; i++) {
      halves[i] = Float.floatToFloat16(values[i]);
    }
    Pointer device = new Pointer();
    JCuda.cudaMalloc(device, (long) halves.length * Sizeof.SHORT);
    JCuda.cudaMemcpy(device, Pointer.to(halves), (long) halves.length * Sizeof.SHORT, cudaMemcpyKind.cudaMemcpyHostToDevice);
    return device;
  }

  /** Numbers that float16 holds. */
  private static float[] gaussian(Random random, int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = Float.float16ToFloat(Float.floatToFloat16((float) random.nextGaussian()));
    }
    return values;
  }
}
