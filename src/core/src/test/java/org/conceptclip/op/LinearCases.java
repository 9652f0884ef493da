package org.conceptclip.op;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;

/** Cases of {@link Ops#linear}. */
final class LinearCases {
  private static final int[] ROWS = {1, 2, 15, 16, 17, 63, 64, 65, 77, 197, 729};

  private LinearCases() {}

  static Stream<ContractCase> all() {
    Stream<ContractCase> lengths = IntStream.of(ROWS).boxed().flatMap(rows -> Stream.of(Epilogue.values())
        .map(epilogue -> product(rows, 72, 96, true, epilogue)));
    Stream<ContractCase> widths = Stream.of(
        product(1, 1152, 3456, true, Epilogue.NONE),
        product(17, 768, 2304, true, Epilogue.NONE),
        product(16, 1152, 538, true, Epilogue.GELU),
        product(15, 538, 1152, true, Epilogue.ACCUMULATE),
        product(2, 1152, 4304, true, Epilogue.GELU),
        product(3, 4304, 1152, true, Epilogue.NONE),
        product(65, 144, 432, true, Epilogue.NONE),
        product(5, 768, 1152, false, Epilogue.NONE),
        product(33, 96, 72, false, Epilogue.GELU),
        product(33, 96, 72, false, Epilogue.ACCUMULATE),
        product(7, 1, 1, true, Epilogue.NONE));
    Stream<ContractCase> gelu = Stream.of(
        gelu("both tails", -20, 20),
        gelu("the bend", -3, 1),
        gelu("the negative tail", -6, -3),
        gelu("around zero", -1e-3, 1e-3),
        gelu("tiny values", -1e-7, 1e-7));
    Stream<ContractCase> weights =
        Stream.concat(Stream.of(DType.F64, DType.F32, DType.F16, DType.BF16).map(LinearCases::source), Stream.of(nearest()));
    return Stream.of(lengths, widths, gelu, weights).flatMap(cases -> cases);
  }

  private static ContractCase product(int rows, int inputs, int outputs, boolean bias, Epilogue epilogue) {
    String name = "linear " + rows + " x " + inputs + " -> " + outputs + (bias ? " " : " without bias ") + epilogue;
    return new ContractCase(name, bench -> {
      double[] biasOrNull = bias ? Values.vector(1, outputs, 0.1, 0.5) : null;
      Bench.Linear linear = bench.linear(Values.weights(2, outputs, inputs), biasOrNull);
      // The towers ask for these types: sums go to the feature type, everything else to activations.
      DType type = epilogue == Epilogue.ACCUMULATE ? bench.feature() : bench.activation();
      check(name, bench, Values.normal(3, rows, inputs, 1), linear, epilogue, type);
      if (epilogue == Epilogue.NONE && bench.feature() != type) {
        check(name + " to features", bench, Values.normal(4, rows, inputs, 1), linear, epilogue, bench.feature());
      }
    });
  }

  private static void check(
      String name, Bench bench, double[][] values, Bench.Linear linear, Epilogue epilogue, DType type) {
    Bench.Operand x = bench.input(bench.activation(), values);
    Bench.Operand out = epilogue == Epilogue.ACCUMULATE
        ? bench.inOut(type, Values.normal(5, values.length, linear.weight().length, 1))
        : bench.output(type, values.length, linear.weight().length);
    bench.ops().linear(x.tensor(), linear.weights(), epilogue, out.tensor());
    Comparison.check(
        name,
        bench.result(out),
        bench.exact().linear(x.values(), linear.weight(), linear.biasOrNull(), epilogue, out.values(), type),
        bench.plain().linear(x.values(), linear.weight(), linear.biasOrNull(), epilogue, out.values(), type),
        type);
  }

  /** A 1 x 1 identity matrix leaves GELU alone. */
  private static ContractCase gelu(String where, double first, double last) {
    return new ContractCase("gelu in " + where + ": " + first + " to " + last, bench -> {
      Bench.Linear identity = bench.linear(new double[][] {{1}}, null);
      check("gelu", bench, Values.column(first, last, 801), identity, Epilogue.GELU, bench.activation());
    });
  }

  /** Weights may come in any floating-point type. */
  private static ContractCase source(DType source) {
    String name = "linear from " + source + " weights";
    return new ContractCase(name, bench -> {
      double[][] weight = Rounding.to(source, Rounding.to(bench.weightType(), Values.weights(6, 24, 40)));
      double[] bias = Rounding.to(source, Rounding.to(bench.weightType(), Values.vector(7, 24, 0, 1)));
      LinearWeights weights = bench.parameters().linear(name, as(source, weight), as(source, new double[][] {bias}).reshape(24));
      // What the source holds may not fit the backend's type, so both are rounded, in that order.
      Bench.Linear linear = new Bench.Linear(
          Rounding.to(bench.weightType(), weight), Rounding.to(bench.weightType(), bias), weights);
      check(name, bench, Values.normal(8, 9, 40, 1), linear, Epilogue.NONE, bench.activation());
    });
  }

  private static HostTensor as(DType type, double[][] values) {
    HostTensor tensor = HostTensor.allocate(Arena.ofAuto(), type, values.length, values[0].length);
    double[] flat = Values.flat(values);
    for (int i = 0; i < flat.length; i++) {
      tensor.set(i, flat[i]);
    }
    return tensor;
  }

  /** Against weights before rounding: cutting digits off instead of rounding them errs twice as much, all one way. */
  private static ContractCase nearest() {
    String name = "weights are rounded to nearest";
    return new ContractCase(name, bench -> {
      int inputs = 512;
      double[][] weight = Rounding.to(DType.F32, Values.normal(9, 64, inputs, 1));
      for (double[] row : weight) {
        for (int i = 0; i < inputs; i++) {
          row[i] = Math.abs(row[i]);
        }
      }
      double[][] ones = Values.normal(10, 2, inputs, 0);
      for (double[] row : ones) {
        Arrays.fill(row, 1);
      }
      Bench.Operand x = bench.input(bench.activation(), ones);
      Bench.Operand out = bench.output(bench.feature(), 2, 64);
      LinearWeights weights = bench.parameters().linear(name, Bench.host(weight), null);
      bench.ops().linear(x.tensor(), weights, Epilogue.NONE, out.tensor());
      double[][] rounded = Rounding.to(bench.weightType(), weight);
      Comparison.check(
          name,
          bench.result(out),
          bench.exact().linear(x.values(), weight, null, Epilogue.NONE, null, bench.feature()),
          bench.plain().linear(x.values(), rounded, null, Epilogue.NONE, null, bench.feature()),
          bench.feature());
    });
  }
}
