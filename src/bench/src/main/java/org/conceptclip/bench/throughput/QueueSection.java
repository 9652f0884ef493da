package org.conceptclip.bench.throughput;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import org.conceptclip.batch.Batch;
import org.conceptclip.batch.BatchLimits;
import org.conceptclip.batch.BatchListener;
import org.conceptclip.batch.Batcher;
import org.conceptclip.batch.BatcherOptions;
import org.conceptclip.batch.Replica;
import org.conceptclip.batch.RequestOptions;
import org.conceptclip.batch.SystemTiming;
import org.conceptclip.bench.ContestantFailedException;
import org.conceptclip.bench.Statistics;

/**
 * What queueing itself costs: the batcher in front of a replica that has every batch done at once. Threads submit as fast as answers
 * come, each with a bounded number of requests under way.
 */
public final class QueueSection {
  private static final int BATCH = 64;
  /** Requests under way for each thread: more would measure how long a queue is, not what it costs. */
  private static final int WINDOW = 256;
  private static final double OVERHEAD_LIMIT_MICROS = 50;
  private static final double RATE_AT_LEAST = 200_000;

  /**
   * Who submits.
   *
   * @param threads that do
   * @param window requests of each that are under way at once
   */
  private record Load(int threads, int window) {
    String label() {
      return threads + (threads == 1 ? " thread, " : " threads, ") + window + " under way each";
    }
  }

  /** The first, one request at a time, is what a lone request waits for threads to wake up. */
  private static final List<Load> LOADS = List.of(new Load(1, 1), new Load(1, WINDOW), new Load(2, WINDOW), new Load(4, WINDOW));

  private final Load load;
  private final long nanos;

  private QueueSection(Load load, long nanos) {
    this.load = load;
    this.nanos = nanos;
  }

  /** Measures with several numbers of submitting threads. */
  public static void run(Session session) {
    int rounds = session.plan().rounds();
    session.sink().begin(Section.QUEUE, LOADS.size() * (rounds + 1));
    for (Load load : LOADS) {
      QueueSection section = new QueueSection(load, session.plan().queueMillis() * 1_000_000);
      List<Run> runs = new ArrayList<>();
      for (int round = -1; round < rounds; round++) {
        Run run = section.measure();
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
    int cores = Math.max(1, Runtime.getRuntime().availableProcessors());
    return load.window() == WINDOW
        && LOADS.stream().mapToInt(Load::threads).filter(threads -> threads <= cores).max().orElseThrow() == load.threads();
  }

  /**
   * One run.
   *
   * @param perSecond requests answered a second
   * @param cpuMicros of all threads of this process together, a request
   * @param submitMicros mean of the call that submits
   * @param answer from the call to the answer, of a sample
   */
  private record Run(double perSecond, double cpuMicros, double submitMicros, LatencySummary answer) {}

  private static BenchRow row(Session session, Load load, List<Run> runs) {
    double[] perSecond = runs.stream().mapToDouble(Run::perSecond).toArray();
    double overhead = median(runs.stream().mapToDouble(Run::cpuMicros).toArray());
    BenchRow.Builder row = BenchRow.of(Section.QUEUE, session.origin(),
            new Subject(null, "null", null, null, null, BATCH), "requests through the batcher", load.label())
        .parameter("millis", session.plan().queueMillis())
        .rounds("requests/s", perSecond)
        .figure("cpuMicrosPerRequest", overhead)
        .figure("submitCallMicros", median(runs.stream().mapToDouble(Run::submitMicros).toArray()))
        .figure("answerP50Micros", median(runs.stream().mapToDouble(run -> run.answer().nanos(0.5) / 1e3).toArray()))
        .figure("answerP99Micros", median(runs.stream().mapToDouble(run -> run.answer().nanos(0.99) / 1e3).toArray()));
    if (isPromised(load)) {
      row.threshold(new Threshold("requests a second, null backend", median(perSecond), true, RATE_AT_LEAST))
          .threshold(new Threshold("processor time a request, us", overhead, false, OVERHEAD_LIMIT_MICROS));
    }
    return row.build();
  }

  private static double median(double[] values) {
    return Statistics.of(values).median();
  }

  /** Has every batch done as soon as it is given, on a thread of its own as a device would. */
  private static final class NullReplica implements Replica<String, Integer, Integer>, AutoCloseable {
    private final ExecutorService device = Executors.newSingleThreadExecutor();

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

    @Override
    public void close() {
      device.close();
    }
  }

  private Run measure() {
    int threads = load.threads();
    BatcherOptions options = new BatcherOptions(Duration.ZERO, 1 + 2.0 * threads * load.window() / BATCH);
    try (NullReplica replica = new NullReplica();
        SystemTiming timing = new SystemTiming();
        ExecutorService completions = Executors.newSingleThreadExecutor();
        Batcher<String, Integer, Integer> batcher = new Batcher<>(options, kind -> new BatchLimits(BATCH, BATCH, false),
            List.of(replica), timing, completions, payload -> {}, new BatchListener<String>() {});
        ExecutorService submitters = Executors.newFixedThreadPool(threads)) {
      long cpu = processCpuNanos();
      long begin = System.nanoTime();
      List<Future<Submitted>> running = new ArrayList<>();
      for (int t = 0; t < threads; t++) {
        String caller = "caller " + t;
        running.add(submitters.submit(() -> submit(batcher, RequestOptions.DEFAULT.withCaller(caller), load.window(), begin + nanos)));
      }
      return joined(running, begin, cpu);
    }
  }

  /** What one thread did. */
  private record Submitted(long requests, long submitNanos, long[] answerNanos) {}

  private static Run joined(List<Future<Submitted>> running, long begin, long cpu) {
    long requests = 0;
    long submitNanos = 0;
    List<long[]> answers = new ArrayList<>();
    try {
      for (Future<Submitted> each : running) {
        Submitted done = each.get();
        requests += done.requests();
        submitNanos += done.submitNanos();
        answers.add(done.answerNanos());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ContestantFailedException("interrupted while the queue was measured", e);
    } catch (ExecutionException e) {
      throw new ContestantFailedException("queue: " + e.getCause(), e);
    }
    double elapsed = System.nanoTime() - begin;
    return new Run(requests * 1e9 / elapsed, (processCpuNanos() - cpu) / 1e3 / requests, submitNanos / 1e3 / requests,
        LatencySummary.of(answers.stream().flatMapToLong(Arrays::stream).toArray()));
  }

  private static Submitted submit(
      Batcher<String, Integer, Integer> batcher, RequestOptions options, int mostUnderWay, long until) throws InterruptedException {
    Semaphore window = new Semaphore(mostUnderWay);
    List<Long> sampled = Collections.synchronizedList(new ArrayList<>());
    AtomicLong wrong = new AtomicLong();
    long submitNanos = 0;
    int requests = 0;
    while (System.nanoTime() < until) {
      int number = requests++;
      window.acquire();
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
    window.acquire(mostUnderWay);
    if (wrong.get() > 0) {
      throw new ContestantFailedException(wrong.get() + " of " + requests + " requests failed or got another's answer");
    }
    return new Submitted(requests, submitNanos, sampled.stream().mapToLong(Long::longValue).toArray());
  }

  private static long processCpuNanos() {
    return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
  }
}
