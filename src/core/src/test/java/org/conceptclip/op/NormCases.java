package org.conceptclip.op;

import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.conceptclip.tensor.DType;

/** Cases of {@link Ops#layerNorm} and {@link Ops#addNorm}. */
final class NormCases {
  private static final int[] WIDTHS = {72, 96, 144, 768, 1152};
  private static final int[] ROWS = {1, 2, 17};
  private static final double[] EPSILONS = {1e-6, 1e-12};

  private NormCases() {}

  static Stream<ContractCase> all() {
    Stream<ContractCase> shapes = IntStream.of(WIDTHS).boxed().flatMap(width -> IntStream.of(ROWS).boxed()
        .flatMap(rows -> Stream.of(
            layerNorm("normal", 1e-6, Values.normal(20, rows, width, 3)),
            addNorm(rows, width, 1e-6, false),
            addNorm(rows, width, 1e-12, true))));
    Stream<ContractCase> special = Arrays.stream(EPSILONS).boxed().flatMap(epsilon -> Stream.of(
        layerNorm("outliers of 60", epsilon, withOutliers()),
        layerNorm("constant", epsilon, constant(0.5)),
        layerNorm("constant zero", epsilon, constant(0)),
        layerNorm("deviation 1e-3", epsilon, Values.normal(21, 5, 144, 1e-3)),
        layerNorm("deviation 1e-6", epsilon, Values.normal(22, 5, 144, 1e-6)),
        layerNorm("mean 50", epsilon, shifted(50))));
    return Stream.of(shapes, special, Stream.of(addNorm(729, 144, 1e-6, false), addNorm(197, 96, 1e-12, true)))
        .flatMap(cases -> cases);
  }

  private static double[][] withOutliers() {
    double[][] x = Values.normal(23, 6, 144, 1);
    for (int row = 0; row < x.length; row++) {
      x[row][7 * row] = 60;
      x[row][143 - row] = -60;
    }
    return x;
  }

  private static double[][] constant(double value) {
    double[][] x = new double[3][144];
    for (double[] row : x) {
      Arrays.fill(row, value);
    }
    return x;
  }

  private static double[][] shifted(double mean) {
    return new double[][] {Values.vector(24, 144, mean, 1), Values.vector(25, 144, -mean, 1)};
  }

  private static ContractCase layerNorm(String kind, double epsilon, double[][] values) {
    String name = "layerNorm of " + kind + " " + values.length + " x " + values[0].length + " eps " + epsilon;
    return new ContractCase(name, bench -> {
      Bench.Norm norm = norm(bench, values[0].length, epsilon);
      // The towers normalise the residual stream and pooled features, both to activations.
      for (DType type : Stream.of(bench.residual(), bench.feature()).distinct().toList()) {
        Bench.Operand x = bench.input(type, values);
        Bench.Operand out = bench.output(bench.activation(), values.length, values[0].length);
        bench.ops().layerNorm(x.tensor(), norm.weights(), out.tensor());
        Comparison.check(
            name + " of " + type,
            bench.result(out),
            bench.exact().layerNorm(x.values(), norm.weight(), norm.bias(), epsilon, bench.activation()),
            bench.plain().layerNorm(x.values(), norm.weight(), norm.bias(), epsilon, bench.activation()),
            bench.activation());
      }
    });
  }

  /** Pre-norm keeps the sum in the residual type; post-norm lives in one activation buffer. */
  private static ContractCase addNorm(int rows, int width, double epsilon, boolean inPlace) {
    String name = "addNorm " + rows + " x " + width + " eps " + epsilon + (inPlace ? " in place" : "");
    return new ContractCase(name, bench -> {
      Bench.Norm norm = norm(bench, width, epsilon);
      DType stream = inPlace ? bench.activation() : bench.residual();
      Bench.Operand x = bench.inOut(stream, Values.normal(26, rows, width, 2));
      Bench.Operand y = bench.input(bench.activation(), Values.normal(27, rows, width, 1));
      Bench.Operand out = inPlace ? x : bench.output(bench.activation(), rows, width);
      bench.ops().addNorm(x.tensor(), y.tensor(), norm.weights(), out.tensor());
      double[][] exactSum = bench.exact().add(x.values(), y.values(), stream);
      double[][] plainSum = bench.plain().add(x.values(), y.values(), stream);
      if (!inPlace) {
        Comparison.check(name + ": x", bench.result(x), exactSum, plainSum, stream);
      }
      Comparison.check(
          name,
          bench.result(out),
          bench.exact().layerNorm(exactSum, norm.weight(), norm.bias(), epsilon, bench.activation()),
          bench.plain().layerNorm(plainSum, norm.weight(), norm.bias(), epsilon, bench.activation()),
          bench.activation());
    });
  }

  private static Bench.Norm norm(Bench bench, int width, double epsilon) {
    return bench.norm(Values.vector(28, width, 1, 0.2), Values.vector(29, width, 0, 0.2), epsilon);
  }
}
