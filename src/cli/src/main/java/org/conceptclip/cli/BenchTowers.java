package org.conceptclip.cli;

import java.util.List;
import org.conceptclip.backend.Backend;
import org.conceptclip.bench.BenchRow;
import org.conceptclip.bench.EncoderContestant;
import org.conceptclip.bench.Rounds;
import org.conceptclip.bench.TowersBenchmark;
import org.conceptclip.bench.Workload;
import org.conceptclip.catalog.OpenModel;
import org.conceptclip.runtime.Encoder;

/** What the benchmarks of whole towers share. */
final class BenchTowers {
  private BenchTowers() {}

  /**
   * Adds ours, and its A/A twin if it is the first.
   *
   * @param backend becomes the contestants' to close
   */
  static void addOurs(OwnedContestants contestants, Backend backend, String model, String name) {
    contestants.own(backend);
    Encoder encoder;
    try (OpenModel open = OpenModel.open(model)) {
      encoder = contestants.own(open.load(backend));
    }
    boolean first = contestants.all().isEmpty();
    contestants.add(new EncoderContestant(name, encoder));
    if (first) {
      contestants.add(new EncoderContestant(name + ", again (A/A)", encoder));
    }
  }

  /** Runs all workloads and reports each as it ends. Returns the exit code: partly done when a contestant failed. */
  static int run(Console console, TowersBenchmark benchmark, List<Workload> workloads, Rounds plan, BenchOutput output) {
    long runs = (long) workloads.size() * (1 + benchmark.others().size()) * (plan.count() + plan.warmups());
    boolean failed = false;
    try (Progress progress = new Progress(console, "bench", runs)) {
      for (Workload workload : workloads) {
        List<BenchRow> rows = benchmark.run(workload, plan, name -> progress.advance(1));
        output.report(console, List.copyOf(rows), BenchTables::towers);
        failed |= rows.stream().anyMatch(row -> row.failure() != null);
      }
    }
    return failed ? ExitCode.PARTLY_DONE : ExitCode.DONE;
  }
}
