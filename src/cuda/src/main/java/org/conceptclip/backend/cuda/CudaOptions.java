package org.conceptclip.backend.cuda;

import org.conceptclip.backend.BackendRequest;
import org.conceptclip.backend.Precision;
import org.conceptclip.backend.UnsupportedRequestException;
import org.conceptclip.tensor.DType;

/**
 * What a user can choose about the CUDA backend.
 *
 * @param residualType of the vision tower's residual stream: F32, or F16 for a quarter less traffic per block at some accuracy
 * @param checkRange whether to record the largest residual sums, see {@link org.conceptclip.backend.Backend#residualRanges}
 */
public record CudaOptions(DType residualType, boolean checkRange) {
  public CudaOptions {
    if (residualType != DType.F16 && residualType != DType.F32) {
      throw new IllegalArgumentException("residual stream in " + residualType + ", expected F16 or F32");
    }
  }

  /** Float32 residual stream, no record of ranges. */
  public static CudaOptions defaults() {
    return new CudaOptions(DType.F32, false);
  }

  /**
   * The options of a request.
   *
   * @throws UnsupportedRequestException if it requires another precision than fp16
   */
  static CudaOptions of(String backend, BackendRequest request) {
    Precision precision = request.precision().orElse(Precision.AUTO);
    if (precision != Precision.AUTO && precision != Precision.FP16) {
      throw new UnsupportedRequestException("precision " + precision.label() + ": the " + backend + " backend computes in fp16 only");
    }
    return new CudaOptions(defaults().residualType(), request.checkRange());
  }
}
