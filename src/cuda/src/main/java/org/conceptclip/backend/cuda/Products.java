package org.conceptclip.backend.cuda;

import org.conceptclip.backend.cuda.TensorMaps.Matrix;
import org.conceptclip.backend.cuda.driver.KernelArguments;
import org.conceptclip.backend.cuda.driver.KernelIndex;
import org.conceptclip.backend.cuda.driver.MatmulCall;
import org.conceptclip.backend.cuda.driver.TensorMap.Element;
import org.conceptclip.op.Epilogue;
import org.conceptclip.tensor.DType;

/** Matrix products as commands of a lane, each by the engine of its shape. Not thread-safe. */
final class Products {
  private final ProductChoice choice;
  private final ProductPlan plan;
  private final KernelIndex kernels;
  private final Lane lane;
  private final CodedProducts codes;

  Products(ProductChoice choice, ProductPlan plan, KernelIndex kernels, Lane lane) {
    this.choice = choice;
    this.plan = plan;
    this.kernels = kernels;
    this.lane = lane;
    this.codes = new CodedProducts(plan, lane);
  }

  /** Those of codes of F8_E4M3, which have one engine. */
  CodedProducts ofCodes() {
    return codes;
  }

  /** {@link org.conceptclip.op.Ops#linear}, of checked types. */
  void linear(DeviceTensor x, DeviceWeights.Linear weights, Epilogue epilogue, DeviceTensor out) {
    ProductShape shape = ProductShape.of(weights, epilogue, out.dtype());
    if (choice.engine(shape) == ProductEngine.CUBLASLT) {
      byLibrary(x, weights, epilogue, out);
    } else {
      byKernel(shape.kind(), x, weights, out);
    }
  }

  /**
   * The product of {@link org.conceptclip.op.Ops#linearAddNorm}, by the engine of that shape.
   *
   * @param mayAdd whether an engine that adds inside of the product may do so; else the update is stored
   * @return whether it was added to the residual
   */
  boolean beforeNorm(DeviceTensor x, DeviceWeights.Linear weights, DeviceTensor residual, DeviceTensor update, boolean mayAdd) {
    ProductEngine engine = choice.engine(ProductShape.beforeNorm(weights, residual.dtype()));
    boolean add = engine == ProductEngine.OWN_SUM && mayAdd;
    if (add) {
      byKernel(ProductShape.of(weights, Epilogue.ACCUMULATE, residual.dtype()).kind(), x, weights, residual);
    } else if (engine == ProductEngine.CUBLASLT) {
      byLibrary(x, weights, Epilogue.NONE, update);
    } else {
      byKernel(ProductShape.Kind.BIAS_F16, x, weights, update);
    }
    return add;
  }

  private void byKernel(ProductShape.Kind kind, DeviceTensor x, DeviceWeights.Linear weights, DeviceTensor out) {
    byTile(plan.tile(kind, x.rows(), weights.outputs()), x, weights, out);
  }

  /** The product by a tile shape of the caller's choice: all of them give the same bits. */
  void byTile(ProductPlan.Tile tile, DeviceTensor x, DeviceWeights.Linear weights, DeviceTensor out) {
    int inputs = (int) DeviceTensor.padded(weights.inputs());
    int outputs = (int) DeviceTensor.padded(weights.outputs());
    KernelArguments arguments = tile.kernel().arguments()
        .address("bias", weights.biasF32()).address("out", out.address())
        .int32("rows", x.rows()).int32("inputs", inputs).int32("outputs", outputs).int32("outPitch", out.pitch());
    if (tile.readsByTensorMap()) {
      long weightBytes = (long) inputs * DType.F16.bytes();
      arguments
          .tensorMap("x", lane.maps.encoded(Matrix.of(tile, Element.F16, x.address(), inputs, x.rows(), x.rowBytes(), "boxRows")))
          .tensorMap("weight",
              lane.maps.encoded(Matrix.of(tile, Element.F16, weights.weight(), inputs, outputs, weightBytes, "weightBoxRows")));
      lane.recorder.launchPersistent(arguments, tile.count(x.rows(), outputs), x, out);
    } else {
      arguments.address("x", x.address()).int32("xPitch", x.pitch()).address("weight", weights.weight());
      lane.recorder.launch(arguments, outputs, x.rows(), x, out);
    }
  }

  /**
   * Through cuBLASLt. GELU has its bias in the kernel that follows: the product is stored once before it, one rounding more than in our
   * kernels, and as many as any implementation with GELU as an op of its own.
   */
  private void byLibrary(DeviceTensor x, DeviceWeights.Linear weights, Epilogue epilogue, DeviceTensor out) {
    boolean float32 = out.dtype() == DType.F32;
    boolean biasInProduct = weights.hasBias() && epilogue != Epilogue.GELU;
    MatmulCall.Shape shape = new MatmulCall.Shape((int) DeviceTensor.padded(weights.inputs()),
        (int) DeviceTensor.padded(weights.outputs()), biasInProduct, float32, epilogue == Epilogue.ACCUMULATE);
    long bias = biasInProduct ? (float32 ? weights.biasF32() : weights.biasF16()) : 0;
    lane.recorder.multiply(new MatmulCall(shape, Math.toIntExact(x.rows()), x.address(), x.pitch(), weights.weight(), bias,
        out.address(), out.pitch()), x, out);
    if (epilogue == Epilogue.GELU) {
      KernelArguments arguments = kernels.get("bias_gelu").arguments()
          .address("x", out.address()).int32("pitch", out.pitch())
          .address("bias", weights.biasF32())
          .int32("rows", out.rows()).int32("columns", out.columns());
      lane.recorder.launch(arguments, out.rows() * out.pitch(), 1, out);
    }
  }
}
