package org.conceptclip.bench.throughput;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.Precision;
import org.conceptclip.bench.Gpu;
import org.conceptclip.bench.MultiplyAddPeak;
import org.conceptclip.bench.OpsBenchmark;
import org.conceptclip.bench.Roof;
import org.conceptclip.catalog.OpenModel;
import org.conceptclip.model.ModelConfig;

/** Every op of a block by itself: what the towers' speed is made of. */
public final class OpsSection {
  private OpsSection() {}

  /**
   * Measures.
   *
   * @param setups whose models' widths the ops have; weights are not loaded. On a device the batch is the number of images
   * @param peak of the CPU, which its ops are compared with; empty when it is not known
   */
  public static void run(Session session, List<Setup> setups, Optional<MultiplyAddPeak> peak) {
    session.sink().begin(Section.OPS, setups.size());
    for (Setup setup : setups) {
      Backend backend = session.bench().backend(setup);
      Origin origin = session.with(setup).origin();
      Optional<Roof> roof = switch (backend.name()) {
        case "cuda" -> Optional.ofNullable(origin.gpu()).map(Gpu::name).flatMap(Roof::ofDevice);
        case "emulated" -> Optional.empty();
        default -> peak.map(measured -> measured.roof(backend.precision() == Precision.BF16));
      };
      List<BenchRow> rows = new ArrayList<>();
      for (OpsBenchmark.Op op : OpsBenchmark.run(backend, config(setup.model()), plan(session, setup, backend))) {
        rows.add(row(BenchRow.of(Section.OPS, origin, session.bench().subject(setup), op.name(), "ours"), op, roof));
      }
      session.sink().rows(rows);
      session.sink().step();
    }
  }

  private static ModelConfig config(String model) {
    try (OpenModel open = OpenModel.open(model)) {
      return open.config();
    }
  }

  private static OpsBenchmark.Plan plan(Session session, Setup setup, Backend backend) {
    int images = setup.batch() > 0 ? setup.batch() : backend.passLimits().images();
    return switch (backend.name()) {
      case "cuda" -> OpsBenchmark.Plan.onDevice(images, session.plan().texts());
      case "emulated" -> OpsBenchmark.Plan.onEmulator(images, session.plan().texts());
      default -> OpsBenchmark.Plan.onHost(session.plan().ops());
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
