package org.conceptclip.bench.throughput;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.conceptclip.batch.Batch;
import org.conceptclip.batch.BatchLimits;
import org.conceptclip.batch.Batcher;
import org.conceptclip.batch.BatcherOptions;
import org.conceptclip.batch.Replica;
import org.conceptclip.batch.RequestOptions;
import org.conceptclip.batch.SystemTiming;
import org.conceptclip.bench.ContestantFailedException;
import org.conceptclip.bench.Statistics;

/**
 * The cost of queueing itself: the batcher in front of a replica that finishes every batch at once. Threads submit as fast as answers
 * come, each with a bounded number of requests under way.
 */
public final class QueueSection {
  private static final int BATCH = 64;
  /** Requests under way for each thread: more would measure how long a queue is, not what it costs. */
  private static final int WINDOW = 256;
  private static final double OVERHEAD_LIMIT_MICROS = 50;
  private static final double RATE_AT_LEAST = 200_000;

  /** Threads that submit, each with a window of requests under way at once. */
  private record Load(int threads, int window) {
    String label() {
      return threads + (threads == 1 ? " thread, " : " threads, ") + window + " under way each";
    }
  }

  /** The first, one request at a time, is what a lone request waits for threads to wake up. */
  private static final List<Load> LOADS = List.of(new Load(1, 1), new Load(1, WINDOW), new Load(2, WINDOW), new Load(4, WINDOW));

  private QueueSection() {}

  /** Measures with several numbers of submitting threads. */
  public static void run(Session session) {
    int rounds = session.plan().rounds().count();
    session.sink().begin(Section.QUEUE, LOADS.size() * (rounds + 1));
    for (Load load : LOADS) {
      List<Run> runs = new ArrayList<>();
      for (int round = -1; round < rounds; round++) {
        Run run = measure(load, session.plan().queueMillis() * 1_000_000);
        session.sink().step();
        if (round >= 0) {
          runs.add(run);
        }
      }
      session.sink().rows(List.of(row(session, load, runs)));
    }
  }

  /** The promise is for as many threads as there are cores, of the numbers that are tried. */
  private static boolean isPromised(Load load) {
    int cores = Runtime.getRuntime().availableProcessors();
    return load.window() == WINDOW
        && LOADS.stream().mapToInt(Load::threads).filter(threads -> threads <= cores).max().orElseThrow() == load.threads();
  }

  /**
   * Requests answered per second; for each, the processor time of all threads of this process together and the mean time of the call
   * that submits it; and for a sample of them the time from the call to the answer.
   */
  private record Run(double perSecond, double cpuMicros, double submitMicros, LatencySummary answer) {}

  private static BenchRow row(Session session, Load load, List<Run> runs) {
    double overhead = median(runs, Run::cpuMicros);
    BenchRow.Builder row = new BenchRow.Builder(Section.QUEUE, session.origin(),
            new Subject(null, "null", null, null, null, BATCH), "requests through the batcher", load.label())
        .parameter("millis", session.plan().queueMillis())
        .rounds("requests/s", runs.stream().mapToDouble(Run::perSecond).toArray())
        .figure("cpuMicrosPerRequest", overhead)
        .figure("submitCallMicros", median(runs, Run::submitMicros))
        .figure("answerP50Micros", median(runs, run -> run.answer().nanos(0.5) / 1e3))
        .figure("answerP99Micros", median(runs, run -> run.answer().nanos(0.99) / 1e3));
    if (isPromised(load)) {
      row.atLeast("requests per second, null backend", median(runs, Run::perSecond), RATE_AT_LEAST)
          .atMost("processor time per request, us", overhead, OVERHEAD_LIMIT_MICROS);
    }
    return row.build();
  }

  private static double median(List<Run> runs, ToDoubleFunction<Run> what) {
    return Statistics.of(runs.stream().mapToDouble(what).toArray()).median();
  }

  /** Finishes every batch as soon as it gets it, on the thread of a device. */
  private record NullReplica(ExecutorService device) implements Replica<String, Integer, Integer> {
    @Override
    public String name() {
      return "null";
    }

    @Override
    public int lanes() {
      return 1;
    }

    @Override
    public void begin(Batch<String, Integer, Integer> batch) {
      device.execute(() -> batch.done(batch.payloads()));
    }
  }

  private static Run measure(Load load, long nanos) {
    BatcherOptions options = new BatcherOptions(Duration.ZERO, 1 + 2.0 * load.threads() * load.window() / BATCH);
    try (ExecutorService device = Executors.newSingleThreadExecutor();
        SystemTiming timing = new SystemTiming();
        ExecutorService completions = Executors.newSingleThreadExecutor();
        Batcher<String, Integer, Integer> batcher = new Batcher<>(options, kind -> new BatchLimits(BATCH, BATCH, false),
            List.of(new NullReplica(device)), timing, completions, payload -> {}, List.of());
        ExecutorService submitters = Executors.newFixedThreadPool(load.threads())) {
      long cpu = processCpuNanos();
      long begin = System.nanoTime();
      List<CompletableFuture<Submitted>> running = IntStream.range(0, load.threads()).mapToObj(t -> CompletableFuture.supplyAsync(() ->
          submit(batcher, RequestOptions.DEFAULT.withCaller("caller " + t), load.window(), begin + nanos), submitters)).toList();
      List<Submitted> done = running.stream().map(CompletableFuture::join).toList();
      double elapsed = System.nanoTime() - begin;
      long requests = done.stream().mapToLong(Submitted::requests).sum();
      return new Run(requests * 1e9 / elapsed, (processCpuNanos() - cpu) / 1e3 / requests,
          done.stream().mapToLong(Submitted::submitNanos).sum() / 1e3 / requests,
          LatencySummary.of(done.stream().map(Submitted::answerNanos).flatMapToLong(Arrays::stream).toArray()));
    } catch (CompletionException e) {
      throw new ContestantFailedException("queue: " + e.getCause(), e);
    }
  }

  /** What one thread did. */
  private record Submitted(long requests, long submitNanos, long[] answerNanos) {}

  private static Submitted submit(
      Batcher<String, Integer, Integer> batcher, RequestOptions options, int mostUnderWay, long until) {
    Semaphore window = new Semaphore(mostUnderWay);
    List<Long> sampled = Collections.synchronizedList(new ArrayList<>());
    AtomicLong wrong = new AtomicLong();
    long submitNanos = 0;
    int requests = 0;
    while (System.nanoTime() < until) {
      int number = requests++;
      window.acquireUninterruptibly();
      long called = System.nanoTime();
      CompletableFuture<Integer> answer = batcher.submit("null", 1, options, number);
      submitNanos += System.nanoTime() - called;
      boolean sample = number % 64 == 0;
      answer.whenComplete((result, failure) -> {
        if (failure != null || result != number) {
          wrong.incrementAndGet();
        }
        if (sample) {
          sampled.add(System.nanoTime() - called);
        }
        window.release();
      });
    }
    window.acquireUninterruptibly(mostUnderWay);
    if (wrong.get() > 0) {
      throw new ContestantFailedException(wrong.get() + " of " + requests + " requests failed or got another's answer");
    }
    return new Submitted(requests, submitNanos, sampled.stream().mapToLong(Long::longValue).toArray());
  }

  private static long processCpuNanos() {
    return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
  }
}
