package org.conceptclip.op;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.Execution;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.ScaledRows;
import org.conceptclip.tensor.Tensor;

/**
 * What one case of the op contract works with: an execution and a weight store of the backend under test, operands in
 * guarded buffers, and the two plain computations to compare with.
 *
 * <p>Every operand is a view of the middle rows of a larger buffer. Rows around an input are NaN, so reading past it shows;
 * rows around an output hold a sentinel that is checked when the result is read; the output itself starts as NaN.
 */
final class Bench implements AutoCloseable {
  private static final int GUARD_ROWS = 3;

  /** Exact in every floating-point type. */
  private static final double SENTINEL = 12288;

  private final Backend backend;
  private final ProductSums products;
  private final WeightStore parameters;
  private final Execution execution;
  private final List<Operand> inputs = new ArrayList<>();
  private int buffers;

  /**
   * A matrix of the execution.
   *
   * @param values what was uploaded, exactly (rounded to the type before)
   * @param tensor the operand
   * @param guarded the whole buffer around it
   */
  record Operand(double[][] values, Tensor tensor, Tensor guarded) {}

  /** @param weight rounded as the backend stores it, [outputs][inputs] */
  record Linear(double[][] weight, double[] biasOrNull, LinearWeights weights) {}

  /**
   * A matrix whose product reads codes of F8_E4M3.
   *
   * @param weight the numbers that its own codes stand for, [outputs][inputs]
   * @param codes the same without their scales
   * @param scales of the outputs
   * @param inputScale of the input's codes
   */
  record Coded(
      double[][] weight, double[][] codes, float[] scales, double[] biasOrNull, float inputScale, LinearWeights weights) {}

  record Norm(double[] weight, double[] bias, double epsilon, NormWeights weights) {}

  /** @param products how the device of the backend sums */
  Bench(Backend backend, ProductSums products) {
    this.backend = backend;
    this.products = products;
    this.parameters = backend.openWeightStore();
    this.execution = backend.openExecution();
  }

  Ops ops() {
    return execution.ops();
  }

  Workspace workspace() {
    return execution.workspace();
  }

  WeightStore parameters() {
    return parameters;
  }

  DType activation() {
    return workspace().activationType();
  }

  DType residual() {
    return workspace().residualType();
  }

  DType feature() {
    return workspace().featureType();
  }

  /** What weights are rounded to: float32 for float64, as checkpoints hold no more. */
  DType weightType() {
    return switch (backend.precision()) {
      case FP64, FP32 -> DType.F32;
      case FP16, FP8 -> DType.F16; // FP8 concerns products that a calibration names
      case BF16, BF16_WEIGHTS -> DType.BF16;
      case AUTO -> throw new AssertionError(backend.name() + " reports precision AUTO, expected what it computes in");
    };
  }

  /** The right result. */
  PlainOps exact() {
    return PlainOps.exact();
  }

  /** What a plain implementation at this backend's precision would get. */
  PlainOps plain() {
    return PlainOps.simulating(activation(), products);
  }

  Operand input(DType type, double[][] values) {
    Operand operand = guarded(type, Rounding.to(type, values), Double.NaN);
    inputs.add(operand);
    return operand;
  }

  /** An operand that an op reads and writes. */
  Operand inOut(DType type, double[][] values) {
    return guarded(type, Rounding.to(type, values), SENTINEL);
  }

  Operand output(DType type, int rows, int columns) {
    return guarded(type, unwritten(rows, columns), SENTINEL);
  }

  private static double[][] unwritten(int rows, int columns) {
    double[][] unwritten = new double[rows][columns];
    for (double[] row : unwritten) {
      Arrays.fill(row, Double.NaN);
    }
    return unwritten;
  }

  /** The sentinel among codes: one of them. */
  private static double sentinel(float scale) {
    return 12 * scale;
  }

  /** Rows {@code first} to {@code first + count} of an operand, without guards of their own. */
  Tensor rows(Operand operand, int first, int count) {
    return workspace().rows(operand.tensor(), first, count);
  }

  /** What is in the operand now, after a look at the guards. */
  double[][] result(Operand operand) {
    double[][] all = download(operand.guarded());
    double sentinel = operand.tensor().dtype() == DType.F8_E4M3 ? sentinel(operand.tensor().scale()) : SENTINEL;
    int rows = operand.values().length;
    for (int row = 0; row < all.length; row++) {
      boolean guard = row < GUARD_ROWS || row >= GUARD_ROWS + rows;
      for (int i = 0; guard && i < all[row].length; i++) {
        if (all[row][i] != sentinel) {
          throw new AssertionError("an op wrote outside its output: row " + (row - GUARD_ROWS) + " column " + i + " of "
              + rows + " rows is " + all[row][i] + ", expected the sentinel " + sentinel);
        }
      }
    }
    return Arrays.copyOfRange(all, GUARD_ROWS, GUARD_ROWS + rows);
  }

