package org.conceptclip.bench.throughput;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.ToLongFunction;
import org.conceptclip.batch.BatcherSnapshot;
import org.conceptclip.batch.DeadlineExceededException;
import org.conceptclip.batch.Engine;
import org.conceptclip.batch.ImageInput;
import org.conceptclip.batch.OverloadedException;
import org.conceptclip.batch.Priority;
import org.conceptclip.batch.RequestOptions;
import org.conceptclip.bench.ContestantFailedException;
import org.conceptclip.bench.Workload;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoder;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.text.TokenizedText;

/**
 * Checks that memory stays flat under mixed work for a long time: images in memory and as JPEG files, broken files, texts, cancelled
 * and expired requests, overload. At every sample the engine has drained, so that whatever is still held has leaked.
 */
public final class Soak {
  /** What may change from the first quarter to the last. */
  private static final double FLAT = 0.02;
  private static final long DRAIN_NANOS = 30_000_000_000L;
  private static final int DRIVERS = 2;
  private static final double MEGABYTE = 1 << 20;

  private final Session session;
  private final double warmUpMinutes;
  private final double minutes;
  private final int samples;
  private final AtomicLong submitted = new AtomicLong();
  private final AtomicLong refused = new AtomicLong();
  private final AtomicLong cancelled = new AtomicLong();
  private final AtomicLong ended = new AtomicLong();
  private final AtomicReference<Throwable> unexpected = new AtomicReference<>();

  /**
   * Prepares a soak.
   *
   * @param warmUpMinutes before the first sample: code is compiled, kernels for every shape are made, buffers reach their largest
   * @param minutes that are sampled
   * @param samples of memory in them, at least 4
   */
  public Soak(Session session, double warmUpMinutes, double minutes, int samples) {
    this.session = session;
    this.warmUpMinutes = warmUpMinutes;
    this.minutes = minutes;
    this.samples = samples;
  }

