package org.conceptclip.bench.throughput;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.conceptclip.batch.BatcherClosedException;
import org.conceptclip.batch.Engine;
import org.conceptclip.batch.ImageInput;
import org.conceptclip.batch.OverloadedException;
import org.conceptclip.batch.Priority;
import org.conceptclip.batch.RequestOptions;
import org.conceptclip.bench.ContestantFailedException;
import org.conceptclip.image.DecodeMemory;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoding;

/**
 * Checks that hostile uploads harm only themselves. Calm phases, in which good clients alone send photographs, take turns with hostile
 * ones, in which others send files that cost as much as they can. Each phase has an engine of its own, which is closed at a random moment
 * while requests run.
 */
public final class HostileSoak {
  private static final int GOOD_CLIENTS = 2;
  private static final int HOSTILE_CLIENTS = 2;
  private static final int HOSTILE_WINDOW = 8;
  private static final long THINK_NANOS = 25_000_000;
  private static final double MEGABYTE = 1 << 20;
  private static final double SLOWER = 3;
  private static final double CLOSE_MILLIS = 1000;

  private final Session session;
  private final double minutes;
  private final double phaseSeconds;
  private final int side;
  private final List<ImageInput.Encoded> good = new ArrayList<>();
  private final List<Double> calmMillis = Collections.synchronizedList(new ArrayList<>());
  private final List<Double> hostileMillis = Collections.synchronizedList(new ArrayList<>());
  private final List<Double> closeMillis = new ArrayList<>();
  private final AtomicReference<Throwable> goodFailure = new AtomicReference<>();
  private double held;
  private double calmResident;
  private double hostileResident;

  /**
   * Prepares a soak with the worst files.
   *
   * @param minutes in all
   * @param phaseSeconds mean length of a phase
   */
  public HostileSoak(Session session, double minutes, double phaseSeconds) {
    this(session, minutes, phaseSeconds, HostileImages.LARGEST_SIDE);
  }

  /** @param side most columns and rows that hostile files announce */
  HostileSoak(Session session, double minutes, double phaseSeconds, int side) {
    this.session = session;
    this.minutes = minutes;
    this.phaseSeconds = phaseSeconds;
    this.side = side;
  }

  /** Measures, once. Returns whether all promises were kept. */
  public boolean run() {
    int pairs = Math.max(1, (int) Math.round(minutes * 60 / phaseSeconds / 2));
    session.sink().begin(Section.SOAK, 2 * pairs);
    try {
      List<ImageInput.Encoded> hostile = HostileImages.all(side);
      for (int i = 0; i < 4; i++) {
        good.add(new ImageInput.Encoded(SampleImages.jpeg(i), "photograph"));
      }
      for (int pair = 0; pair < pairs; pair++) {
        calmResident = Math.max(calmResident, phase(List.of(), calmMillis, 2L * pair));
        session.sink().step();
        hostileResident = Math.max(hostileResident, phase(hostile, hostileMillis, 2L * pair + 1));
        session.sink().step();
      }
    } catch (IOException e) {
      throw new ContestantFailedException("sample images: " + e.getMessage(), e);
    }
    if (goodFailure.get() != null) {
      throw new ContestantFailedException("soak: a good request failed: " + goodFailure.get(), goodFailure.get());
    }
    List<BenchRow> rows = List.of(latencies(), closing(), memory());
    session.sink().rows(rows);
    return rows.stream().flatMap(row -> row.thresholds().stream()).allMatch(Threshold::met);
  }