  Linear linear(double[][] weight, double[] biasOrNull) {
    double[][] rounded = Rounding.to(weightType(), weight);
    double[] bias = biasOrNull == null ? null : Rounding.to(weightType(), biasOrNull);
    HostTensor biasTensor = bias == null ? null : host(bias, bias.length);
    return new Linear(
        rounded, bias, parameters.linear("contract.linear", host(rounded), biasTensor));
  }

  /** Of a backend whose calibration has the scale of this input, see {@link CodesCases#calibration}. */
  Coded coded(double[][] weight, double[] biasOrNull, float inputScale) {
    double[][] rounded = Rounding.to(DType.F32, weight);
    double[] bias = biasOrNull == null ? null : Rounding.to(weightType(), biasOrNull);
    LinearWeights weights = parameters.linear(
        CodesCases.product(inputScale), host(rounded), bias == null ? null : host(bias, bias.length));
    if (!weights.inputScale().equals(Optional.of(inputScale))) {
      throw new AssertionError(
          "weights of " + weights.name() + " read " + weights.inputScale() + ", expected codes of scale " + inputScale);
    }
    try (Arena arena = Arena.ofShared()) {
      ScaledRows rows = ScaledRows.of(arena, host(rounded));
      return new Coded(Values.shaped(rows.numbers(arena).toDoubleArray(), weight.length),
          Values.shaped(rows.codes().toDoubleArray(), weight.length), rows.scales(), bias, inputScale, weights);
    }
  }

  /** What a product reads as its input: values in codes. */
  Operand inputOf(LinearWeights reader, double[][] values) {
    Operand operand = guarded(reader, Rounding.toCodes(reader.inputScale().orElseThrow(), values), Double.NaN);
    inputs.add(operand);
    return operand;
  }

  /** What an op writes as the input of this product. */
  Operand outputOf(LinearWeights reader, int rows) {
    return guarded(reader, unwritten(rows, reader.inputs()), sentinel(reader.inputScale().orElseThrow()));
  }

  Norm norm(double[] weight, double[] bias, double epsilon) {
    double[] roundedWeight = Rounding.to(weightType(), weight);
    double[] roundedBias = Rounding.to(weightType(), bias);
    NormWeights weights = parameters.layerNorm(
        "contract.norm", host(roundedWeight, weight.length), host(roundedBias, bias.length), epsilon);
    return new Norm(roundedWeight, roundedBias, epsilon, weights);
  }

  /** A float32 tensor, as most checkpoints hold; the values must be exact in it. */
  static HostTensor host(double[] values, long... extents) {
    float[] floats = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      floats[i] = (float) values[i];
    }
    return HostTensor.of(floats, extents);
  }

  static HostTensor host(double[][] values) {
    return host(Values.flat(values), values.length, values[0].length);
  }

  /** All rows of a tensor, guards or not. */
  double[][] download(Tensor tensor) {
    try (Arena arena = Arena.ofConfined()) {
      return Values.shaped(workspace().download(tensor, arena).toDoubleArray(), (int) tensor.rows());
    }
  }

  /** Fails if an op wrote to one of its inputs. */
  void checkInputsUntouched() {
    for (Operand input : inputs) {
      Comparison.checkIdentical("an input after the op", download(input.tensor()), input.values());
    }
  }

  @Override
  public void close() {
    execution.close();
    parameters.close();
  }

  private Operand guarded(DType type, double[][] values, double guard) {
    return guarded(workspace().buffer("contract." + buffers++, type, values.length + 2L * GUARD_ROWS, values[0].length), values, guard);
  }

  private Operand guarded(LinearWeights reader, double[][] values, double guard) {
    return guarded(workspace().inputOf(reader, "contract." + buffers++, values.length + 2L * GUARD_ROWS), values, guard);
  }

  private Operand guarded(Tensor buffer, double[][] values, double guard) {
    int columns = values[0].length;
    double[][] all = new double[values.length + 2 * GUARD_ROWS][columns];
    for (double[] row : all) {
      Arrays.fill(row, guard);
    }
    System.arraycopy(values, 0, all, GUARD_ROWS, values.length);
    workspace().upload(HostTensor.of(Values.flat(all), all.length, columns), buffer);
    return new Operand(values, workspace().rows(buffer, GUARD_ROWS, values.length), buffer);
  }
}
