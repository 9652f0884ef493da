package org.conceptclip.bench.throughput;

import java.util.List;
import java.util.stream.IntStream;
import org.conceptclip.batch.Engine;
import org.conceptclip.batch.ImageInput;
import org.conceptclip.batch.RequestOptions;
import org.conceptclip.bench.ContestantFailedException;
import org.conceptclip.bench.Workload;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoder;

/** Latency of images that arrive at random, at rates below and above what the engine can do. */
public final class LatencySection {
  private static final long SEED = 20;
  private static final double ANSWER_SECONDS = 600;
  /** Runs that find out the capacity; the fastest counts. */
  private static final int CAPACITY_RUNS = 3;
  private static final int CAPACITY_BATCHES = 8;
  private static final double P99 = 0.99;
  /** What "at once" means for a rejection. */
  private static final double REFUSAL_LIMIT_MILLIS = 1;

  private LatencySection() {}

  /** Measures. */
  public static void run(Session session) {
    Setup setup = session.setup();
    Encoder encoder = session.bench().encoder(setup);
    BatchTimes times = new BatchTimes();
    session.sink().begin(Section.LATENCY, 1 + session.plan().loads().size());
    try (Engine engine = session.bench().engine(setup, List.of(times))) {
      int batch = engine.batchImages();
      double capacity = capacity(engine, encoder, batch);
      session.sink().step();
      List<ImageInput.Pixels> images = Inputs.images(batch, encoder.config().vision().geometry().imageSize()).stream()
          .map(ImageInput.Pixels::new).toList();
      Subject subject = session.bench().subject(setup).withBatch(batch);
      for (BenchPlan.Load load : session.plan().loads()) {
        times.clear();
        OpenLoop.Outcome outcome = OpenLoop.run(
            index -> engine.submitImage(images.get(index % images.size()), Detail.FEATURES, RequestOptions.DEFAULT),
            OpenLoop.Clock.SYSTEM, OpenLoop.arrivals(load.perSecond(capacity), session.plan().latencySeconds(), SEED), ANSWER_SECONDS);
        session.sink().rows(List.of(row(session, subject, load, capacity, outcome, times)));
        session.sink().step();
      }
    }
  }

  /** Images per second while there is always one more to submit. */
  private static double capacity(Engine engine, Encoder encoder, int batch) {
    OwnContestant contestant = OwnContestant.pixels("capacity", engine, encoder, CAPACITY_BATCHES);
    contestant.prepare(new Workload.Vision(batch));
    return IntStream.range(0, CAPACITY_RUNS).mapToDouble(run -> batch * 1e9 / contestant.run().nanos()).max().orElseThrow();
  }

  private static BenchRow row(
      Session session, Subject subject, BenchPlan.Load load, double capacity, OpenLoop.Outcome outcome, BatchTimes times) {
    BenchRow.Builder row = new BenchRow.Builder(Section.LATENCY, session.origin(), subject, "images, " + load.label(), "engine")
        .parameter("seconds", session.plan().latencySeconds()).parameter("seed", SEED)
        .parameter("maxWait", Setup.text(session.setup().batching().maxWait()))
        .parameter("queueBatches", session.setup().batching().queueBatches());
    if (outcome.failed() > 0) {
      return row.failure(outcome.failed() + " of " + outcome.accepted() + " accepted requests failed: "
          + outcome.firstFailureOrNull().getMessage()).build();
    }
    LatencySummary latency = outcome.latency();
    if (latency.count() == 0) {
      return row.failure("no request was due within " + session.plan().latencySeconds() + " s").build();
    }
    LatencySummary full = times.ofSize(subject.batch());
    row.rounds("ms", latency.millis(0.5)).curve(latency.curveMillis())
        .figure("capacityPerSecond", capacity).figure("offeredPerSecond", load.perSecond(capacity))
        .figure("answeredPerSecond", latency.count() / outcome.seconds())
        .figure("offered", outcome.offered()).figure("accepted", outcome.accepted()).figure("refused", outcome.refused())
        .figure("p50Millis", latency.millis(0.5)).figure("p90Millis", latency.millis(0.9)).figure("p99Millis", latency.millis(P99))
        .figure("maxMillis", latency.millis(1))
        .figure("refusalP99Micros", outcome.refusal().nanos(P99) / 1e3).figure("refusalMaxMicros", outcome.refusal().nanos(1) / 1e3)
        .figure("generatorLateP99Millis", outcome.lateness().millis(P99)).figure("generatorLateMaxMillis", outcome.lateness().millis(1))
        .figure("batches", times.batches()).figure("meanBatch", times.meanRequests())
        .figure("fullBatchMedianMillis", full.millis(0.5)).figure("fullBatchP99Millis", full.millis(P99));
    if (load.isOverload()) {
      promise(row, session.setup(), outcome, full);
    }
    return row.build();
  }

  /**
   * Under overload an accepted request waits for the batch that runs, and then for its own: two batches whole, nearly always. So the
   * slowest hundredth of the requests is compared with the slowest hundredth of the batches; the bound by the median batch, which noise
   * alone exceeds, is reported beside.
   */
  private static void promise(BenchRow.Builder row, Setup setup, OpenLoop.Outcome outcome, LatencySummary full) {
    if (full.count() == 0) {
      throw new ContestantFailedException("under overload no batch was full, expected some: the promise is about full batches");
    }
    double maxWaitMillis = setup.batching().maxWait().toNanos() / 1e6;
    double bound = maxWaitMillis + 2 * full.millis(P99);
    row.figure("boundMillis", bound).figure("boundByMedianBatchMillis", maxWaitMillis + 2 * full.millis(0.5))
        .atMost("p99 of accepted under overload, ms, against maxWait + 2 batch times", outcome.latency().millis(P99), bound)
        .atMost("p99 of rejections, ms", outcome.refusal().millis(P99), REFUSAL_LIMIT_MILLIS);
  }
}
