package org.conceptclip.bench.throughput;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.Precision;
import org.conceptclip.bench.DeviceOpsBenchmark;
import org.conceptclip.bench.DeviceRoof;
import org.conceptclip.bench.Gpu;
import org.conceptclip.bench.MultiplyAddPeak;
import org.conceptclip.bench.OpsBenchmark;
import org.conceptclip.catalog.OpenModel;
import org.conceptclip.model.ModelConfig;

/** Every op of a block by itself: what the towers' speed is made of. */
public final class OpsSection {
  private OpsSection() {}

  /**
   * Measures.
   *
   * @param model whose widths the ops have; its weights are not loaded
   * @param peak of the CPU, to hold its ops against; empty when it is not known
   */
  public static void run(
      Session session, String model, List<Precision> precisions, Optional<MultiplyAddPeak> peak) {
    ModelConfig config = config(model);
    session.sink().begin(Section.OPS, precisions.size());
    for (Precision precision : precisions) {
      Setup setup = session.setup().withModel(model).withPrecision(precision);
      Backend backend = session.bench().backend(setup);
      switch (backend.name()) {
        case "cuda", "emulated" -> device(session, setup, backend, config);
        default -> host(session, setup, backend, config, peak);
      }
      session.sink().step();
    }
  }

  private static ModelConfig config(String model) {
    try (OpenModel open = OpenModel.open(model)) {
      return open.config();
    }
  }

  private static void host(
      Session session, Setup setup, Backend backend, ModelConfig config, Optional<MultiplyAddPeak> peak) {
    List<ThroughputRow> rows = new ArrayList<>();
    for (OpsBenchmark.Row op : OpsBenchmark.run(backend, config, peak.orElse(null), session.plan().ops())) {
      ThroughputRow.Builder row = row(session, setup, op.op()).rounds("us", op.micros()).figure("gflops", op.gflops())
          .figure("gigabytesPerSecond", op.gigabytes()).parameter("limit", op.limit());
      if (op.percentOfPeak() != null) {
        row.figure("percentOfPeak", op.percentOfPeak());
      }
      rows.add(row.build());
    }
    session.sink().rows(rows);
  }

  private static void device(Session session, Setup setup, Backend backend, ModelConfig config) {
    boolean emulated = backend.name().equals("emulated");
    int images = backend.passLimits().images();
    DeviceRoof roof = emulated ? null : session.gpu().get().map(Gpu::name).flatMap(DeviceRoof::of).orElse(null);
    DeviceOpsBenchmark.Plan plan = emulated
        ? DeviceOpsBenchmark.Plan.onEmulator(images, session.plan().texts())
        : DeviceOpsBenchmark.Plan.onDevice(images, session.plan().texts());
    List<ThroughputRow> rows = new ArrayList<>();
    for (DeviceOpsBenchmark.Row op : DeviceOpsBenchmark.run(backend, config, roof, plan)) {
      ThroughputRow.Builder row = row(session, setup, op.op()).rounds("us", op.lowMicros(), op.micros(), op.highMicros());
      if (op.teraflops() != null) {
        row.figure("gflops", 1e3 * op.teraflops()).figure("gigabytesPerSecond", op.gigabytes());
      }
      if (op.percentOfRoof() != null) {
        row.figure("percentOfRoof", op.percentOfRoof()).parameter("limit", op.roof());
      }
      rows.add(row.build());
    }
    session.sink().rows(rows);
  }

  private static ThroughputRow.Builder row(Session session, Setup setup, String op) {
    return ThroughputRow.of(Section.OPS, session.origin(), session.bench().subject(setup), op, "ours");
  }
}
