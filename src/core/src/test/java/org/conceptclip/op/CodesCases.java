package org.conceptclip.op;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.conceptclip.calibration.Calibration;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.Tensor;

/**
 * Cases of ops that read or write codes of F8_E4M3, for backends that were opened with {@link #calibration}. Products are compared with a
 * plain computation over the same codes that adds as the device does, results in codes with the codes of the truth.
 */
final class CodesCases {
  private static final double EPSILON = 1e-6;
  private static final float SMALL = 0.0078f;
  private static final float MEDIUM = 0.031f;

  /** So small that the largest results are cut to 448 times it. */
  private static final float CUTTING = 0.0031f;

  /** {@code geluForE4m3} of the kernels promises it. */
  private static final double GELU_ERROR = 1.8e-4;

  private CodesCases() {}

  /** A calibration by which every product of {@link #product} reads codes, and no other. */
  static Calibration calibration() {
    SequencedMap<String, Calibration.Product> products = new LinkedHashMap<>();
    for (float scale : new float[] {SMALL, MEDIUM, CUTTING}) {
      products.put(product(scale), new Calibration.Product(1, scale, 1, 1, 0, true, true));
    }
    Calibration.Agreement same = new Calibration.Agreement(1, 1);
    return new Calibration("contract", "contract", "0".repeat(64), new Calibration.Images(2, 1, false), same, same, products);
  }

  /** Name of the matrix of a product that reads codes of this scale. */
  static String product(float scale) {
    return "contract.codes " + scale;
  }

  static Stream<ContractCase> all() {
    Stream<ContractCase> rows = IntStream.of(1, 2, 63, 64, 65, 129).boxed().flatMap(count -> Stream.of(
        product(count, 72, 96, true, Epilogue.NONE, DType.F16),
        product(count, 72, 96, true, Epilogue.ACCUMULATE, DType.F32)));
    Stream<ContractCase> shapes = Stream.of(
        product(17, 144, 432, true, Epilogue.NONE, DType.F16),
        product(3, 1152, 538, true, Epilogue.NONE, DType.F32),
        product(5, 4304, 200, true, Epilogue.ACCUMULATE, DType.F32),
        product(2, 4304, 72, false, Epilogue.ACCUMULATE, DType.F16),
        product(33, 96, 72, false, Epilogue.GELU, DType.F16),
        product(7, 1, 1, true, Epilogue.NONE, DType.F16),
        product(5, 17, 33, true, Epilogue.NONE, DType.F16));
    Stream<ContractCase> written = Stream.of(
        gelu(17, 144, 576, true, true, MEDIUM), gelu(65, 72, 98, true, false, CUTTING), gelu(9, 144, 200, false, true, MEDIUM),
        fromHalves(9, 144, 200),
        layerNorm(1, 144, SMALL), layerNorm(17, 1152, MEDIUM), layerNorm(5, 77, CUTTING),
        addNorm(1, 144, MEDIUM), addNorm(17, 1152, SMALL), addNorm(5, 77, CUTTING),
        linearAddNorm(17, 144, 144), linearAddNorm(65, 538, 72),
        attention(Sequences.packed(25), 2, 72), attention(Sequences.packed(1, 77, 197, 16), 2, 72),
        attention(Sequences.packed(17, 40), 4, 24), attention(Sequences.packed(12, 77), 1, 64));
    return Stream.of(rows, shapes, written, Stream.of(invariantProducts(), invariantNorm(), invariantAttention()))
        .flatMap(cases -> cases);
  }

  /** Sums of codes as the device adds them, times the scales, plus the bias; before they are stored. */
  private static double[][] plainSums(Bench.Operand x, Bench.Coded weights) {
    double[][] sums = new double[x.values().length][weights.codes().length];
    for (int row = 0; row < sums.length; row++) {
      double[] codes = Arrays.stream(x.values()[row]).map(value -> Rounding.toCode(1, value / weights.inputScale())).toArray();
      for (int o = 0; o < weights.codes().length; o++) {
        float scale = weights.scales()[o] * weights.inputScale();
        float sum = (float) (ProductSums.HOPPER_E4M3.dot(codes, weights.codes()[o]) * scale);
        sums[row][o] = weights.biasOrNull() == null ? sum : (float) (sum + weights.biasOrNull()[o]);
      }
    }
    return sums;
  }

