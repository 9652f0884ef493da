package org.conceptclip.backend.cuda;

import org.conceptclip.backend.BackendUnavailableException;
import org.conceptclip.backend.cuda.TensorMaps.Matrix;
import org.conceptclip.backend.cuda.driver.CudaDriver;
import org.conceptclip.backend.cuda.driver.DeviceProperties;
import org.conceptclip.backend.cuda.driver.KernelArguments;
import org.conceptclip.backend.cuda.driver.KernelIndex;
import org.conceptclip.backend.cuda.driver.TensorMap.Element;
import org.conceptclip.op.Epilogue;
import org.conceptclip.tensor.DType;

/**
 * Products of codes of F8_E4M3 as commands of a lane, always by the kernels of {@code kernels/gemm_e4m3_sm90.cu}. All of their tile shapes
 * give the same bits, so the shape follows the number of rows. Not thread-safe.
 */
final class CodedProducts {
  private final ProductPlan plan;
  private final Lane lane;

  CodedProducts(ProductPlan plan, Lane lane) {
    this.plan = plan;
    this.lane = lane;
  }

  /**
   * Rejects a device without such kernels. Tensor cores from compute capability 8.9 on can multiply codes, but the kernels are written for
   * Hopper's (9.0), whose instructions no other device has.
   */
  static void requireDevice(CudaDriver driver, KernelIndex kernels) {
    if (!ProductPlan.codesAvailable(kernels)) {
      DeviceProperties device = driver.device();
      throw new BackendUnavailableException("precision fp8: " + device.name() + " has compute capability " + device.major() + "."
          + device.minor() + ", the 8-bit kernels are for 9.0 (H100, H200, GH200) only; use precision fp16");
    }
  }

  /**
   * {@link org.conceptclip.op.Ops#linear}.
   *
   * @param x codes of the scale that the weights read
   * @param out F16 or F32; with GELU, F16 or codes
   */
  void linear(DeviceTensor x, DeviceWeights.Coded weights, Epilogue epilogue, DeviceTensor out) {
    byTile(plan.codeTile(kind(epilogue, out.dtype()), x.rows(), weights.outputs()), x, weights, out);
  }

  /** What becomes of the sums, as the kernels' names say it. */
  private static String kind(Epilogue epilogue, DType out) {
    String sums = switch (epilogue) {
      case NONE -> "bias_";
      case GELU -> "gelu_";
      case ACCUMULATE -> "add_";
    };
    return sums + switch (out) {
      case F16 -> "f16";
      case F32 -> "f32";
      case F8_E4M3 -> "e4m3";
      default -> throw new IllegalArgumentException("a product of codes with results in " + out + ", expected F16, F32 or F8_E4M3");
    };
  }

  private void byTile(ProductPlan.Tile tile, DeviceTensor x, DeviceWeights.Coded weights, DeviceTensor out) {
    int outputs = (int) DeviceTensor.padded(weights.outputs());
    long weightRows = Math.ceilDiv(weights.outputs(), CodedMatrix.GROUP) * (long) CodedMatrix.GROUP;
    long weightBytes = DeviceTensor.codePitch(weights.inputs());
    KernelArguments arguments = tile.kernel().arguments()
        .tensorMap("x", lane.maps.encoded(Matrix.of(tile, Element.BYTES, x.address(), weights.inputs(), x.rows(), x.rowBytes(), "boxRows")))
        .tensorMap("weight",
            lane.maps.encoded(Matrix.of(tile, Element.BYTES, weights.codes(), weights.inputs(), weightRows, weightBytes, "weightBoxRows")))
        .address("scale", weights.scales()).address("bias", weights.bias())
        .address("out", out.address()).float32("outScale", 1 / out.scale())
        .int32("rows", x.rows()).int32("inputs", weights.inputs()).int32("outputs", outputs).int32("outPitch", out.pitch());
    lane.recorder.launchPersistent(arguments, tile.count(x.rows(), outputs), x, out);
  }
}
