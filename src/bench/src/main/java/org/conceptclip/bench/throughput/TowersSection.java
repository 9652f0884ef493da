package org.conceptclip.bench.throughput;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.conceptclip.batch.Engine;
import org.conceptclip.bench.Contestant;
import org.conceptclip.bench.Workload;
import org.conceptclip.bench.throughput.Interleaved.Entrant;
import org.conceptclip.runtime.Encoder;

/** Whole towers, from host inputs to host features, against peers on the same inputs. */
public final class TowersSection {
  /** Of our contestants that read decoded images as they are. */
  private static final String BYTES = ", bytes";

  private TowersSection() {}

  /**
   * How towers are run.
   *
   * @param bytes whether our images are the bytes of decoded images, as a user has them, with float32 pixels as a contestant of their own;
   *     float32 pixels alone otherwise
   * @param stream how long the steady streams are that are measured besides single passes; none if empty
   */
  public record Form(boolean bytes, Optional<Duration> stream) {
    /** Single passes from float32 pixels, as peers without a form of their own are given them. */
    public static final Form LIKE_PEERS = new Form(false, Optional.empty());

    private int ours(List<Setup> setups) {
      return 1 + setups.size() * (bytes ? 2 : 1);
    }
  }

  /**
   * Measures each workload. Ratios are taken of the first of our setups, which also runs as its own A/A control. The peers compute the
   * same model; the caller closes them. In streams of our own, the bare loop is held against the engine, whose passes overlap.
   */
  public static void run(
      Session session, List<Setup> ours, List<? extends Contestant> peers, List<Workload> workloads, Form form) {
    int streams = form.stream().isPresent() ? 2 + peers.size() : 0;
    int steps = 0;
    for (Workload workload : workloads) {
      int each = workload instanceof Workload.Vision ? form.ours(ours) : 1 + ours.size();
      steps += session.runs(each + peers.size() + streams);
    }
    session.sink().begin(Section.TOWERS, steps);
    for (Workload workload : workloads) {
      String kind = form.stream().isPresent() ? ", single passes" : "";
      report(session, workload, workload.label() + kind, withPeers(session, single(session, ours, workload, form), peers));
      form.stream().ifPresent(duration -> stream(session, ours.getFirst(), peers, workload, form, duration));
    }
  }

  private static List<Entrant> single(Session session, List<Setup> ours, Workload workload, Form form) {
    List<Entrant> entrants = new ArrayList<>();
    for (Setup setup : ours) {
      Subject subject = session.bench().subject(setup);
      String name = name(subject, workload, form);
      entrants.add(new Entrant(bare(session, setup, name, form), subject));
      if (entrants.size() == 1) {
        entrants.add(new Entrant(bare(session, setup, name + BenchRow.CONTROL, form), subject));
      }
      if (form.bytes() && workload instanceof Workload.Vision) {
        Encoder encoder = session.bench().encoder(setup);
        entrants.add(new Entrant(OwnContestant.likePeers(name.replace(BYTES, ", float32 pixels"), encoder), subject));
      }
    }
    return entrants;
  }

  private static void stream(
      Session session, Setup setup, List<? extends Contestant> peers, Workload workload, Form form, Duration duration) {
    long nanos = duration.toNanos();
    Subject subject = session.bench().subject(setup);
    String name = name(subject, workload, form);
    // The engine's batches are the workload's, so that both compute the same passes.
    Setup batched = workload instanceof Workload.Vision vision ? setup.withBatch(vision.batch()) : setup;
    Encoder encoder = session.bench().encoder(setup);
    try (Engine engine = session.bench().coldEngine(batched)) {
      List<Entrant> entrants = List.of(
          new Entrant(new SteadyStream(bare(session, setup, name + ", bare loop", form), nanos), subject),
          new Entrant(new SteadyStream(
              OwnContestant.engine(name + ", engine", engine, encoder), nanos), subject, OwnContestant.unitReference(encoder, workload)));
      report(session, workload, workload.label() + ", steady stream",
          withPeers(session, entrants, peers.stream().map(peer -> new SteadyStream(peer, nanos)).toList()));
    }
  }

  private static OwnContestant bare(Session session, Setup setup, String name, Form form) {
    Encoder encoder = session.bench().encoder(setup);
    return form.bytes() ? OwnContestant.fromBytes(name, encoder) : OwnContestant.likePeers(name, encoder);
  }

  /** Emulated times must not be taken for a GPU's, wherever a row ends up. */
  private static String name(Subject subject, Workload workload, Form form) {
    return (subject.backend().equals("emulated") ? "conceptclip on the emulator " : "conceptclip ") + subject.precision()
        + (form.bytes() && workload instanceof Workload.Vision ? BYTES : "");
  }

  private static List<Entrant> withPeers(Session session, List<Entrant> ours, List<? extends Contestant> peers) {
    List<Entrant> entrants = new ArrayList<>(ours);
    peers.forEach(peer -> entrants.add(new Entrant(peer, Subject.ofPeer(session.setup().model(), peer, null))));
    return entrants;
  }

  private static void report(Session session, Workload workload, String label, List<Entrant> entrants) {
    Interleaved.report(session, new Interleaved(Section.TOWERS, workload, label, Map.of())
        .run(session, entrants, session.plan().rounds()));
  }
}
