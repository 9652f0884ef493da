package org.conceptclip.bench.throughput;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.conceptclip.bench.Contestant;
import org.conceptclip.bench.Workload;
import org.conceptclip.bench.throughput.Interleaved.Entrant;
import org.conceptclip.runtime.Encoder;

/** Whole towers in one call, from host inputs to host features, against peers on the same inputs. */
public final class TowersSection {
  private TowersSection() {}

  /**
   * Measures each workload. Ratios are taken of the first of our setups, which also runs as its own A/A control. The peers compute the
   * same model; the caller closes them.
   */
  public static void run(Session session, List<Setup> ours, List<? extends Contestant> peers, List<Workload> workloads) {
    session.sink().begin(Section.TOWERS, workloads.size() * session.runs(1 + ours.size() + peers.size()));
    for (Workload workload : workloads) {
      List<Entrant> entrants = new ArrayList<>();
      for (Setup setup : ours) {
        Encoder encoder = session.bench().encoder(setup);
        Subject subject = session.bench().subject(setup);
        // Emulated times must not be taken for a GPU's, wherever a row ends up.
        String name = (subject.backend().equals("emulated") ? "conceptclip on the emulator " : "conceptclip ") + subject.precision();
        entrants.add(new Entrant(OwnContestant.likePeers(name, encoder), subject));
        if (entrants.size() == 1) {
          entrants.add(new Entrant(OwnContestant.likePeers(name + BenchRow.CONTROL, encoder), subject));
        }
      }
      peers.forEach(peer -> entrants.add(new Entrant(peer, Subject.ofPeer(session.setup().model(), peer, null))));
      Interleaved.report(session, new Interleaved(Section.TOWERS, workload, workload.label(), Map.of())
          .run(session, entrants, session.plan().rounds()));
    }
  }
}
