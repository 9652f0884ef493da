package org.conceptclip.op;

import java.util.stream.Stream;

/** Cases of {@link Ops#linearAddNorm}: its sum and its norm, against the three formulas one after the other. */
final class LinearAddNormCases {
  private static final double EPSILON = 1e-6;

  private LinearAddNormCases() {}

  static Stream<ContractCase> all() {
    return Stream.of(
        linearAddNorm(1, 72, 96, true, 1),
        linearAddNorm(2, 96, 72, true, 1),
        linearAddNorm(17, 538, 144, true, 1),
        linearAddNorm(63, 144, 144, true, 60),
        linearAddNorm(64, 40, 72, false, 1),
        linearAddNorm(65, 72, 1152, true, 1),
        linearAddNorm(3, 4304, 1152, true, 1),
        linearAddNorm(197, 24, 24, true, 1e-3),
        linearAddNorm(5, 1, 2, true, 1));
  }

  /** @param spread of the stream, beside updates of order one: trained towers have outliers */
  private static ContractCase linearAddNorm(int rows, int inputs, int outputs, boolean bias, double spread) {
    String name = "linearAddNorm " + rows + " x " + inputs + " -> " + outputs + (bias ? "" : " without bias") + ", stream of " + spread;
    return new ContractCase(name, bench -> {
      double[] biasOrNull = bias ? Values.vector(201, outputs, 0.1, 0.5) : null;
      Bench.Linear linear = bench.linear(Values.weights(202, outputs, inputs), biasOrNull);
      Bench.Norm norm = bench.norm(Values.vector(203, outputs, 1, 0.2), Values.vector(204, outputs, 0, 0.2), EPSILON);
      Bench.Operand x = bench.input(bench.activation(), Values.normal(205, rows, inputs, 1));
      Bench.Operand residual = bench.inOut(bench.residual(), Values.normal(206, rows, outputs, spread));
      Bench.Operand update = bench.output(bench.activation(), rows, outputs);
      Bench.Operand out = bench.output(bench.activation(), rows, outputs);
      bench.ops().linearAddNorm(x.tensor(), linear.weights(), residual.tensor(), norm.weights(), update.tensor(), out.tensor());
      double[][] exactSum = sum(bench.exact(), bench, linear, x, residual);
      double[][] plainSum = sum(bench.plain(), bench, linear, x, residual);
      Comparison.check(name + ": residual", bench.result(residual), exactSum, plainSum, bench.residual());
      Comparison.check(
          name,
          bench.result(out),
          bench.exact().layerNorm(exactSum, norm.weight(), norm.bias(), EPSILON, bench.activation()),
          bench.plain().layerNorm(plainSum, norm.weight(), norm.bias(), EPSILON, bench.activation()),
          bench.activation());
      // Its content is undefined, its surroundings are not: this looks at the guards.
      bench.result(update);
    });
  }

  private static double[][] sum(PlainOps ops, Bench bench, Bench.Linear linear, Bench.Operand x, Bench.Operand residual) {
    double[][] update = ops.linear(x.values(), linear.weight(), linear.biasOrNull(), Epilogue.NONE, null, bench.activation());
    return ops.add(residual.values(), update, bench.residual());
  }
}
