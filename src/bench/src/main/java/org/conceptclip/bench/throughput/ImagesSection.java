package org.conceptclip.bench.throughput;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.conceptclip.batch.Engine;
import org.conceptclip.batch.StageReport;
import org.conceptclip.bench.Contestant;
import org.conceptclip.bench.Workload;
import org.conceptclip.bench.throughput.Interleaved.Entrant;
import org.conceptclip.bench.throughput.Interleaved.Result;
import org.conceptclip.runtime.Encoder;

/**
 * Images per second: the engine from pixels in RAM and from JPEG files, the bare loop with its control, and peers; then how busy the
 * engine's stages were with the files.
 */
public final class ImagesSection {
  private static final String BARE = "bare loop";
  private static final String MEMORY = "engine, pixels in memory";
  private static final String FILES = "engine, JPEG files";
  /** What the engine may cost. */
  private static final double ENGINE_AT_LEAST = 0.97;
  /** What decoding may cost where the CPU has nothing else to do. */
  private static final double FILES_AT_LEAST = 0.85;
  /** Encoders of a GPU leave the CPU to the decoders; on the CPU backend both share its cores, and no promise is made. */
  private static final String GPU_BACKEND = "cuda";

  private ImagesSection() {}

  /** Measures with at least one file to decode, and with peers that compute the same model. The caller closes the peers. */
  public static void run(Session session, List<Path> files, List<? extends Contestant> peers) {
    Workbench bench = session.bench();
    Encoder encoder = bench.encoder(session.setup());
    int batches = session.plan().batchesPerRun();
    session.sink().begin(Section.IMAGES, session.runs(4 + peers.size()) + 1);
    try (Engine engine = bench.engine(session.setup(), List.of())) {
      int batch = engine.batchImages();
      Subject subject = bench.subject(session.setup()).withBatch(batch);
      List<Entrant> entrants = new ArrayList<>(List.of(
          new Entrant(OwnContestant.pixels(MEMORY, engine, encoder, batches), subject),
          new Entrant(OwnContestant.files(FILES, engine, encoder, batches, files), subject,
              // Files show other pictures than the noise in memory.
              Interleaved.UNCHECKED),
          new Entrant(OwnContestant.barePixels(BARE, encoder, batches), subject),
          new Entrant(OwnContestant.barePixels(BARE + BenchRow.CONTROL, encoder, batches), subject)));
      Workload workload = new Workload.Vision(batch);
      float[] reference = peers.isEmpty() ? null : OwnContestant.reference(encoder, workload);
      peers.forEach(peer -> entrants.add(new Entrant(peer, Subject.ofPeer(session.setup().model(), peer, batch), reference)));
      Map<String, ?> parameters = Map.of("batchesPerRun", batches, "maxWait", Setup.text(session.setup().batching().maxWait()),
          "queueBatches", session.setup().batching().queueBatches(), "files", files.size());
      List<Result> results = new Interleaved(Section.IMAGES, workload, "images", parameters)
          .run(session, entrants, session.plan().rounds());
      promise(results, subject);
      Interleaved.report(session, results);
      stages(session, engine, encoder, files, subject);
    }
  }

  private static void promise(List<Result> results, Subject subject) {
    Result memory = results.get(0);
    Result files = results.get(1);
    Result bare = results.get(2);
    memory.over(bare).ifPresent(ratio ->
        memory.row().atLeast("engine over the bare loop", ratio.median(), ENGINE_AT_LEAST));
    files.over(bare).ifPresent(ratio -> {
      files.row().ratio(BARE, ratio);
      if (GPU_BACKEND.equals(subject.backend())) {
        files.row().atLeast("from JPEG files over the bare loop", ratio.median(), FILES_AT_LEAST);
      }
    });
  }

  /** The pipeline's stages over one more run of files, warm as it is by now. */
  private static void stages(Session session, Engine engine, Encoder encoder, List<Path> files, Subject subject) {
    OwnContestant run =
        OwnContestant.files(FILES, engine, encoder, 2 * session.plan().batchesPerRun(), files);
    run.prepare(new Workload.Vision(subject.batch()));
    StageReport before = engine.report();
    run.run();
    StageReport report = engine.report().since(before);
    session.sink().step();
    Origin origin = session.origin();
    session.sink().rows(report.rows().stream().filter(row -> row.threads() > 0)
        .map(row -> new BenchRow.Builder(Section.STAGES, origin, subject, "share of its threads' time that a stage was busy",
                row.stage().name().toLowerCase(Locale.ROOT) + (row.stage() == report.limitingStage() ? " (limits)" : ""))
            .rounds("% busy", 100 * row.utilisation(report.windowNanos()))
            .figure("threads", row.threads()).figure("busyMillis", row.busyNanos() / 1e6)
            .figure("idleMillis", row.idleNanos(report.windowNanos()) / 1e6).figure("items", row.items())
            .figure("queueDepth", row.queueDepth()).build()).toList());
  }
}