  private static double[][] exactSums(Bench bench, Bench.Operand x, Bench.Coded weights) {
    return bench.exact().linear(x.values(), weights.weight(), weights.biasOrNull(), Epilogue.NONE, null, DType.F64);
  }

  private static double[][] each(double[][] values, DoubleUnaryOperator function) {
    return Arrays.stream(values).map(row -> Arrays.stream(row).map(function).toArray()).toArray(double[][]::new);
  }

  private static Bench.Coded weights(Bench bench, int inputs, int outputs, boolean bias, float scale) {
    return bench.coded(Values.weights(301, outputs, inputs), bias ? Values.vector(302, outputs, 0.1, 0.5) : null, scale);
  }

  /** A product that reads codes. */
  private static ContractCase product(int rows, int inputs, int outputs, boolean bias, Epilogue epilogue, DType type) {
    String name = "codes: linear " + rows + " x " + inputs + " -> " + outputs + (bias ? " " : " without bias ") + epilogue + " to " + type;
    return new ContractCase(name, bench -> {
      Bench.Coded weights = weights(bench, inputs, outputs, bias, SMALL);
      Bench.Operand x = bench.inputOf(weights.weights(), Values.normal(303, rows, inputs, 1));
      Bench.Operand out = epilogue == Epilogue.ACCUMULATE
          ? bench.inOut(type, Values.normal(304, rows, outputs, 1))
          : bench.output(type, rows, outputs);
      bench.ops().linear(x.tensor(), weights.weights(), epilogue, out.tensor());
      double[][] exact = exactSums(bench, x, weights);
      double[][] plain = plainSums(x, weights);
      switch (epilogue) {
        case NONE -> plain = Rounding.to(type, plain);
        case GELU -> {
          exact = each(exact, bench.exact()::gelu);
          plain = Rounding.to(type, each(plain, bench.plain()::gelu));
        }
        case ACCUMULATE -> {
          exact = bench.exact().add(out.values(), exact, type);
          plain = bench.plain().add(out.values(), plain, type);
        }
      }
      Comparison.check(name, bench.result(out), exact, plain, type);
    });
  }

  /** GELU for a product that reads codes, by a product that reads codes, and once more alone. */
  private static ContractCase gelu(int rows, int inputs, int outputs, boolean bias, boolean gelu, float scale) {
    String name = "codes: linear " + rows + " x " + inputs + " -> " + outputs + (gelu ? " GELU" : "") + " to codes of scale " + scale;
    return new ContractCase(name, bench -> {
      Bench.Coded weights = weights(bench, inputs, outputs, bias, MEDIUM);
      Bench.Coded next = weights(bench, outputs, 8, false, scale);
      Bench.Operand x = bench.inputOf(weights.weights(), Values.normal(305, rows, inputs, 1));
      Bench.Operand out = bench.outputOf(next.weights(), rows);
      bench.ops().linear(x.tensor(), weights.weights(), gelu ? Epilogue.GELU : Epilogue.NONE, out.tensor());
      double[][] exact = exactSums(bench, x, weights);
      double[][] plain = plainSums(x, weights);
      if (gelu) {
        exact = each(exact, bench.exact()::gelu);
        plain = each(plain, bench.plain()::gelu);
      }
      Comparison.checkCodes(name, bench.result(out), exact, plain, gelu ? DType.F32 : bench.activation(), scale, gelu ? GELU_ERROR : 0);
    });
  }

  /** A product of activations whose results are read as codes: a calibration may leave a layer in float16. */
  private static ContractCase fromHalves(int rows, int inputs, int outputs) {
    String name = "codes: linear " + rows + " x " + inputs + " -> " + outputs + " GELU of activations to codes";
    return new ContractCase(name, bench -> {
      Bench.Linear weights = bench.linear(Values.weights(306, outputs, inputs), Values.vector(307, outputs, 0.1, 0.5));
      Bench.Coded next = weights(bench, outputs, 8, false, MEDIUM);
      Bench.Operand x = bench.input(bench.activation(), Values.normal(308, rows, inputs, 1));
      for (Epilogue epilogue : new Epilogue[] {Epilogue.NONE, Epilogue.GELU}) {
        Bench.Operand out = bench.outputOf(next.weights(), rows);
        bench.ops().linear(x.tensor(), weights.weights(), epilogue, out.tensor());
        Comparison.checkCodes(name + " " + epilogue, bench.result(out),
            bench.exact().linear(x.values(), weights.weight(), weights.biasOrNull(), epilogue, null, DType.F64),
            bench.plain().linear(x.values(), weights.weight(), weights.biasOrNull(), epilogue, null, bench.activation()),
            bench.activation(), MEDIUM, 0);
      }
    });
  }

