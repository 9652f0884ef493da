package org.conceptclip.backend.cuda;

import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.conceptclip.backend.cuda.driver.CudaDriver;
import org.conceptclip.backend.cuda.driver.KernelIndex;
import org.conceptclip.op.Ops;
import org.conceptclip.op.Sequences;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;
import org.conceptclip.util.Closer;
import org.conceptclip.util.Labelled;

/** Attention of one kind over sequences of these lengths. */
final class AttentionTrial implements Trial {
  /** Rows of the first and of the last sequence whose results are looked at. */
  private static final int LOOKED_AT = 8;

  private final KernelIndex kernels;
  private final ProductPlan plan;
  private final AttentionChoice.Kind kind;
  private final Sequences sequences;
  private final Closer owned = new Closer();
  private final Lane lane;
  private final CudaWorkspace workspace;
  private final DeviceTensor qkv;
  private final DeviceTensor out;
  private final Map<String, Ops> ops = new HashMap<>();

  AttentionTrial(CudaDriver driver, KernelIndex kernels, ProductPlan plan, AttentionChoice.Kind kind, Sequences sequences) {
    this.kernels = kernels;
    this.plan = plan;
    this.kind = kind;
    this.sequences = sequences;
    try {
      this.lane = owned.own(new Lane(driver, new ComputeOrder(driver)));
      this.workspace = new CudaWorkspace(lane, DType.F32);
      int width = kind.heads() * kind.headWidth();
      this.qkv = (DeviceTensor) workspace.buffer("tuning.qkv", DType.F16, sequences.totalRows(), 3L * width);
      this.out = (DeviceTensor) workspace.buffer("tuning.out", DType.F16, sequences.totalRows(), width);
      fill(3 * width);
    } catch (RuntimeException failure) {
      owned.closeAfter(failure);
      throw failure;
    }
  }

  /** Every sequence has the rows of the first one of its length, so that the first sequence is the same however many follow. */
  private void fill(int columns) {
    for (int s = 0; s < sequences.count(); s++) {
      int rows = sequences.rows(s);
      Random random = new Random(rows);
      float[] values = new float[rows * columns];
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) random.nextGaussian();
      }
      DeviceTensor part = qkv.rows(sequences.start(s), rows);
      MemorySegment block = lane.staging.take(part.byteSize());
      HostTensor host = HostTensor.view(DType.F32, Shape.of(rows, columns), MemorySegment.ofArray(values));
      Conversion.toDevice(host, 0, rows, block, part.layout());
      lane.driver.copyToDevice(part.address(), block, lane.stream);
      finish();
    }
  }

  private void finish() {
    lane.driver.synchronize(lane.stream);
    lane.idle();
  }

  @Override
  public void run(String engine, int times) {
    Ops by = ops.computeIfAbsent(engine, this::ops);
    for (int i = 0; i < times; i++) {
      by.attention(qkv, sequences, kind.heads(), out);
    }
    lane.recorder.flush();
    finish();
  }

  private Ops ops(String engine) {
    Products products = new Products(ProductChoice.always(ProductEngine.OWN), plan, kernels, lane);
    return new CudaOps(lane, kernels, products, AttentionChoice.always(Labelled.find(AttentionEngine.class, engine).orElseThrow()), null);
  }

  @Override
  public float[] results(String engine) {
    // Not-a-number, until something is written.
    lane.driver.fill(out.address(), (byte) 0xff, out.byteSize(), lane.stream);
    run(engine, 1);
    return Trial.ends(workspace, out, Math.min(LOOKED_AT, sequences.rows(0)));
  }

  @Override
  public void close() {
    owned.close();
  }
}
