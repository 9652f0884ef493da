package org.conceptclip.bench.throughput;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.conceptclip.batch.Engine;
import org.conceptclip.bench.Contestant;
import org.conceptclip.bench.Workload;
import org.conceptclip.bench.throughput.Interleaved.Entrant;
import org.conceptclip.bench.throughput.Interleaved.Result;
import org.conceptclip.runtime.Encoder;

/** Two setups of the engine in interleaved rounds: A, A again, B. Ratios are of B over A. */
public final class AbSection {
  private static final String A = "A";

  private AbSection() {}

  /** Measures images, and a corpus of texts cut to what both models take. B is A with changes, see {@link Setup#with}. */
  public static void run(Session session, String changes, TextsSection.Corpus texts) {
    Setup a = session.setup();
    Setup b = a.with(changes);
    String other = "B: " + changes;
    Workbench bench = session.bench();
    session.sink().begin(Section.AB, 2 * session.runs(3));
    try (Engine engineA = bench.engine(a, List.of());
        Engine engineB = bench.engine(b, List.of())) {
      Encoder encoderA = bench.encoder(a);
      Encoder encoderB = bench.encoder(b);
      int items = Math.max(engineA.batchImages(), engineB.batchImages());
      int batches = session.plan().batchesPerRun();
      Subject subjectA = bench.subject(a).withBatch(engineA.batchImages());
      Subject subjectB = bench.subject(b).withBatch(engineB.batchImages());
      compare(session, new Workload.Vision(items), items + " images from memory", List.of(
          entrant(OwnContestant.pixels(A, engineA, encoderA, batches), subjectA),
          entrant(OwnContestant.pixels(A + BenchRow.CONTROL, engineA, encoderA, batches), subjectA),
          entrant(OwnContestant.pixels(other, engineB, encoderB, batches), subjectB)));
      int context = Math.min(TextsSection.context(encoderA.config().text()), TextsSection.context(encoderB.config().text()));
      int[] lengths = Arrays.stream(texts.lengths()).map(length -> Math.min(length, context)).toArray();
      compare(session, new Workload.Texts(lengths), lengths.length + " " + texts.label(), List.of(
          entrant(OwnContestant.texts(A, engineA, encoderA, batches), subjectA.withBatch(null)),
          entrant(OwnContestant.texts(A + BenchRow.CONTROL, engineA, encoderA, batches), subjectA.withBatch(null)),
          entrant(OwnContestant.texts(other, engineB, encoderB, batches), subjectB.withBatch(null))));
    }
  }

  /** B may well be another model, so features are not compared. */
  private static Entrant entrant(Contestant contestant, Subject subject) {
    return new Entrant(contestant, subject, Interleaved.UNCHECKED);
  }

  private static void compare(Session session, Workload workload, String label, List<Entrant> entrants) {
    List<Result> results = new Interleaved(Section.AB, workload, label, Map.of("batchesPerRun", session.plan().batchesPerRun()))
        .run(session, entrants, session.plan().rounds());
    Result b = results.getLast();
    b.over(results.getFirst()).ifPresent(ratio -> b.row().ratio(A, ratio));
    Interleaved.report(session, results);
  }
}
