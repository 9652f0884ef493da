package org.conceptclip.bench.throughput;

import java.util.List;
import java.util.Optional;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.Precision;
import org.conceptclip.bench.Gpu;
import org.conceptclip.bench.MultiplyAddPeak;
import org.conceptclip.bench.OpsBenchmark;
import org.conceptclip.bench.Roof;

/** Every op of a block by itself: what the towers' speed is made of. */
public final class OpsSection {
  private OpsSection() {}

  /**
   * Measures ops at the widths of each setup's model, whose weights are not loaded. On a device the batch is the number of images. Ops of
   * the CPU are compared with its peak, if it is known.
   */
  public static void run(Session session, List<Setup> setups, Optional<MultiplyAddPeak> peak) {
    session.sink().begin(Section.OPS, setups.size());
    for (Setup setup : setups) {
      Backend backend = session.bench().backend(setup);
      Origin origin = session.with(setup).origin();
      Optional<Roof> roof = switch (backend.name()) {
        case "cuda" -> roof(origin);
        case "emulated" -> Optional.empty();
        default -> peak.map(measured -> measured.roof(backend.precision() == Precision.BF16));
      };
      Subject subject = session.bench().subject(setup);
      session.sink().rows(OpsBenchmark.run(backend, setup.config(), plan(session, setup, backend)).stream()
          .map(op -> row(new BenchRow.Builder(Section.OPS, origin, subject, op.name(), "ours"), op, roof)).toList());
      session.sink().step();
    }
  }

  /** By the data sheet of the GPU, where one computed that is known. */
  static Optional<Roof> roof(Origin origin) {
    return Optional.ofNullable(origin.gpu()).map(Gpu::name).flatMap(Roof::ofDevice);
  }

  private static OpsBenchmark.Plan plan(Session session, Setup setup, Backend backend) {
    int images = setup.batch() > 0 ? setup.batch() : backend.passLimits().images();
    return switch (backend.name()) {
      case "cuda", "emulated" -> new OpsBenchmark.Plan(
          images, session.plan().texts(), session.plan().deviceOps().ceiling(), session.plan().deviceOps().timing());
      default -> new OpsBenchmark.Plan(1, 32, 0, session.plan().ops());
    };
  }

  /** Rates, and the share of the roof that is closest, of an op that took longer than noise. */
  static BenchRow row(BenchRow.Builder row, OpsBenchmark.Op op, Optional<Roof> roof) {
    row.statistics("us", op.nanos().scaled(1e-3)).figure("gigaflop", op.flops() / 1e9).figure("megabytes", op.bytes() / 1e6);
    if (op.isTimed()) {
      row.figure("gflops", op.flops() > 0 ? op.gflops() : Double.NaN).figure("gigabytesPerSecond", op.gigabytes());
      roof.ifPresent(most -> {
        double arithmetic = op.gflops() / most.gflops();
        double memory = op.gigabytes() / most.gigabytes();
        if (arithmetic > 0 || memory > 0) {
          row.parameter(BenchRow.LIMIT, arithmetic > memory ? "arithmetic" : "memory")
              .figure("percentOfRoof", 100 * Math.max(arithmetic, memory))
              .figure("roofGflops", most.gflops()).figure("roofGigabytesPerSecond", most.gigabytes());
        }
      });
    }
    return row.build();
  }
}
