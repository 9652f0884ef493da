package org.conceptclip.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
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

/** Times each op of one block of each tower by itself, and holds it against the machine's multiply-add peak. */
public final class OpsBenchmark {
  /** Long enough for the optimising compiler to be done with an op's loops. */
  private static final long WARMUP_NANOS = 1_000_000_000;

  private static final long SAMPLE_NANOS = 500_000_000;
  private static final int TEXTS = 32;

  private final Backend backend;
  private final double peakFlops;
  private final List<Row> rows = new ArrayList<>();

  private OpsBenchmark(Backend backend, double peakFlops) {
    this.backend = backend;
    this.peakFlops = peakFlops;
  }

  /**
   * One op.
   *
   * @param op name and shape
   * @param micros median wall time
   * @param gflops useful work a second
   * @param percentOfPeak of the measured float32 multiply-add peak; 0 where an op does next to no multiply-adds
   * @param gigabytes read and written a second, each tensor counted once
   */
  public record Row(String op, double micros, double gflops, double percentOfPeak, double gigabytes) {}

  /**
   * All ops of the model's blocks at one image and at {@value #TEXTS} texts of 8 to 77 tokens.
   *
   * @param peakFlops as {@link #measurePeak} gives it
   */
  public static List<Row> run(Backend backend, ModelConfig config, double peakFlops) {
    OpsBenchmark benchmark = new OpsBenchmark(backend, peakFlops);
    var vision = config.vision();
    benchmark.block(
        "vision", Sequences.uniform(1, vision.tokens()), vision.width(), vision.mlpHidden(), vision.heads());
    var text = config.text();
    Sequences texts = Sequences.packed(Workload.Texts.mixed(TEXTS).lengths());
    benchmark.block("text", texts, text.width(), text.mlpHidden(), text.heads());
    return benchmark.rows;
  }

  /** Multiply-add peak of this machine on so many threads, in float32 FLOP a second. */
  public static double measurePeak(int threads) {
    return PeakFlops.measure(threads);
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
      time(tower + " attention, " + heads + " heads of " + width / heads, 4 * scores * width, bytes(qkv, y),
          () -> ops.attention(qkv, sequences, heads, y));
      linear(tower + " projection", ops, parameters, y, x, Epilogue.NONE);
      linear(tower + " fc1 + GELU", ops, parameters, x, wide, Epilogue.GELU);
      linear(tower + " fc2", ops, parameters, wide, y, Epilogue.NONE);
      time(tower + " add + LayerNorm", 0, bytes(residual, residual, y, x), () -> ops.addNorm(residual, y, norm, x));
    }
  }

  private void linear(String name, Ops ops, Parameters parameters, Tensor x, Tensor out, Epilogue epilogue) {
    int inputs = (int) x.columns();
    int outputs = (int) out.columns();
    LinearWeights weights = parameters.linear(name, random(4, outputs, inputs), random(5, outputs));
    double weightBytes = (double) inputs * outputs * x.dtype().bytes();
    String shape = ", " + x.rows() + " x " + inputs + " x " + outputs;
    time(name + shape, 2.0 * x.rows() * inputs * outputs, bytes(x, out) + weightBytes,
        () -> ops.linear(x, weights, epilogue, out));
  }

  private void time(String op, double flops, double bytes, Runnable run) {
    List<Double> samples = new ArrayList<>();
    for (long warm = System.nanoTime(); System.nanoTime() - warm < WARMUP_NANOS; ) {
      run.run();
    }
    long begin = System.nanoTime();
    while (samples.size() < 5 || System.nanoTime() - begin < SAMPLE_NANOS) {
      long start = System.nanoTime();
      run.run();
      samples.add((double) (System.nanoTime() - start));
    }
    double nanos = Statistics.of(samples.stream().mapToDouble(Double::doubleValue).toArray()).median();
    rows.add(new Row(op, nanos / 1e3, flops / nanos, 100 * flops / nanos * 1e9 / peakFlops, bytes / nanos));
  }

  private static Tensor buffer(Workspace workspace, String name, int rowCount, int columns) {
    Tensor tensor = workspace.buffer(name, workspace.activationType(), rowCount, columns);
    workspace.upload(random(name.hashCode(), rowCount, columns), tensor);
    return tensor;
  }

  private static double bytes(Tensor... tensors) {
    double bytes = 0;
    for (Tensor tensor : tensors) {
      DType type = tensor.dtype();
      bytes += (double) tensor.shape().elements() * type.bytes();
    }
    return bytes;
  }

  private static HostTensor random(long seed, long... extents) {
    long elements = 1;
    for (long extent : extents) {
      elements *= extent;
    }
    Random random = new Random(seed);
    float[] values = new float[Math.toIntExact(elements)];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextFloat() - 0.5f;
    }
    return HostTensor.of(values, extents);
  }
}