  /** Returns the most resident memory, in MiB. */
  private double phase(List<ImageInput.Encoded> hostile, List<Double> millis, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    AtomicBoolean over = new AtomicBoolean();
    Engine engine = session.bench().engine(session.setup(), List.of());
    double resident = 0;
    // Closing the executor waits for the clients.
    try (ExecutorService clients = Executors.newThreadPerTaskExecutor(Thread.ofPlatform().name("soak-", 0).factory())) {
      for (int i = 0; i < GOOD_CLIENTS; i++) {
        int client = i;
        clients.execute(() -> sendGood(engine, client, millis, over));
      }
      for (int i = 0; i < HOSTILE_CLIENTS && !hostile.isEmpty(); i++) {
        SplittableRandom own = random.split();
        clients.execute(() -> sendHostile(engine, hostile, own, over));
      }
      long until = System.nanoTime() + (long) ((0.5 + random.nextDouble()) * phaseSeconds * 1e9);
      while (System.nanoTime() < until) {
        LockSupport.parkNanos(THINK_NANOS);
        resident = Math.max(resident, MemorySample.process(MemorySample.RESIDENT) / MEGABYTE);
      }
      over.set(true);
      long begin = System.nanoTime();
      engine.close();
      closeMillis.add((System.nanoTime() - begin) / 1e6);
    } finally {
      over.set(true);
      engine.close();
    }
    held = Math.max(held, engine.leasedSlots() + engine.snapshot().heldBatches() + DecodeMemory.ofProcess().leasedHeapBytes()
        + DecodeMemory.ofProcess().leasedNativeBytes());
    return resident;
  }

  private void sendGood(Engine engine, int client, List<Double> millis, AtomicBoolean over) {
    RequestOptions options = RequestOptions.DEFAULT.withPriority(Priority.INTERACTIVE).withCaller("good " + client);
    for (int i = 0; !over.get(); i++) {
      long begin = System.nanoTime();
      try {
        engine.submitImage(good.get(i % good.size()), Detail.FEATURES, options).join();
        millis.add((System.nanoTime() - begin) / 1e6);
      } catch (BatcherClosedException closed) {
        return;
      } catch (RuntimeException | Error failure) {
        goodFailure.compareAndSet(null, failure);
        return;
      }
      LockSupport.parkNanos(THINK_NANOS);
    }
  }

  private static void sendHostile(Engine engine, List<ImageInput.Encoded> files, SplittableRandom random, AtomicBoolean over) {
    RequestOptions options = RequestOptions.DEFAULT.withCaller("hostile").withTimeout(Duration.ofSeconds(1));
    Semaphore window = new Semaphore(HOSTILE_WINDOW);
    while (!over.get()) {
      window.acquireUninterruptibly();
      try {
        CompletableFuture<Encoding> future =
            engine.submitImage(files.get(random.nextInt(files.size())), Detail.FEATURES, options);
        future.whenComplete((encoding, failure) -> window.release());
      } catch (OverloadedException refused) {
        window.release();
      } catch (BatcherClosedException closed) {
        return;
      }
      LockSupport.parkNanos(THINK_NANOS);
    }
  }

  private BenchRow.Builder row(String workload) {
    return new BenchRow.Builder(Section.SOAK, session.origin(), session.bench().subject(session.setup()), workload, "engine")
        .parameter("minutes", minutes).parameter("phaseSeconds", phaseSeconds).parameter("side", side);
  }

  private static double quantile(List<Double> values, double q) {
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    return sorted.length == 0 ? Double.NaN : sorted[(int) Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)];
  }

  private BenchRow latencies() {
    double calm = quantile(calmMillis, 0.99);
    double hostile = quantile(hostileMillis, 0.99);
    return row("latency of good requests").rounds("ms", calm, hostile)
        .figure("calmP50", quantile(calmMillis, 0.5)).figure("calmP99", calm).figure("calmRequests", calmMillis.size())
        .figure("hostileP50", quantile(hostileMillis, 0.5)).figure("hostileP99", hostile).figure("hostileRequests", hostileMillis.size())
        .atMost("p99 beside hostile requests over p99 without", hostile / calm, SLOWER).build();
  }

  private BenchRow closing() {
    double longest = closeMillis.stream().mapToDouble(Double::doubleValue).max().orElseThrow();
    return row("closing at a random moment").rounds("ms", closeMillis.stream().mapToDouble(Double::doubleValue).toArray())
        .atMost("longest close", longest, CLOSE_MILLIS)
        .atMost("slots, shares and bytes held after closing", held, 0).build();
  }

  private BenchRow memory() {
    DecodeMemory budget = DecodeMemory.ofProcess();
    double most = calmResident + (budget.heapBytes() + budget.nativeBytes()) / MEGABYTE;
    return row("resident memory").rounds("MiB", calmResident, hostileResident)
        .figure("decodeBudgetMiB", (budget.heapBytes() + budget.nativeBytes()) / MEGABYTE)
        .atMost("resident memory beside hostile requests, against that without and the budget for decoding", hostileResident, most).build();
  }
}
