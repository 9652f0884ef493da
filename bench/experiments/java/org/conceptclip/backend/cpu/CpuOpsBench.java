package org.conceptclip.backend.cpu;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.conceptclip.backend.Execution;
import org.conceptclip.backend.Precision;
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
 * Time and rate of each op at the shapes of one block of the vision tower, in rounds over all ops, so that a disturbance
 * hits them alike; the best round counts. Run by hand: {@code [precision] [threads] [images] [rounds] [peak GFLOP/s]}.
 */
final class CpuOpsBench {
  private static final int TOKENS = 729;
  private static final int WIDTH = 1152;
  private static final int HIDDEN = 4304;
  private static final int HEADS = 16;

  private record Case(String name, double flops, Runnable run) {}

  private CpuOpsBench() {}

  public static void main(String[] arguments) {
    Precision precision = Precision.parse(arguments.length > 0 ? arguments[0] : "fp32");
    int threads = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 2;
    int images = arguments.length > 2 ? Integer.parseInt(arguments[2]) : 1;
    int rounds = arguments.length > 3 ? Integer.parseInt(arguments[3]) : 30;
    double peak = arguments.length > 4 ? Double.parseDouble(arguments[4]) : Double.NaN;
    try (CpuBackend backend = new CpuBackend(precision, threads);
        Parameters parameters = backend.openParameters();
        Execution execution = backend.openExecution()) {
      System.out.println(backend.description() + ", " + images + " images");
      List<Case> cases = block(parameters, execution, images);
      double[] best = new double[cases.size()];
      for (int round = 0; round < rounds; round++) {
        for (int c = 0; c < best.length; c++) {
          long start = System.nanoTime();
          cases.get(c).run().run();
          double nanos = System.nanoTime() - start;
          best[c] = round == 0 ? nanos : Math.min(best[c], nanos);
        }
      }
      report(cases, best, peak);
    }
  }

  private static void report(List<Case> cases, double[] best, double peak) {
    double total = 0;
    double flops = 0;
    for (int c = 0; c < best.length; c++) {
      print(cases.get(c).name(), best[c], cases.get(c).flops(), peak);
      total += best[c];
      flops += cases.get(c).flops();
    }
    print("block", total, flops, peak);
  }

  private static void print(String name, double nanos, double flops, double peak) {
    System.out.printf(Locale.ROOT, "%-12s %8.3f ms %7.1f GFLOP/s %5.1f %% of peak%n", name, nanos / 1e6, flops / nanos,
        100 * flops / nanos / peak);
  }

  private static List<Case> block(Parameters parameters, Execution execution, int images) {
    Workspace workspace = execution.workspace();
    Ops ops = execution.ops();
    int rows = images * TOKENS;
    Sequences sequences = Sequences.uniform(images, TOKENS);
    DType type = workspace.activationType();
    Tensor x = filled(workspace, "x", DType.F32, rows, WIDTH);
    Tensor normed = filled(workspace, "normed", type, rows, WIDTH);
    Tensor qkv = filled(workspace, "qkv", type, rows, 3 * WIDTH);
    Tensor attended = filled(workspace, "attended", type, rows, WIDTH);
    Tensor hidden = filled(workspace, "hidden", type, rows, HIDDEN);
    Tensor update = filled(workspace, "update", type, rows, WIDTH);
    LinearWeights qkvWeights = linear(parameters, 3 * WIDTH, WIDTH);
    LinearWeights proj = linear(parameters, WIDTH, WIDTH);
    LinearWeights fc1 = linear(parameters, HIDDEN, WIDTH);
    LinearWeights fc2 = linear(parameters, WIDTH, HIDDEN);
    NormWeights norm = parameters.layerNorm("norm", random(1, WIDTH), random(1, WIDTH), 1e-6);
    List<Case> cases = new ArrayList<>();
    cases.add(new Case("qkv", 2.0 * rows * WIDTH * 3 * WIDTH, () -> ops.linear(normed, qkvWeights, Epilogue.NONE, qkv)));
    cases.add(new Case("attention", 4.0 * rows * TOKENS * WIDTH, () -> ops.attention(qkv, sequences, HEADS, attended)));
    cases.add(new Case("proj", 2.0 * rows * WIDTH * WIDTH, () -> ops.linear(attended, proj, Epilogue.NONE, update)));
    cases.add(new Case("addNorm", 0, () -> ops.addNorm(x, update, norm, normed)));
    cases.add(new Case("fc1 + GELU", 2.0 * rows * WIDTH * HIDDEN, () -> ops.linear(normed, fc1, Epilogue.GELU, hidden)));
    cases.add(new Case("fc2", 2.0 * rows * WIDTH * HIDDEN, () -> ops.linear(hidden, fc2, Epilogue.NONE, update)));
    cases.add(new Case("addNorm", 0, () -> ops.addNorm(x, update, norm, normed)));
    return cases;
  }

  private static LinearWeights linear(Parameters parameters, int outputs, int inputs) {
    return parameters.linear("w", random(outputs, inputs), random(1, outputs).reshape(outputs));
  }

  private static Tensor filled(Workspace workspace, String name, DType type, int rows, int columns) {
    Tensor tensor = workspace.buffer(name, type, rows, columns);
    workspace.upload(random(rows, columns), tensor);
    return tensor;
  }

  private static HostTensor random(int rows, int columns) {
    Random random = new Random(31L * rows + columns);
    float[] values = new float[rows * columns];
    for (int i = 0; i < values.length; i++) {
      values[i] = (random.nextFloat() - 0.5f) * 0.1f;
    }
    return HostTensor.of(values, rows, columns);
  }
}
