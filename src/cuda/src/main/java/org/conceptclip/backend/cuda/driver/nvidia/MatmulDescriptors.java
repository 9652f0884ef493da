package org.conceptclip.backend.cuda.driver.nvidia;

import static org.bytedeco.cuda.global.cublas.*;
import static org.bytedeco.cuda.global.cudart.*;

import org.bytedeco.cuda.cublas.cublasLtMatmulDescOpaque_t;
import org.bytedeco.cuda.cublas.cublasLtMatrixLayoutOpaque_t;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;
import org.conceptclip.backend.cuda.driver.MatmulCall;
import org.conceptclip.util.Closer;

/**
 * cuBLASLt's descriptors of a product of one shape and one number of rows.
 *
 * <p>cuBLASLt counts columns first: our row-major x [rows, inputs] is its column-major [inputs, rows], W [outputs, inputs] its
 * [inputs, outputs], out [rows, outputs] its [outputs, rows]. So its product is {@code D = A^T B} with A = W and B = x, whose
 * leading dimensions are our pitches, and its bias, one number per row of D, is ours. Not thread-safe: the bias is a property of
 * the descriptor.
 */
final class MatmulDescriptors implements AutoCloseable {
  final cublasLtMatmulDescOpaque_t operation;
  final cublasLtMatrixLayoutOpaque_t weight;
  final cublasLtMatrixLayoutOpaque_t x;
  final cublasLtMatrixLayoutOpaque_t out;
  private final CublasStatus status;
  private final Closer owned = new Closer();

  MatmulDescriptors(CublasStatus status, MatmulCall.Shape shape, int rows, long xPitch, long outPitch) {
    this.status = status;
    int outType = shape.outFloat32() ? CUDA_R_32F : CUDA_R_16F;
    try (PointerPointer<Pointer> created = new PointerPointer<>(1)) {
      status.check("cublasLtMatmulDescCreate", cublasLtMatmulDescCreate(created, CUBLAS_COMPUTE_32F, CUDA_R_32F));
      cublasLtMatmulDescOpaque_t description = new cublasLtMatmulDescOpaque_t(created.get());
      operation = owned.own(description,
          () -> status.release("cublasLtMatmulDescDestroy", cublasLtMatmulDescDestroy(description)));
      set(CUBLASLT_MATMUL_DESC_TRANSA, CUBLAS_OP_T);
      set(CUBLASLT_MATMUL_DESC_EPILOGUE, shape.hasBias() ? CUBLASLT_EPILOGUE_BIAS : CUBLASLT_EPILOGUE_DEFAULT);
      if (shape.hasBias()) {
        set(CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, outType);
      }
      weight = layout(CUDA_R_16F, shape.inputs(), shape.outputs(), shape.inputs());
      x = layout(CUDA_R_16F, shape.inputs(), rows, xPitch);
      out = layout(outType, shape.outputs(), rows, outPitch);
    } catch (RuntimeException e) {
      owned.closeAfter(e);
      throw e;
    }
  }

  /** Sets where the bias of the next product lies. */
  void setBias(long address) {
    try (LongPointer value = new LongPointer(1).put(address)) {
      set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, value, Long.BYTES);
    }
  }

  private void set(int attribute, int value) {
    try (IntPointer pointer = new IntPointer(1).put(value)) {
      set(attribute, pointer, Integer.BYTES);
    }
  }

  private void set(int attribute, Pointer value, long bytes) {
    status.check("cublasLtMatmulDescSetAttribute", cublasLtMatmulDescSetAttribute(operation, attribute, value, bytes),
        () -> "attribute " + attribute);
  }

  private cublasLtMatrixLayoutOpaque_t layout(int type, long rows, long columns, long leadingDimension) {
    try (PointerPointer<Pointer> created = new PointerPointer<>(1)) {
      status.check("cublasLtMatrixLayoutCreate", cublasLtMatrixLayoutCreate(created, type, rows, columns, leadingDimension),
          () -> rows + " x " + columns + ", leading dimension " + leadingDimension);
      cublasLtMatrixLayoutOpaque_t layout = new cublasLtMatrixLayoutOpaque_t(created.get());
      return owned.own(layout, () -> status.release("cublasLtMatrixLayoutDestroy", cublasLtMatrixLayoutDestroy(layout)));
    }
  }

  @Override
  public void close() {
    owned.close();
  }
}
