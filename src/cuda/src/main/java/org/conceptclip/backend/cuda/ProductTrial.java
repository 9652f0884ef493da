package org.conceptclip.backend.cuda;

import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.conceptclip.backend.cuda.driver.CudaDriver;
import org.conceptclip.backend.cuda.driver.KernelIndex;
import org.conceptclip.op.Epilogue;
import org.conceptclip.op.NormWeights;
import org.conceptclip.op.Ops;
import org.conceptclip.op.Workspace;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.util.Closer;
import org.conceptclip.util.Labelled;

/**
 * One product shape at one number of rows on a device, with random operands: runs it by any engine, the way a forward pass does. Owns its
 * memory, weights and lane. Not thread-safe.
 */
final class ProductTrial implements Trial {
  /** Rows of x that are made; the others repeat them. */
  private static final int BLOCK_ROWS = 256;

  /** Rows whose results are looked at, at either end. */
  private static final int LOOKED_AT = 8;

  /** Bytes of the residual stream before the first run: 1.06 in float16, 0.0115 in float32. */
  private static final byte BEFORE = 0x3c;

  private final CudaDriver driver;
  private final KernelIndex kernels;
  private final ProductPlan plan;
  private final ProductShape shape;
  private final int rows;
  private final Closer owned = new Closer();
  private final Lane lane;
  private final Workspace workspace;
  private final DeviceWeights.Linear weights;
  private final NormWeights norm;
  private final DeviceTensor x;
  private final DeviceTensor residual;
  private final DeviceTensor update;
  private final DeviceTensor out;
  private final Map<String, Ops> ops = new HashMap<>();

  ProductTrial(CudaDriver driver, KernelIndex kernels, ProductPlan plan, ProductShape shape, int rows) {
    this.driver = driver;
    this.kernels = kernels;
    this.plan = plan;
    this.shape = shape;
    this.rows = rows;
    try {
      this.lane = owned.own(new Lane(driver, new ComputeOrder(driver)));
      this.workspace = new CudaWorkspace(lane, DType.F32);
      CudaWeightStore store = owned.own(new CudaWeightStore(driver, () -> { }));
      this.weights = (DeviceWeights.Linear) store.linear("tuning", normal(1, shape.outputs(), shape.inputs(), Math.sqrt(shape.inputs())),
          shape.hasBias() ? normal(2, 1, shape.outputs(), 1).reshape(shape.outputs()) : null);
      this.norm = store.layerNorm("tuning", normal(3, 1, shape.outputs(), 1).reshape(shape.outputs()),
          normal(4, 1, shape.outputs(), 1).reshape(shape.outputs()), 1e-6);
      this.x = tensor("x", DType.F16, shape.inputs());
      this.residual = tensor("residual", residualType(), shape.outputs());
      this.update = tensor("update", DType.F16, shape.outputs());
      this.out = tensor("out", outType(), shape.outputs());
      fillX();
    } catch (RuntimeException failure) {
      owned.closeAfter(failure);
      throw failure;
    }
  }

  private DeviceTensor tensor(String name, DType type, int columns) {
    return (DeviceTensor) workspace.buffer("tuning." + name, type, rows, columns);
  }

  private DType residualType() {
    return shape.kind() == ProductShape.Kind.NORM_F16 ? DType.F16 : DType.F32;
  }

  private DType outType() {
    return switch (shape.kind()) {
      case BIAS_F32, ADD_F32 -> DType.F32;
      case BIAS_F16, GELU_F16, ADD_F16, NORM_F16, NORM_F32 -> DType.F16;
    };
  }

  private static HostTensor normal(int seed, int rows, int columns, double divisor) {
    Random random = new Random(seed);
    float[] values = new float[rows * columns];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (random.nextGaussian() / divisor);
    }
    return HostTensor.of(values, rows, columns);
  }

  private void fillX() {
    int count = Math.min(BLOCK_ROWS, rows);
    MemorySegment block = lane.staging.take(count * x.rowBytes());
    Conversion.toDevice(normal(5, count, shape.inputs(), 1), 0, count, block, x.layout());
    for (int row = 0; row < rows; row += count) {
      long bytes = Math.min(count, rows - row) * x.rowBytes();
      driver.copyToDevice(x.address() + row * x.rowBytes(), block.asSlice(0, bytes), lane.stream);
    }
    finish();
  }

  private void finish() {
    driver.synchronize(lane.stream);
    lane.idle();
  }

  @Override
  public void run(String engine, int times) {
    Ops by = ops.computeIfAbsent(engine, this::ops);
    for (int i = 0; i < times; i++) {
      switch (shape.kind()) {
        case BIAS_F16, BIAS_F32 -> by.linear(x, weights, Epilogue.NONE, out);
        case GELU_F16 -> by.linear(x, weights, Epilogue.GELU, out);
        case ADD_F16, ADD_F32 -> by.linear(x, weights, Epilogue.ACCUMULATE, out);
        case NORM_F16, NORM_F32 -> by.linearAddNorm(x, weights, residual, norm, update, out);
      }
    }
    lane.recorder.flush();
    finish();
  }

  private Ops ops(String engine) {
    ProductChoice choice = ProductChoice.always(Labelled.find(ProductEngine.class, engine).orElseThrow());
    return new CudaOps(lane, kernels, new Products(choice, plan, kernels, lane), AttentionChoice.always(AttentionEngine.OWN), null);
  }

  /** Of what the product is stored in or added to. */
  @Override
  public float[] results(String engine) {
    DeviceTensor result = shape.kind().beforeNorm() ? residual : out;
    driver.fill(result.address(), BEFORE, result.byteSize(), lane.stream);
    run(engine, 1);
    return Trial.ends(workspace, result, Math.min(LOOKED_AT, rows));
  }

  @Override
  public void close() {
    owned.close();
  }
}
