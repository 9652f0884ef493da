package org.conceptclip.bench.throughput;

import java.util.List;
import org.conceptclip.backend.Backend;
import org.conceptclip.bench.ContestantFailedException;

/**
 * What every section of a run works with.
 *
 * @param bench opens models
 * @param setup what is measured
 * @param plan how much
 * @param sink receives rows as soon as they are measured
 */
public record Session(Workbench bench, Setup setup, BenchPlan plan, Sink sink) {

  /** Where results and progress go. */
  public interface Sink {
    void rows(List<BenchRow> rows);

    /** Begins a section of this number of steps. */
    void begin(Section section, int steps);

    void step();
  }

  Origin origin() {
    return Origin.now(setup.backend());
  }

  /** A row for a section that ended early. */
  public BenchRow failed(Section section, ContestantFailedException why) {
    return new BenchRow.Builder(section, origin(), bench.subject(setup), "the rest of the section", "all")
        .failure(why.getMessage()).build();
  }

  /** What computes. */
  public Backend backend() {
    return bench.backend(setup);
  }

  /** The same run on another setup. */
  public Session with(Setup other) {
    return new Session(bench, other, plan, sink);
  }

  /** Contestant runs of a workload. */
  int runs(int contestants) {
    return contestants * plan.rounds().reports();
  }
}
