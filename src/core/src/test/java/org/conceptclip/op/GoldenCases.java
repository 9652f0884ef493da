package org.conceptclip.op;

import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.weights.SafetensorsFile;
import org.conceptclip.weights.TensorLoan;

/**
 * Cases against vectors that the official PyTorch code computed in float64 ({@code golden/ops}). They also hold the plain
 * formulas of this suite to it: {@link #checkFormulas}.
 */
final class GoldenCases {
  private static final double CLOSE = 1e-13;

  private GoldenCases() {}

  static Stream<ContractCase> all() {
    return Stream.of(
        new ContractCase("golden GELU", GoldenCases::gelu),
        new ContractCase("golden LayerNorm eps 1e-6", bench -> layerNorm(bench, 1e-6, "layernorm_eps1e-06")),
        new ContractCase("golden LayerNorm eps 1e-12", bench -> layerNorm(bench, 1e-12, "layernorm_eps1e-12")),
        new ContractCase("golden masked softmax", GoldenCases::softmax),
        new ContractCase("golden l2", GoldenCases::l2));
  }

  /** The formulas against the official results, without any backend. */
  static void checkFormulas() {
    double[][] x = matrix("gelu_x", 1472);
    double[][] gelu = matrix("gelu_erf", 1472);
    for (int row = 0; row < x.length; row++) {
      // The official code adds 1 + erf, which loses an ulp of 1 in the negative tail.
      checkClose("gelu", PlainOps.exact().gelu(x[row][0]), gelu[row][0], CLOSE * Math.abs(gelu[row][0]) + 1e-15 * Math.abs(x[row][0]));
    }
    checkLayerNorm(1e-6, "layernorm_eps1e-06");
    checkLayerNorm(1e-12, "layernorm_eps1e-12");
    double[][] normalised = PlainOps.exact().l2Normalize(matrix("l2_x", 4), null);
    double[][] expected = matrix("l2_normalised", 4);
    for (int row = 0; row < 4; row++) {
      for (int i = 0; i < expected[row].length; i++) {
        checkClose("l2", normalised[row][i], expected[row][i], CLOSE);
      }
    }
  }

  private static void checkLayerNorm(double epsilon, String name) {
    double[][] x = matrix("layernorm_x", 16);
    double[][] expected = matrix(name, 16);
    double[] bias = flat("layernorm_bias");
    double[][] found = PlainOps.exact().layerNorm(x, flat("layernorm_weight"), bias, epsilon, null);
    for (int row = 0; row < x.length; row++) {
      double mean = Arrays.stream(x[row]).average().orElseThrow();
      double variance = Arrays.stream(x[row]).map(v -> (v - mean) * (v - mean)).average().orElseThrow();
      // The official mean is rounded to float64; dividing by the deviation blows that up.
      double condition = 1 + Math.abs(mean) / Math.sqrt(variance + epsilon);
      for (int i = 0; i < x[row].length; i++) {
        checkClose(name + " row " + row, found[row][i], expected[row][i], 1e-14 * condition * 10);
      }
    }
  }

  private static void checkClose(String what, double found, double expected, double limit) {
    if (!(Math.abs(found - expected) <= limit)) {
      throw new AssertionError(what + ": " + found + ", expected " + expected + " within " + limit);
    }
  }

  private static void gelu(Bench bench) {
    Bench.Linear identity = bench.linear(new double[][] {{1}}, null);
    Bench.Operand x = bench.input(bench.activation(), matrix("gelu_x", 1472));
    Bench.Operand out = bench.output(bench.activation(), 1472, 1);
    bench.ops().linear(x.tensor(), identity.weights(), Epilogue.GELU, out.tensor());
    double[][] plain =
        bench.plain().linear(x.values(), identity.weight(), null, Epilogue.GELU, null, bench.activation());
    // Inputs that the backend's type cannot hold are judged at what it holds.
    double[][] truth = exactInputs(bench, "gelu_x", 1472)
        ? matrix("gelu_erf", 1472)
        : bench.exact().linear(x.values(), identity.weight(), null, Epilogue.GELU, null, bench.activation());
    Comparison.check("golden GELU", bench.result(out), truth, plain, bench.activation());
  }

