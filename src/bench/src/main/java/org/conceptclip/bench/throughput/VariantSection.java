package org.conceptclip.bench.throughput;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.conceptclip.backend.Backend;
import org.conceptclip.bench.OpCheck;
import org.conceptclip.bench.OpsBenchmark;

/** One op of a block in one variant of the kernels or of the backend's options: checked, then timed. */
public final class VariantSection {
  private VariantSection() {}

  /**
   * Checks the op against float64, and times it only when it is right; adds its row.
   *
   * @param name of the variant, the row's contestant
   * @param op one of {@link OpCheck#names}
   * @param parameters of the variant, for the row
   * @param reference computes the truth; the caller closes it
   */
  public static void run(Session session, String name, String op, Map<String, String> parameters, Backend reference) {
    session.sink().begin(Section.OPS, 2);
    Backend backend = session.backend();
    Setup setup = session.setup();
    OpCheck.Result check = OpCheck.run(op, setup.config(), backend, reference);
    session.sink().step();
    Optional<OpsBenchmark.Op> timed = check.failure().isPresent() ? Optional.empty() : Optional.of(time(session, backend, op));
    session.sink().step();
    Subject subject = session.bench().subject(setup).withBatch(setup.batch());
    BenchRow.Builder row = new BenchRow.Builder(
        Section.OPS, session.origin(), subject, timed.map(OpsBenchmark.Op::name).orElse(op), name);
    parameters.forEach(row::parameter);
    row.parameter("bits", check.bits()).figure("rmsError", check.rms()).figure("rmsErrorOfRoundingAlone", check.rounding())
        .figure("largestError", check.largest());
    check.failure().ifPresent(row::failure);
    BenchRow whole = timed.map(measured -> OpsSection.row(row, measured, OpsSection.roof(session.origin()))).orElseGet(row::build);
    session.sink().rows(List.of(whole));
  }

  private static OpsBenchmark.Op time(Session session, Backend backend, String op) {
    BenchPlan plan = session.plan();
    OpsBenchmark.Plan only =
        new OpsBenchmark.Plan(session.setup().batch(), plan.texts(), 0, plan.deviceOps().timing(), op);
    return OpsBenchmark.run(backend, session.setup().config(), only).getFirst();
  }
}