  private static Bench.Norm norm(Bench bench, int width) {
    return bench.norm(Values.vector(309, width, 1, 0.2), Values.vector(310, width, 0, 0.2), EPSILON);
  }

  private static void checkNorm(String name, Bench bench, Bench.Operand out, double[][] exact, double[][] plain, Bench.Norm norm) {
    Comparison.checkCodes(name, bench.result(out),
        bench.exact().layerNorm(exact, norm.weight(), norm.bias(), EPSILON, DType.F64),
        bench.plain().layerNorm(plain, norm.weight(), norm.bias(), EPSILON, DType.F32),
        DType.F32, out.tensor().scale(), 0);
  }

  private static ContractCase layerNorm(int rows, int width, float scale) {
    String name = "codes: layerNorm " + rows + " x " + width + " to codes of scale " + scale;
    return new ContractCase(name, bench -> {
      Bench.Norm norm = norm(bench, width);
      for (DType type : Stream.of(bench.residual(), bench.activation()).distinct().toList()) {
        Bench.Operand x = bench.input(type, Values.normal(311, rows, width, 3));
        Bench.Operand out = bench.outputOf(weights(bench, width, 8, false, scale).weights(), rows);
        bench.ops().layerNorm(x.tensor(), norm.weights(), out.tensor());
        checkNorm(name + " of " + type, bench, out, x.values(), x.values(), norm);
      }
    });
  }

  private static ContractCase addNorm(int rows, int width, float scale) {
    String name = "codes: addNorm " + rows + " x " + width + " to codes of scale " + scale;
    return new ContractCase(name, bench -> {
      Bench.Norm norm = norm(bench, width);
      Bench.Operand x = bench.inOut(bench.residual(), Values.normal(312, rows, width, 2));
      Bench.Operand y = bench.input(bench.activation(), Values.normal(313, rows, width, 1));
      Bench.Operand out = bench.outputOf(weights(bench, width, 8, false, scale).weights(), rows);
      bench.ops().addNorm(x.tensor(), y.tensor(), norm.weights(), out.tensor());
      double[][] exact = bench.exact().add(x.values(), y.values(), bench.residual());
      double[][] plain = bench.plain().add(x.values(), y.values(), bench.residual());
      Comparison.check(name + ": x", bench.result(x), exact, plain, bench.residual());
      checkNorm(name, bench, out, exact, plain, norm);
    });
  }

  private static ContractCase linearAddNorm(int rows, int inputs, int outputs) {
    String name = "codes: linearAddNorm " + rows + " x " + inputs + " -> " + outputs;
    return new ContractCase(name, bench -> {
      Bench.Coded weights = weights(bench, inputs, outputs, true, SMALL);
      Bench.Norm norm = norm(bench, outputs);
      Bench.Operand x = bench.inputOf(weights.weights(), Values.normal(314, rows, inputs, 1));
      Bench.Operand residual = bench.inOut(bench.residual(), Values.normal(315, rows, outputs, 2));
      Bench.Operand update = bench.output(bench.activation(), rows, outputs);
      Bench.Operand out = bench.outputOf(weights(bench, outputs, 8, false, MEDIUM).weights(), rows);
      bench.ops().linearAddNorm(x.tensor(), weights.weights(), residual.tensor(), norm.weights(), update.tensor(), out.tensor());
      double[][] exact = bench.exact().add(residual.values(), exactSums(bench, x, weights), bench.residual());
      double[][] plain = bench.plain().add(residual.values(), plainSums(x, weights), bench.residual());
      Comparison.check(name + ": residual", bench.result(residual), exact, plain, bench.residual());
      checkNorm(name, bench, out, exact, plain, norm);
      bench.result(update);
    });
  }