  private static void layerNorm(Bench bench, double epsilon, String name) {
    Bench.Norm norm = bench.norm(flat("layernorm_weight"), flat("layernorm_bias"), epsilon);
    double[][] x = matrix("layernorm_x", 16);
    // Row by row: the rows' scales differ by nine orders, and so do the errors that float32 makes of them.
    for (int row = 0; row < x.length; row++) {
      Bench.Operand in = bench.input(bench.residual(), new double[][] {x[row]});
      Bench.Operand out = bench.output(bench.activation(), 1, x[row].length);
      bench.ops().layerNorm(in.tensor(), norm.weights(), out.tensor());
      Comparison.check(
          name + " row " + row,
          bench.result(out),
          bench.exact().layerNorm(in.values(), norm.weight(), norm.bias(), epsilon, bench.activation()),
          bench.plain().layerNorm(in.values(), norm.weight(), norm.bias(), epsilon, bench.activation()),
          bench.activation());
    }
  }

  /** Keys are sqrt(24) times the identity and values the identity, so attention is the softmax of the query. */
  private static void softmax(Bench bench) {
    double[][] scores = matrix("softmax_scores", 6);
    double[][] expected = matrix("softmax_masked", 6);
    int columns = scores[0].length;
    int[] lengths = Arrays.stream(flat("softmax_lengths")).mapToInt(value -> (int) value).toArray();
    for (int s = 0; s < scores.length; s++) {
      double[][] qkv = new double[columns][3 * columns];
      for (int row = 0; row < columns; row++) {
        System.arraycopy(scores[s], 0, qkv[row], 0, columns);
        qkv[row][columns + row] = Math.sqrt(columns);
        qkv[row][2 * columns + row] = 1;
      }
      Sequences sequence = Sequences.dense(columns, lengths[s]);
      Bench.Operand in = bench.input(bench.activation(), qkv);
      Bench.Operand out = bench.output(bench.activation(), columns, columns);
      bench.ops().attention(in.tensor(), sequence, 1, out.tensor());
      double[][] truth = bench.exact().attention(in.values(), sequence, 1, bench.activation());
      if (bench.activation() == DType.F64) {
        for (int i = 0; i < columns; i++) {
          checkClose("formula of softmax", truth[0][i], expected[s][i], CLOSE);
        }
      }
      double[][] plain = bench.plain().attention(in.values(), sequence, 1, bench.activation());
      Comparison.check("golden softmax of row " + s, bench.result(out), truth, plain, bench.activation());
    }
  }

  private static void l2(Bench bench) {
    Bench.Operand x = bench.input(bench.feature(), matrix("l2_x", 4));
    Bench.Operand out = bench.output(bench.feature(), 4, x.values()[0].length);
    bench.ops().l2Normalize(x.tensor(), out.tensor());
    double[][] truth = exactFeatures(bench) ? matrix("l2_normalised", 4) : bench.exact().l2Normalize(x.values(), bench.feature());
    Comparison.check(
        "golden l2", bench.result(out), truth, bench.plain().l2Normalize(x.values(), bench.feature()), bench.feature());
  }

  private static boolean exactInputs(Bench bench, String name, int rows) {
    double[][] values = matrix(name, rows);
    return Arrays.deepEquals(values, Rounding.to(bench.activation(), values));
  }

  private static boolean exactFeatures(Bench bench) {
    double[][] values = matrix("l2_x", 4);
    return Arrays.deepEquals(values, Rounding.to(bench.feature(), values));
  }

  private static double[][] matrix(String name, int rows) {
    return Values.shaped(flat(name), rows);
  }

  private static double[] flat(String name) {
    URL resource = GoldenCases.class.getResource("/golden/ops/expected.safetensors");
    try (SafetensorsFile file = SafetensorsFile.open(Path.of(resource.toURI()));
        TensorLoan loan = file.read(name)) {
      HostTensor tensor = loan.tensor();
      if (tensor.dtype().isFloat()) {
        return tensor.toDoubleArray();
      }
      double[] values = new double[(int) tensor.shape().elements()];
      Arrays.setAll(values, tensor::getLong);
      return values;
    } catch (URISyntaxException e) {
      throw new IllegalStateException("class path entry is not a file: " + resource, e);
    }
  }
}
