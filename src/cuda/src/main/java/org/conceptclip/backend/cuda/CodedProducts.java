package org.conceptclip.backend.cuda;

import org.conceptclip.backend.BackendUnavailableException;
import org.conceptclip.backend.cuda.driver.CudaDriver;
import org.conceptclip.backend.cuda.driver.DeviceProperties;
import org.conceptclip.backend.cuda.driver.KernelArguments;
import org.conceptclip.backend.cuda.driver.KernelIndex;
import org.conceptclip.backend.cuda.driver.TensorMap;
import org.conceptclip.op.Epilogue;
import org.conceptclip.tensor.DType;

/**
 * Products of codes of F8_E4M3 as commands of a lane, always by the kernels of {@code kernels/gemm_e4m3_sm90.cu}. All of their tile shapes give
 * the same bits, so the shape follows the number of rows. Not thread-safe.
 */
final class CodedProducts {
  private final ProductPlan plan;
  private final Lane lane;

  CodedProducts(ProductPlan plan, Lane lane) {
    this.plan = plan;
    this.lane = lane;
  }

  /**
   * Rejects a device without such kernels. Tensor cores from compute capability 8.9 on can multiply codes; this build has kernels for Hopper's, whose
   * instructions no other device has.
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
   * @param out F16 or F32; F16 or codes with GELU
   */
  void linear(DeviceTensor x, DeviceWeights.Coded weights, Epilogue epilogue, DeviceTensor out) {
    if (epilogue == Epilogue.GELU) {
      byTile(tile(out.dtype() == DType.F16 ? "gelu_f16" : "gelu_e4m3", x, weights), x, weights, out);
    } else if (epilogue == Epilogue.NONE && out.dtype() == DType.F16) {
      byTile(tile("bias_f16", x, weights), x, weights, out);
    } else {
      if (epilogue == Epilogue.NONE) {
        lane.recorder.zero(out);
      }
      byTile(tile(out.dtype() == DType.F16 ? "add_f16" : "add_f32", x, weights), x, weights, out);
    }
  }

  private ProductPlan.Tile tile(String kind, DeviceTensor x, DeviceWeights.Coded weights) {
    return plan.codeTile(kind, x.rows(), weights.outputs());
  }

  /** The product by a tile shape of the caller's choice. */
  void byTile(ProductPlan.Tile tile, DeviceTensor x, DeviceWeights.Coded weights, DeviceTensor out) {
    int outputs = (int) DeviceTensor.padded(weights.outputs());
    long weightRows = Math.ceilDiv(weights.outputs(), CodedMatrix.GROUP) * (long) CodedMatrix.GROUP;
    long weightBytes = DeviceTensor.codePitch(weights.inputs());
    KernelArguments arguments = tile.kernel().arguments()
        .tensorMap("x", lane.maps.encoded(matrix(tile, x.address(), weights.inputs(), x.rows(), x.rowBytes(), "boxRows")))
        .tensorMap("weight",
            lane.maps.encoded(matrix(tile, weights.codes(), weights.inputs(), weightRows, weightBytes, "weightBoxRows")))
        .address("scale", weights.scales()).address("bias", weights.bias())
        .address("out", out.address()).float32("outScale", 1 / out.scale())
        .int32("rows", x.rows()).int32("inputs", weights.inputs()).int32("outputs", outputs).int32("outPitch", out.pitch());
    lane.recorder.launchPersistent(arguments, tile.count(x.rows(), outputs), x, out);
  }

  private static TensorMaps.Matrix matrix(ProductPlan.Tile tile, long address, long columns, long rows, long rowBytes, String boxRows) {
    return new TensorMaps.Matrix(address, TensorMap.Element.BYTES, columns, rows, rowBytes, tile.fact("boxColumns"), tile.fact(boxRows), tile.fact("swizzleBytes"));
  }
}
