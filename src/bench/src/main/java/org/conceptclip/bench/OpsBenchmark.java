package org.conceptclip.bench;

import java.util.ArrayList;
import java.util.List;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.Execution;
import org.conceptclip.backend.Precision;
import org.conceptclip.model.ModelConfig;
import org.conceptclip.op.Epilogue;
import org.conceptclip.op.LinearWeights;
import org.conceptclip.op.NormWeights;
import org.conceptclip.op.Ops;
import org.conceptclip.op.Parameters;
import org.conceptclip.op.Sequences;
import org.conceptclip.op.Workspace;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Tensor;

/** Times each op of one block of each tower by itself, and holds it against the machine's multiply-add peak. */
public final class OpsBenchmark {
  private static final int TEXTS = 32;

  private final Backend backend;
  private final MultiplyAddPeak peak;
  private final Timing timing;
  private final List<Row> rows = new ArrayList<>();

  private OpsBenchmark(Backend backend, MultiplyAddPeak peak, Timing timing) {
    this.backend = backend;
    this.peak = peak;
    this.timing = timing;
  }

  /**
   * How long each op is run.
   *
   * @param warmupNanos before any sample counts
   * @param sampleNanos of samples, at least five of them
   */
  public record Timing(long warmupNanos, long sampleNanos) {
    /** Long enough for the optimising compiler to be done with an op's loops. */
    public static final Timing DEFAULT = new Timing(1_000_000_000, 500_000_000);
  }

  /**
   * One op.
   *
   * @param op name and shape
   * @param micros median wall time
   * @param gflops useful work a second
   * @param percentOfPeak of the measured multiply-add peak of its precision; {@code null} where the peak is unknown, or where an
   *     op does next to no multiply-adds
   * @param gigabytes read and written a second, each tensor counted once
   * @param limit what keeps it from the peak
   */
  public record Row(
      String op, double micros, double gflops, Double percentOfPeak, double gigabytes, String limit) {}

  /**
   * All ops of the model's blocks at one image and at {@value #TEXTS} texts of 8 tokens to the context length.
   *
   * @param peakOrNull what ops are held against; {@code null} when it could not be measured
   */
  public static List<Row> run(Backend backend, ModelConfig config, MultiplyAddPeak peakOrNull, Timing timing) {
    OpsBenchmark benchmark = new OpsBenchmark(backend, peakOrNull, timing);
    var vision = config.vision();
    benchmark.block(
        "vision", Sequences.uniform(1, vision.tokens()), vision.width(), vision.mlpHidden(), vision.heads());
    var text = config.text();
    Sequences texts = Sequences.packed(Workload.Texts.mixed(TEXTS, text.contextLength()).lengths());
    benchmark.block("text", texts, text.width(), text.mlpHidden(), text.heads());
    return benchmark.rows;
  }

  private void block(String tower, Sequences sequences, int width, int hidden, int heads) {
    int rowCount = sequences.totalRows();
    try (Parameters parameters = backend.openParameters();
        Execution execution = backend.openExecution()) {
      Workspace workspace = execution.workspace();
      Ops ops = execution.ops();
      NormWeights norm = parameters.layerNorm("norm", random(1, width), random(2, width), 1e-6);
      Tensor x = buffer(workspace, "x", rowCount, width);
      Tensor y = buffer(workspace, "y", rowCount, width);
      Tensor qkv = buffer(workspace, "qkv", rowCount, 3 * width);
      Tensor wide = buffer(workspace, "wide", rowCount, hidden);
      Tensor residual = workspace.buffer("residual", workspace.residualType(), rowCount, width);
      workspace.upload(random(3, rowCount, width), residual);

      linear(tower + " qkv", ops, parameters, x, qkv, Epilogue.NONE);
      double scores = 0;
      for (int s = 0; s < sequences.count(); s++) {
        scores += (double) sequences.rows(s) * sequences.keyLength(s);
      }
      time(tower + " attention, " + heads + " heads of " + width / heads, 4 * scores * width, OpOperands.bytes(qkv, y),
          "softmax between two products; a head fills " + width / heads / 16.0 + " vectors of 16", () -> ops.attention(qkv, sequences, heads, y));
      linear(tower + " projection", ops, parameters, y, x, Epilogue.NONE);
      linear(tower + " fc1 + GELU", ops, parameters, x, wide, Epilogue.GELU);
      linear(tower + " fc2", ops, parameters, wide, y, Epilogue.NONE);
      time(tower + " add + LayerNorm", 0, OpOperands.bytes(residual, residual, y, x), "cache and memory traffic",
          () -> ops.addNorm(residual, y, norm, x));
    }
  }

  private void linear(String name, Ops ops, Parameters parameters, Tensor x, Tensor out, Epilogue epilogue) {
    int inputs = (int) x.columns();
    int outputs = (int) out.columns();
    LinearWeights weights = parameters.linear(name, random(4, outputs, inputs), random(5, outputs));
    double weightBytes = (double) inputs * outputs * x.dtype().bytes();
    String shape = ", " + x.rows() + " x " + inputs + " x " + outputs;
    time(name + shape, 2.0 * x.rows() * inputs * outputs, OpOperands.bytes(x, out) + weightBytes,
        "multiply-adds; loads of weights from beyond L2", () -> ops.linear(x, weights, epilogue, out));
  }

  private void time(String op, double flops, double bytes, String limit, Runnable run) {
    List<Double> samples = new ArrayList<>();
    for (long warm = System.nanoTime(); System.nanoTime() - warm < timing.warmupNanos(); ) {
      run.run();
    }
    long begin = System.nanoTime();
    while (samples.size() < 5 || System.nanoTime() - begin < timing.sampleNanos()) {
      long start = System.nanoTime();
      run.run();
      samples.add((double) (System.nanoTime() - start));
    }
    double nanos = Statistics.of(samples.stream().mapToDouble(Double::doubleValue).toArray()).median();
    double gflops = flops / nanos;
    Double percent = peak == null || flops == 0
        ? null
        : 100 * gflops / peak.gflopsFor(backend.precision() == Precision.BF16);
    rows.add(new Row(op, nanos / 1e3, gflops, percent, bytes / nanos, limit));
  }

  private static Tensor buffer(Workspace workspace, String name, int rowCount, int columns) {
    Tensor tensor = workspace.buffer(name, workspace.activationType(), rowCount, columns);
    workspace.upload(random(name.hashCode(), rowCount, columns), tensor);
    return tensor;
  }

  private static HostTensor random(long seed, long... extents) {
    return OpOperands.random(seed, 1, extents);
  }
}
