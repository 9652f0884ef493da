package org.conceptclip.bench;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.Execution;
import org.conceptclip.model.ModelConfig;
import org.conceptclip.op.Epilogue;
import org.conceptclip.op.LinearWeights;
import org.conceptclip.op.NormWeights;
import org.conceptclip.op.Ops;
import org.conceptclip.op.Parameters;
import org.conceptclip.op.Sequences;
import org.conceptclip.op.Workspace;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Tensor;

/**
 * Times each op of one block of each tower by itself on a backend that queues its work, beside two ceilings of the same device: a
 * large square product, and a stream through memory.
 *
 * <p>An op's time is the slope between few and many repetitions that end in one small download each: what a launch, a download
 * and the host cost once drops out.
 */
public final class DeviceOpsBenchmark {
  /** Rows that are uploaded at once: large buffers are filled piece by piece with the same values. */
  private static final int UPLOAD_ROWS = 1024;

  private final Plan plan;
  private final DeviceRoof roofOrNull;
  private final Execution execution;
  private final Ops ops;
  private final Workspace workspace;
  private final Parameters parameters;
  private final List<Row> rows = new ArrayList<>();

  private DeviceOpsBenchmark(Plan plan, DeviceRoof roofOrNull, Execution execution, Parameters parameters) {
    this.plan = plan;
    this.roofOrNull = roofOrNull;
    this.execution = execution;
    this.ops = execution.ops();
    this.workspace = execution.workspace();
    this.parameters = parameters;
  }

  /**
   * What is measured, and how often.
   *
   * @param images of the vision ops
   * @param texts of 8 tokens to the context length, of the text ops
   * @param few repetitions of the shorter run
   * @param many repetitions of the longer run
   * @param warmups pairs that are thrown away: a list of work is recorded as a graph only after it was seen
   * @param samples pairs that count
   * @param ceiling rows and columns of the square product; the stream has four times its elements
   */
  public record Plan(int images, int texts, int few, int many, int warmups, int samples, int ceiling) {
    /** For a GPU. */
    public static Plan onDevice(int images, int texts) {
      return new Plan(images, texts, 4, 24, 3, 9, 8192);
    }

    /** As little as exercises everything: for the emulator, whose times mean nothing. */
    public static Plan onEmulator(int images, int texts) {
      return new Plan(images, texts, 1, 2, 1, 1, 64);
    }
  }

  /**
   * One op.
   *
   * @param op name and shape
   * @param micros median time
   * @param lowMicros lower quartile
   * @param highMicros upper quartile
   * @param gigaflop useful work
   * @param megabytes read and written, each operand once
   * @param teraflops useful work a second; {@code null} where noise was larger than the op, so that its time is not above zero
   * @param gigabytes read and written a second; {@code null} likewise
   * @param percentOfRoof of the data sheet's rate that binds it; {@code null} likewise, or where the data sheet is not known
   * @param roof which one binds: {@code tensor} or {@code memory}; {@code null} with {@code percentOfRoof}
   */
  public record Row(
      String op,
      double micros,
      double lowMicros,
      double highMicros,
      double gigaflop,
      double megabytes,
      Double teraflops,
      Double gigabytes,
      Double percentOfRoof,
      String roof) {}

  /**
   * The ceilings, then all ops of a block of each tower.
   *
   * @param roofOrNull what the ops are held against; {@code null} when it is not known
   */
  public static List<Row> run(Backend backend, ModelConfig config, DeviceRoof roofOrNull, Plan plan) {
    var vision = config.vision();
    var text = config.text();
    List<Row> rows = new ArrayList<>();
    rows.addAll(with(backend, roofOrNull, plan, DeviceOpsBenchmark::ceilings));
    rows.addAll(with(backend, roofOrNull, plan, benchmark -> benchmark.block("vision",
        Sequences.uniform(plan.images(), vision.tokens()), vision.width(), vision.mlpHidden(), vision.heads())));
    Sequences texts = Sequences.packed(Workload.Texts.mixed(plan.texts(), text.contextLength()).lengths());
    rows.addAll(with(backend, roofOrNull, plan,
        benchmark -> benchmark.block("text", texts, text.width(), text.mlpHidden(), text.heads())));
    return rows;
  }

  /** Part of a run. */
  private interface Part {
    void run(DeviceOpsBenchmark benchmark);
  }

  private static List<Row> with(Backend backend, DeviceRoof roofOrNull, Plan plan, Part part) {
    try (Parameters parameters = backend.openParameters();
        Execution execution = backend.openExecution()) {
      DeviceOpsBenchmark benchmark = new DeviceOpsBenchmark(plan, roofOrNull, execution, parameters);
      part.run(benchmark);
      return benchmark.rows;
    }
  }

