package org.conceptclip.bench;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.Execution;
import org.conceptclip.model.ModelConfig;
import org.conceptclip.op.Epilogue;
import org.conceptclip.op.LinearWeights;
import org.conceptclip.op.NormWeights;
import org.conceptclip.op.Ops;
import org.conceptclip.op.Sequences;
import org.conceptclip.op.WeightStore;
import org.conceptclip.op.Workspace;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Tensor;

/** Times each op of one block of each tower by itself. */
public final class OpsBenchmark {
  /** Rows that are uploaded at once: large buffers are filled piece by piece with the same values. */
  private static final int UPLOAD_ROWS = 1024;

  private final Timing timing;
  private final String start;
  private final Ops ops;
  private final Workspace workspace;
  private final WeightStore store;
  private final List<Op> results = new ArrayList<>();

  private OpsBenchmark(Plan plan, Execution execution, WeightStore store) {
    this.timing = plan.timing();
    this.start = plan.start();
    this.ops = execution.ops();
    this.workspace = execution.workspace();
    this.store = store;
  }

  /**
   * What is measured.
   *
   * @param images of the vision ops
   * @param texts of 8 tokens to the context length, of the text ops
   * @param ceiling rows and columns of a square product that is timed first, beside a stream through memory of four times its elements;
   *     0 for neither
   * @param start of the names of the ops that are timed; empty for all
   */
  public record Plan(int images, int texts, int ceiling, Timing timing, String start) {
    /** All ops. */
    public Plan(int images, int texts, int ceiling, Timing timing) {
      this(images, texts, ceiling, timing, "");
    }
  }

  /** How an op's time is found. */
  public sealed interface Timing {
    /**
     * Nanoseconds of one call.
     *
     * @param settle waits until all calls have been computed
     */
    Statistics nanos(Runnable op, Runnable settle);

    /**
     * Times each call, for a backend that has finished computing when a call returns.
     *
     * @param warmupNanos before any sample counts; the optimising compiler is done with an op's loops after a second
     * @param sampleNanos of samples, at least five of them
     */
    record Calls(long warmupNanos, long sampleNanos) implements Timing {
      @Override
      public Statistics nanos(Runnable op, Runnable settle) {
        for (long warm = System.nanoTime(); System.nanoTime() - warm < warmupNanos; ) {
          op.run();
        }
        List<Double> samples = new ArrayList<>();
        long begin = System.nanoTime();
        while (samples.size() < 5 || System.nanoTime() - begin < sampleNanos) {
          long start = System.nanoTime();
          op.run();
          samples.add((double) (System.nanoTime() - start));
        }
        return Statistics.of(samples.stream().mapToDouble(Double::doubleValue).toArray());
      }
    }

    /**
     * The slope between few and many calls, each followed by one wait, for a backend that queues its work: the fixed costs of launch,
     * download and host drop out. Where noise is larger than the op, the time can be 0 or negative.
     *
     * @param few calls of the shorter run
     * @param many calls of the longer run
     * @param warmups pairs that are thrown away: a sequence of launches is recorded as a graph only when it occurs again
     * @param samples pairs that count
     */
    record Slope(int few, int many, int warmups, int samples) implements Timing {
      @Override
      public Statistics nanos(Runnable op, Runnable settle) {
        double[] slopes = new double[samples];
        for (int sample = -warmups; sample < samples; sample++) {
          long shorter = nanos(few, op, settle);
          long longer = nanos(many, op, settle);
          if (sample >= 0) {
            slopes[sample] = (double) (longer - shorter) / (many - few);
          }
        }
        return Statistics.of(slopes);
      }

      private static long nanos(int calls, Runnable op, Runnable settle) {
        long start = System.nanoTime();
        for (int i = 0; i < calls; i++) {
          op.run();
        }
        settle.run();
        return System.nanoTime() - start;
      }
    }
  }

  /**
   * One op.
   *
   * @param name with its shape
   * @param nanos of one call
   * @param flops useful multiply-adds, counted as two operations; 0 for an op that does next to none
   * @param bytes read and written, each operand once
   */
  public record Op(String name, Statistics nanos, double flops, double bytes) {
    /** Whether a time could be measured above the noise. */
    public boolean isTimed() {
      return nanos.median() > 0;
    }

    /** Useful work per second. */
    public double gflops() {
      return flops / nanos.median();
    }

    /** Gigabytes read and written per second. */
    public double gigabytes() {
      return bytes / nanos.median();
    }
  }

  /** The ceilings, if the plan has them, then all ops of a block of each tower. */
  public static List<Op> run(Backend backend, ModelConfig config, Plan plan) {
    var vision = config.vision();
    var text = config.text();
    Sequences texts = Sequences.packed(Workload.Texts.mixed(plan.texts(), text.contextLength()).lengths());
    List<Op> results = new ArrayList<>();
    if (plan.ceiling() > 0) {
      results.addAll(with(backend, plan, benchmark -> benchmark.ceilings(plan.ceiling())));
    }
    results.addAll(with(backend, plan, benchmark -> benchmark.block("vision",
        Sequences.uniform(plan.images(), vision.tokens()), vision.width(), vision.mlpHidden(), vision.heads())));
    results.addAll(with(backend, plan,
        benchmark -> benchmark.block("text", texts, text.width(), text.mlpHidden(), text.heads())));
    return results;
  }

