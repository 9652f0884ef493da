package org.conceptclip.runtime;

import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.conceptclip.backend.cuda.CudaBackend;
import org.conceptclip.backend.cuda.CudaOptions;
import org.conceptclip.batch.BatcherOptions;
import org.conceptclip.batch.Engine;
import org.conceptclip.batch.EngineOptions;
import org.conceptclip.batch.RequestOptions;
import org.conceptclip.bench.throughput.BenchRow;
import org.conceptclip.bench.throughput.Origin;
import org.conceptclip.bench.throughput.ResultFile;
import org.conceptclip.bench.throughput.Section;
import org.conceptclip.bench.throughput.Subject;
import org.conceptclip.model.ModelConfig;
import org.conceptclip.model.ModelLayout;
import org.conceptclip.model.TextConfig;
import org.conceptclip.model.VisionConfig;
import org.conceptclip.op.PatchGeometry;
import org.conceptclip.op.TokenBatch;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.text.TokenizedText;
import org.conceptclip.weights.SyntheticWeights;

/**
 * Times what the host does for the CUDA backend, without a device ({@link PacedDriver}): a pass of packed texts, the engine in front of it,
 * and the check of float pixels. The model has the launches of the published one (12 text layers) and its embeddings of 1152 columns; the
 * width of its layers does not matter to the host. Arguments: {@code ROUNDS [MILLIS]}, where MILLIS is what the paced device takes for a
 * full pass (default 14). Figures are milliseconds of processor time of the threads in question, as other load on the machine counts less
 * there than in wall time, of the later half of the rounds. Prints rows as JSON lines.
 */
final class HostWork {
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
  private static final int EMBEDDING = 1152;
  private static final int CONTEXT = 77;
  private static final int SHORTEST = 8;
  private static final int BUDGET = 32 << 10;
  private static final int IMAGES = 64;
  private static final int IMAGE_SIZE = 384;
  private static final int PASSES = 60;
  private static final Subject SUBJECT = new Subject("text tower of 12 layers", "cuda", "none: a driver that computes nothing", "fp16", null, null);

  private final int rounds;
  private final PacedDriver paced = new PacedDriver();
  private final Random random = new Random(1);

  private HostWork(int rounds) {
    this.rounds = rounds;
  }

  public static void main(String[] arguments) throws Exception {
    HostWork work = new HostWork(Integer.parseInt(arguments[0]));
    work.checks();
    long paceNanos = (arguments.length > 1 ? Long.parseLong(arguments[1]) : 14) * 1_000_000;
    try (CudaBackend backend = new CudaBackend("cuda", work.paced.driver(), CudaOptions.defaults());
        SyntheticWeights weights = new SyntheticWeights("host work", ModelLayout.of(config()));
        Encoder encoder = Encoder.load(config(), weights, backend, notice -> {})) {
      encoder.warmUp(List.of(), BUDGET);
      work.passes(encoder, "of 128 texts", 128, Integer.MAX_VALUE);
      work.passes(encoder, "of " + BUDGET + " tokens", Integer.MAX_VALUE, BUDGET);
      work.engine(encoder, paceNanos);
    }
  }

  private static ModelConfig config() {
    List<Double> half = List.of(0.5, 0.5, 0.5);
    return new ModelConfig("host work", new VisionConfig(new PatchGeometry(14, 7), 64, 1, 1, 64, 1, 64, 1e-6, half, half),
        new TextConfig(64, 12, 1, 64, 1000, 512, 2, 1e-12, 0, CONTEXT), EMBEDDING);
  }

  private static void print(String workload, String contestant, double[] values, Object... figures) {
    // The first half of the rounds warms up.
    BenchRow.Builder row = new BenchRow.Builder(Section.QUEUE, Origin.now("cpu"), SUBJECT, workload, contestant)
        .rounds("ms of processor time", Arrays.copyOfRange(values, values.length / 2, values.length));
    for (int i = 0; i < figures.length; i += 2) {
      row.figure((String) figures[i], ((Number) figures[i + 1]).doubleValue());
    }
    System.out.println(ResultFile.line(row.build()));
  }

  private void checks() {
    try (Arena arena = Arena.ofConfined()) {
      HostTensor pixels = HostTensor.allocate(arena, DType.F32, IMAGES, 3, IMAGE_SIZE, IMAGE_SIZE);
      List<Double> half = List.of(0.5, 0.5, 0.5);
      VisionConfig vision = new VisionConfig(new PatchGeometry(IMAGE_SIZE, 14), 64, 1, 1, 64, 1, 64, 1e-6, half, half);
      double[] millis = new double[rounds];
      for (int round = 0; round < rounds; round++) {
        long begin = THREADS.getCurrentThreadCpuTime();
        InputChecks.pixels("pixels", pixels, vision, DType.F32);
        millis[round] = (THREADS.getCurrentThreadCpuTime() - begin) / 1e6;
      }
      print("64 float images", "InputChecks.pixels", millis, "megabytes", pixels.byteSize() / 1e6);
    }
  }

