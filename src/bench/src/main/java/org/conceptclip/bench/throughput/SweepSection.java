package org.conceptclip.bench.throughput;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.conceptclip.backend.Precision;
import org.conceptclip.batch.Engine;
import org.conceptclip.bench.Workload;
import org.conceptclip.bench.throughput.Interleaved.Entrant;
import org.conceptclip.runtime.Encoder;

/** Images per second of engine and bare loop at each batch size and precision. */
public final class SweepSection {
  private SweepSection() {}

  /** Measures. */
  public static void run(Session session, List<Precision> precisions) {
    List<Integer> batches = session.plan().sweepBatches();
    int runs = 2 * session.plan().sweepRounds().reports();
    session.sink().begin(Section.SWEEP, runs * batches.size() * precisions.size());
    for (Precision precision : precisions) {
      for (int batch : batches) {
        run(session, session.setup().withPrecision(precision).withBatch(batch));
      }
    }
  }

  private static void run(Session session, Setup setup) {
    Encoder encoder = session.bench().encoder(setup);
    Subject subject = session.bench().subject(setup).withBatch(setup.batch());
    // Small batches are repeated, so that every run is long compared with the resolution of clock and scheduler.
    int largest = Collections.max(session.plan().sweepBatches());
    int batches = Math.max(1, largest / setup.batch());
    try (Engine engine = session.bench().engine(setup, List.of())) {
      Interleaved.report(session, new Interleaved(Section.SWEEP, new Workload.Vision(setup.batch()), "images by batch size",
          Map.of("batchesPerRun", batches, "maxWait", Setup.text(setup.batching().maxWait())))
          .run(session, List.of(
              new Entrant(OwnContestant.pixels("engine", engine, encoder, batches), subject),
              new Entrant(OwnContestant.barePixels("bare loop", encoder, batches), subject)),
              session.plan().sweepRounds()));
    }
  }
}