  private static List<Op> with(Backend backend, Plan plan, Consumer<OpsBenchmark> part) {
    try (WeightStore store = backend.openWeightStore();
        Execution execution = backend.openExecution()) {
      OpsBenchmark benchmark = new OpsBenchmark(plan, execution, store);
      part.accept(benchmark);
      return benchmark.results;
    }
  }

  private void ceilings(int extent) {
    DType activation = workspace.activationType();
    Tensor x = buffer("ceiling.x", activation, extent, extent);
    linear("ceiling, product", x, buffer("ceiling.out", activation, extent, extent), Epilogue.NONE);
    Tensor from = buffer("ceiling.from", DType.F32, 4 * extent, extent);
    Tensor to = buffer("ceiling.to", DType.F32, 4 * extent, extent);
    time("ceiling, float32 rows scaled, " + from.rows() + " x " + from.columns(), 0, bytes(from, to), to,
        () -> ops.l2Normalize(from, to));
  }

  private void block(String tower, Sequences sequences, int width, int hidden, int heads) {
    int rows = sequences.totalRows();
    DType activation = workspace.activationType();
    NormWeights norm = store.layerNorm("norm", random(1, width), random(2, width), 1e-6);
    Tensor x = buffer("x", activation, rows, width);
    Tensor y = buffer("y", activation, rows, width);
    Tensor qkv = buffer("qkv", activation, rows, 3 * width);
    Tensor wide = buffer("wide", activation, rows, hidden);
    Tensor residual = buffer("residual", workspace.residualType(), rows, width);
    linear(tower + " qkv", x, qkv, Epilogue.NONE);
    double scores = IntStream.range(0, sequences.count()).mapToDouble(s -> (double) sequences.rows(s) * sequences.keyLength(s)).sum();
    time(tower + " attention, " + sequences.count() + " sequences, " + heads + " heads of " + width / heads,
        4 * scores * width, bytes(qkv, y), y, () -> ops.attention(qkv, sequences, heads, y));
    linear(tower + " projection", y, x, Epilogue.NONE);
    linear(tower + " fc1 + GELU", x, wide, Epilogue.GELU);
    linear(tower + " fc2", wide, y, Epilogue.NONE);
    time(tower + " add + LayerNorm, " + rows + " x " + width, 0, bytes(residual, residual, y, x), x,
        () -> ops.addNorm(residual, y, norm, x));
  }

  private void linear(String name, Tensor x, Tensor out, Epilogue epilogue) {
    if (!name.startsWith(start)) {
      return;
    }
    int inputs = (int) x.columns();
    int outputs = (int) out.columns();
    LinearWeights weights = store.linear(name, random(4, outputs, inputs), random(5, outputs));
    double weightBytes = (double) inputs * outputs * x.dtype().bytes();
    time(name + ", " + x.rows() + " x " + inputs + " x " + outputs, 2.0 * x.rows() * inputs * outputs,
        bytes(x, out) + weightBytes, out, () -> ops.linear(x, weights, epilogue, out));
  }

  private void time(String name, double flops, double bytes, Tensor out, Runnable op) {
    if (!name.startsWith(start)) {
      return;
    }
    Runnable settle = () -> {
      try (Arena arena = Arena.ofConfined()) {
        workspace.download(workspace.rows(out, 0, 1), arena);
      }
    };
    results.add(new Op(name, timing.nanos(op, settle), flops, bytes));
  }

  private Tensor buffer(String name, DType type, int rows, int columns) {
    Tensor tensor = workspace.buffer(name, type, rows, columns);
    int piece = Math.min(UPLOAD_ROWS, rows);
    HostTensor values = random(name.hashCode(), piece, columns);
    for (int first = 0; first < rows; first += piece) {
      int count = Math.min(piece, rows - first);
      workspace.upload(values.rows(0, count), workspace.rows(tensor, first, count));
    }
    return tensor;
  }

  /** Between -0.05 and 0.05, so that sums over thousands of columns and repetitions stay inside float16's range. */
  private static HostTensor random(long seed, long... extents) {
    Random random = new Random(seed);
    float[] values = new float[Math.toIntExact(LongStream.of(extents).reduce(1, Math::multiplyExact))];
    for (int i = 0; i < values.length; i++) {
      values[i] = (random.nextFloat() - 0.5f) / 10;
    }
    return HostTensor.of(values, extents);
  }

  private static double bytes(Tensor... tensors) {
    return Stream.of(tensors).mapToDouble(tensor -> (double) tensor.shape().elements() * tensor.dtype().bytes()).sum();
  }
}