  private int[] text() {
    return random.ints(SHORTEST + random.nextInt(CONTEXT + 1 - SHORTEST), 0, 1000).toArray();
  }

  private List<int[]> texts(int mostTexts, int mostTokens) {
    List<int[]> texts = new ArrayList<>();
    int[] next = text();
    for (long tokens = 0; texts.size() < mostTexts && tokens + next.length <= mostTokens; next = text()) {
      texts.add(next);
      tokens += next.length;
    }
    return texts;
  }

  /** The calling thread's time for a pass, from packed ids to features. */
  private void passes(Encoder encoder, String what, int mostTexts, int mostTokens) {
    paced.pace(0);
    double[] millis = new double[rounds];
    long graphs = 0;
    long launches = 0;
    for (int round = 0; round < rounds; round++) {
      for (int pass = 0; pass < PASSES; pass++) {
        TokenBatch texts = TokenBatch.packed(texts(mostTexts, mostTokens));
        graphs -= paced.graphs();
        launches -= paced.launches();
        long begin = THREADS.getCurrentThreadCpuTime();
        encoder.encodeTexts(texts, Detail.FEATURES);
        millis[round] += (THREADS.getCurrentThreadCpuTime() - begin) / 1e6 / PASSES;
        graphs += paced.graphs();
        launches += paced.launches();
      }
    }
    print("pass " + what + ", 8 to 77 tokens each", "bare loop", millis, "graphsPerPass", (double) graphs / rounds / PASSES,
        "singleLaunchesPerPass", (double) launches / rounds / PASSES);
  }

  /** Full passes through the engine, against a device that takes its time for each. */
  private void engine(Encoder encoder, long paceNanos) throws Exception {
    EngineOptions options = EngineOptions.builder().warmUp(false).decodeThreads(1).batchTokens(BUDGET)
        .batching(new BatcherOptions(Duration.ofMillis(2), 2)).build();
    List<TokenizedText> texts = new ArrayList<>();
    for (int pass = 0; pass < PASSES; pass++) {
      texts(Integer.MAX_VALUE, BUDGET).forEach(ids -> texts.add(new TokenizedText(ids, new int[ids.length], new int[ids.length], false)));
    }
    long tokens = texts.stream().mapToLong(TokenizedText::length).sum();
    paced.pace(paceNanos);
    Map<String, double[]> millis = new TreeMap<>();
    double best = 0;
    double ideal = (double) tokens / BUDGET * paceNanos;
    try (Engine engine = Engine.open(List.of(encoder), options)) {
      for (int round = 0; round < rounds; round++) {
        List<CompletableFuture<Encoding>> futures = new ArrayList<>(texts.size());
        long begin = System.nanoTime();
        Map<String, Long> before = processorNanos();
        for (TokenizedText text : texts) {
          futures.add(engine.submitTextWhenRoom(text, Detail.FEATURES, RequestOptions.DEFAULT));
        }
        futures.forEach(CompletableFuture::join);
        best = Math.max(best, ideal / (System.nanoTime() - begin));
        for (Map.Entry<String, Long> group : processorNanos().entrySet()) {
          millis.computeIfAbsent(group.getKey(), key -> new double[rounds])[round] =
              (group.getValue() - before.getOrDefault(group.getKey(), 0L)) / 1e6 / PASSES;
        }
      }
    }
    String workload = "pass of " + BUDGET + " tokens through the engine, a device that takes " + paceNanos / 1_000_000 + " ms for each";
    for (Map.Entry<String, double[]> group : millis.entrySet()) {
      print(workload, group.getKey(), group.getValue(), "bestShareOfTheDevicesSpeed", best);
    }
  }

  /** Processor time of the threads of the engine, and of this one. */
  private static Map<String, Long> processorNanos() {
    Map<String, Long> nanos = new TreeMap<>();
    for (ThreadInfo thread : THREADS.getThreadInfo(THREADS.getAllThreadIds())) {
      String group = thread == null ? "gone" : thread.getThreadName();
      if (group.startsWith("conceptclip-lane")) {
        nanos.merge("threads of the lanes", THREADS.getThreadCpuTime(thread.getThreadId()), Long::sum);
      } else if (group.startsWith("conceptclip-complete")) {
        nanos.merge("threads that complete", THREADS.getThreadCpuTime(thread.getThreadId()), Long::sum);
      } else if (group.equals(Thread.currentThread().getName())) {
        nanos.merge("thread that submits", THREADS.getThreadCpuTime(thread.getThreadId()), Long::sum);
      }
    }
    return nanos;
  }
}