  private static ContractCase attention(Sequences sequences, int heads, int headWidth) {
    int width = heads * headWidth;
    String name = "codes: attention " + Arrays.toString(sequences.keyLengths()) + ", " + heads + " heads of " + headWidth;
    return new ContractCase(name, bench -> {
      Bench.Operand qkv = bench.input(bench.activation(), Values.normal(316, sequences.totalRows(), 3 * width, 1));
      Bench.Operand out = bench.outputOf(weights(bench, width, 8, false, SMALL).weights(), sequences.totalRows());
      bench.ops().attention(qkv.tensor(), sequences, heads, out.tensor());
      Comparison.checkCodes(name, bench.result(out),
          bench.exact().attention(qkv.values(), sequences, heads, DType.F64),
          bench.plain().attention(qkv.values(), sequences, heads, bench.activation()), bench.activation(), SMALL, 0);
    });
  }

  /** Computes rows {@code first} to {@code first + count} as a batch of their own. */
  private interface Part {
    double[][] compute(int first, int count);
  }

  private static void checkParts(String name, int rows, Part part) {
    double[][] whole = part.compute(0, rows);
    int[][] ranges = {{0, rows}, {0, 1}, {rows - 1, 1}, {rows / 2, 1}, {1, rows - 1}, {rows / 3, rows / 2}};
    for (int[] range : ranges) {
      Comparison.checkIdentical(name + ": rows " + range[0] + " to " + (range[0] + range[1]) + " apart from " + rows,
          part.compute(range[0], range[1]), Arrays.copyOfRange(whole, range[0], range[0] + range[1]));
    }
  }

  private static ContractCase invariantProducts() {
    return new ContractCase("codes: batch invariance of linear", bench -> {
      Bench.Coded weights = weights(bench, 144, 440, true, SMALL);
      Bench.Coded next = weights(bench, 440, 8, false, MEDIUM);
      Bench.Operand x = bench.inputOf(weights.weights(), Values.normal(317, 150, 144, 1));
      checkParts("linear to codes", 150, (first, count) -> {
        Bench.Operand out = bench.outputOf(next.weights(), count);
        bench.ops().linear(bench.rows(x, first, count), weights.weights(), Epilogue.GELU, out.tensor());
        return bench.result(out);
      });
      checkParts("linear to activations", 150, (first, count) -> {
        Bench.Operand out = bench.output(bench.activation(), count, 440);
        bench.ops().linear(bench.rows(x, first, count), weights.weights(), Epilogue.NONE, out.tensor());
        return bench.result(out);
      });
    });
  }

  private static ContractCase invariantNorm() {
    return new ContractCase("codes: batch invariance of layerNorm", bench -> {
      Bench.Norm norm = norm(bench, 144);
      Bench.Coded next = weights(bench, 144, 8, false, MEDIUM);
      Bench.Operand x = bench.input(bench.residual(), Values.normal(318, 33, 144, 1));
      checkParts("layerNorm", 33, (first, count) -> {
        Bench.Operand out = bench.outputOf(next.weights(), count);
        bench.ops().layerNorm(bench.rows(x, first, count), norm.weights(), out.tensor());
        return bench.result(out);
      });
    });
  }

  private static ContractCase invariantAttention() {
    return new ContractCase("codes: batch invariance of attention", bench -> {
      Sequences images = Sequences.uniform(5, 25);
      Bench.Coded next = weights(bench, 144, 8, false, MEDIUM);
      Bench.Operand qkv = bench.input(bench.activation(), Values.normal(319, images.totalRows(), 3 * 144, 1));
      Bench.Operand all = bench.outputOf(next.weights(), images.totalRows());
      bench.ops().attention(qkv.tensor(), images, 2, all.tensor());
      double[][] whole = bench.result(all);
      for (int image = 0; image < 5; image += 2) {
        Bench.Operand out = bench.outputOf(next.weights(), 25);
        Tensor rows = bench.rows(qkv, 25 * image, 25);
        bench.ops().attention(rows, Sequences.uniform(1, 25), 2, out.tensor());
        Comparison.checkIdentical("image " + image, bench.result(out), Arrays.copyOfRange(whole, 25 * image, 25 * image + 25));
      }
    });
  }
}