  /** What is submitted. */
  private record Mix(List<HostTensor> images, List<byte[]> files, List<TokenizedText> texts) {
    static Mix of(Encoder encoder) {
      try {
        List<byte[]> files = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
          files.add(SampleImages.jpeg(i));
        }
        Workload.Texts texts = new Workload.Texts(CaptionLengths.SENTENCES.lengths(64, TextsSection.context(encoder.config().text())));
        return new Mix(Inputs.images(4, encoder.config().vision().geometry().imageSize()), files,
            Inputs.tokenized(texts.ids(encoder.config().text().vocabulary())));
      } catch (IOException e) {
        throw new ContestantFailedException("sample images: " + e.getMessage(), e);
      }
    }
  }

  /** Measures, once. Returns whether memory stayed flat and nothing leaked. */
  public boolean run() {
    Encoder encoder = session.bench().encoder(session.setup());
    Mix mix = Mix.of(encoder);
    int warmUps = (int) Math.ceil(samples * warmUpMinutes / minutes);
    long legNanos = (long) (minutes * 60e9 / samples);
    List<MemorySample> taken = new ArrayList<>();
    List<Integer> leased = new ArrayList<>();
    session.sink().begin(Section.SOAK, samples + warmUps);
    try (Engine engine = session.bench().engine(session.setup(), List.of())) {
      for (int leg = -warmUps; leg < samples; leg++) {
        drive(engine, mix, leg, legNanos);
        int held = heldWhenDrained(engine);
        MemorySample sample = MemorySample.take();
        if (leg >= 0) {
          taken.add(sample);
          leased.add(held);
        }
        session.sink().step();
      }
    }
    List<BenchRow> rows = List.of(
        flat("heap after collection", taken, MemorySample::heap),
        flat("resident memory", taken, MemorySample::resident),
        flat("memory beyond the heap", taken, MemorySample::beyondHeap),
        counts(leased, taken));
    session.sink().rows(rows);
    return rows.stream().flatMap(row -> row.thresholds().stream()).allMatch(Threshold::met);
  }

  /**
   * The number of slots and requests still held some time after the last request ended. A cancelled request ends at once for its caller,
   * but for the engine only when its batch or its decoding ends.
   */
  private static int heldWhenDrained(Engine engine) {
    long patience = System.nanoTime() + DRAIN_NANOS;
    while (held(engine) > 0 && System.nanoTime() < patience) {
      LockSupport.parkNanos(1_000_000);
    }
    return held(engine);
  }

  private static int held(Engine engine) {
    BatcherSnapshot snapshot = engine.snapshot();
    return engine.leasedSlots() + snapshot.preparing() + snapshot.ready() + snapshot.computing();
  }

  /** Drives the engine for a while, then waits until every request has ended. */
  private void drive(Engine engine, Mix mix, int leg, long nanos) {
    long until = System.nanoTime() + nanos;
    // Closing the executor waits for the drivers.
    try (ExecutorService drivers = Executors.newThreadPerTaskExecutor(Thread.ofPlatform().name("soak-", 0).factory())) {
      for (int d = 0; d < DRIVERS; d++) {
        SplittableRandom random = new SplittableRandom(31L * leg + d);
        drivers.execute(() -> {
          try {
            drive(engine, mix, random, until);
          } catch (Throwable failure) {
            unexpected.compareAndSet(null, failure);
          }
        });
      }
    }
    if (unexpected.get() != null) {
      throw new ContestantFailedException("soak: " + unexpected.get(), unexpected.get());
    }
  }

  private void drive(Engine engine, Mix mix, SplittableRandom random, long until) throws InterruptedException {
    List<CompletableFuture<?>> open = new ArrayList<>();
    while (System.nanoTime() < until && unexpected.get() == null) {
      try {
        CompletableFuture<?> future = submit(engine, mix, random);
        submitted.incrementAndGet();
        open.add(future);
        if (random.nextInt(10) == 0) {
          cancelled.addAndGet(future.cancel(true) ? 1 : 0);
        }
      } catch (OverloadedException | DeadlineExceededException whileWaitingForRoom) {
        refused.incrementAndGet();
      }
      if (open.size() >= 64) {
        settle(open);
      }
    }
    settle(open);
  }

  private static CompletableFuture<?> submit(Engine engine, Mix mix, SplittableRandom random) throws InterruptedException {
    RequestOptions options = RequestOptions.DEFAULT.withCaller("caller " + random.nextInt(3))
        .withPriority(Priority.values()[random.nextInt(Priority.values().length)]);
    if (random.nextInt(20) == 0) {
      options = options.withTimeout(Duration.ofNanos(1 + random.nextInt(1_000_000)));
    }
    Detail detail = random.nextInt(8) == 0 ? Detail.TOKENS : Detail.FEATURES;
    return switch (random.nextInt(10)) {
      case 0, 1 -> engine.submitImageWhenRoom(new ImageInput.Pixels(any(mix.images(), random)), detail, options);
      case 2, 3 -> engine.submitImageWhenRoom(new ImageInput.Encoded(any(mix.files(), random), "drawing"), detail, options);
      case 4 -> engine.submitImage(new ImageInput.Encoded(new byte[] {(byte) 0xFF, (byte) 0xD8, 1}, "broken"), detail, options);
      case 5 -> engine.submitText(any(mix.texts(), random), detail, options);
      default -> engine.submitTextWhenRoom(any(mix.texts(), random), detail, options);
    };
  }

  private static <T> T any(List<T> all, SplittableRandom random) {
    return all.get(random.nextInt(all.size()));
  }

  private void settle(List<CompletableFuture<?>> open) {
    for (CompletableFuture<?> future : open) {
      try {
        future.join();
      } catch (CancellationException expected) {
        // It was cancelled by us.
      } catch (CompletionException e) {
        if (!(e.getCause() instanceof BadInputException || e.getCause() instanceof DeadlineExceededException)) {
          unexpected.compareAndSet(null, e.getCause());
        }
      }
      ended.incrementAndGet();
    }
    open.clear();
  }

  private BenchRow.Builder row(String workload) {
    return new BenchRow.Builder(Section.SOAK, session.origin(), session.bench().subject(session.setup()), workload, "engine")
        .parameter("minutes", minutes).parameter("warmUpMinutes", warmUpMinutes).parameter("samples", samples);
  }

  private BenchRow flat(String name, List<MemorySample> taken, ToLongFunction<MemorySample> what) {
    double[] megabytes = taken.stream().mapToDouble(sample -> what.applyAsLong(sample) / MEGABYTE).toArray();
    Trend trend = Trend.of(megabytes);
    return row(name).rounds("MiB", megabytes).figure("firstQuarterMiB", trend.firstQuarter())
        .figure("lastQuarterMiB", trend.lastQuarter()).figure("slopeMiB", trend.slope())
        .atMost(name + ": change from the first quarter to the last", Math.abs(trend.growth()), FLAT).build();
  }

  private BenchRow counts(List<Integer> leased, List<MemorySample> taken) {
    return row("requests and pixel slots held when drained").rounds("held", leased.stream().mapToDouble(Integer::doubleValue).toArray())
        .figure("submitted", submitted.get()).figure("ended", ended.get()).figure("cancelled", cancelled.get())
        .figure("refused", refused.get()).figure("directBuffersMiB", taken.getLast().directBuffers() / MEGABYTE)
        .atMost("held when drained, at most", leased.stream().mapToInt(Integer::intValue).max().orElseThrow(), 0)
        .atMost("submitted but not ended", submitted.get() - ended.get(), 0).build();
  }
}