  private void ceilings() {
    int extent = plan.ceiling();
    DType activation = workspace.activationType();
    Tensor x = buffer("ceiling.x", activation, extent, extent);
    linear("ceiling, product", x, buffer("ceiling.out", activation, extent, extent), Epilogue.NONE);
    Tensor from = buffer("ceiling.from", DType.F32, 4 * extent, extent);
    Tensor to = buffer("ceiling.to", DType.F32, 4 * extent, extent);
    time("ceiling, float32 rows scaled, " + from.rows() + " x " + from.columns(), 0, OpOperands.bytes(from, to), to,
        () -> ops.l2Normalize(from, to));
  }

  private void block(String tower, Sequences sequences, int width, int hidden, int heads) {
    int rowCount = sequences.totalRows();
    DType activation = workspace.activationType();
    NormWeights norm = parameters.layerNorm("norm", random(1, width), random(2, width), 1e-6);
    Tensor x = buffer("x", activation, rowCount, width);
    Tensor y = buffer("y", activation, rowCount, width);
    Tensor qkv = buffer("qkv", activation, rowCount, 3 * width);
    Tensor wide = buffer("wide", activation, rowCount, hidden);
    Tensor residual = buffer("residual", workspace.residualType(), rowCount, width);

    linear(tower + " qkv", x, qkv, Epilogue.NONE);
    double scores = 0;
    for (int s = 0; s < sequences.count(); s++) {
      scores += (double) sequences.rows(s) * sequences.keyLength(s);
    }
    time(tower + " attention, " + sequences.count() + " sequences, " + heads + " heads of " + width / heads,
        4 * scores * width, OpOperands.bytes(qkv, y), y, () -> ops.attention(qkv, sequences, heads, y));
    linear(tower + " projection", y, x, Epilogue.NONE);
    linear(tower + " fc1 + GELU", x, wide, Epilogue.GELU);
    linear(tower + " fc2", wide, y, Epilogue.NONE);
    time(tower + " add + LayerNorm, " + rowCount + " x " + width, 0, OpOperands.bytes(residual, residual, y, x), x,
        () -> ops.addNorm(residual, y, norm, x));
  }

  private void linear(String name, Tensor x, Tensor out, Epilogue epilogue) {
    int inputs = (int) x.columns();
    int outputs = (int) out.columns();
    LinearWeights weights = parameters.linear(name, random(4, outputs, inputs), random(5, outputs));
    double weightBytes = (double) inputs * outputs * x.dtype().bytes();
    time(name + ", " + x.rows() + " x " + inputs + " x " + outputs, 2.0 * x.rows() * inputs * outputs,
        OpOperands.bytes(x, out) + weightBytes, out, () -> ops.linear(x, weights, epilogue, out));
  }

  private void time(String op, double flops, double bytes, Tensor out, Runnable once) {
    double[] nanos = new double[plan.samples()];
    for (int sample = -plan.warmups(); sample < plan.samples(); sample++) {
      double few = nanos(plan.few(), once, out);
      double many = nanos(plan.many(), once, out);
      if (sample >= 0) {
        nanos[sample] = (many - few) / (plan.many() - plan.few());
      }
    }
    rows.add(row(op, flops, bytes, Statistics.of(nanos)));
  }

  private double nanos(int repetitions, Runnable once, Tensor out) {
    try (Arena arena = Arena.ofConfined()) {
      long start = System.nanoTime();
      for (int i = 0; i < repetitions; i++) {
        once.run();
      }
      workspace.download(workspace.rows(out, 0, 1), arena);
      return System.nanoTime() - start;
    }
  }

  private Row row(String op, double flops, double bytes, Statistics nanos) {
    Double teraflops = null;
    Double gigabytes = null;
    Double percent = null;
    String binding = null;
    if (nanos.median() > 0) {
      teraflops = flops / nanos.median() / 1e3;
      gigabytes = bytes / nanos.median();
      if (roofOrNull != null) {
        double tensorShare = teraflops / roofOrNull.teraflops();
        double memoryShare = gigabytes / roofOrNull.gigabytes();
        binding = tensorShare > memoryShare ? "tensor" : "memory";
        percent = 100 * Math.max(tensorShare, memoryShare);
      }
    }
    return new Row(op, nanos.median() / 1e3, nanos.lowerQuartile() / 1e3, nanos.upperQuartile() / 1e3, flops / 1e9,
        bytes / 1e6, teraflops, gigabytes, percent, binding);
  }

  private Tensor buffer(String name, DType type, int rowCount, int columns) {
    Tensor tensor = workspace.buffer(name, type, rowCount, columns);
    int piece = Math.min(UPLOAD_ROWS, rowCount);
    HostTensor values = random(name.hashCode(), piece, columns);
    for (int first = 0; first < rowCount; first += piece) {
      int count = Math.min(piece, rowCount - first);
      workspace.upload(values.rows(0, count), workspace.rows(tensor, first, count));
    }
    return tensor;
  }

  /** Between -0.05 and 0.05, so that sums over thousands of columns and repetitions stay inside float16's range. */
  private static HostTensor random(long seed, long... extents) {
    return OpOperands.random(seed, 10, extents);
  }
}
