package org.conceptclip.parity;

import java.util.Arrays;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.weights.TensorLoan;
import org.conceptclip.weights.WeightSource;

/**
 * A checkpoint in which arithmetic that could be done per image is done once, in float64: the affine part of each pre-norm moved into the
 * matrix that follows it ({@code W diag(gamma)}, {@code b + W beta}), or the softmax's scale moved into the queries' rows. What comes
 * out is the same function, rounded at other places.
 */
final class FoldedWeights implements WeightSource {
  private final WeightSource source;
  private final boolean norms;
  private final double queryFactor;

  /**
   * @param norms fold the vision blocks' pre-norms
   * @param queryFactor multiplies the rows of queries of the vision blocks; 1 for none
   */
  FoldedWeights(WeightSource source, boolean norms, double queryFactor) {
    this.source = source;
    this.norms = norms;
    this.queryFactor = queryFactor;
  }

  @Override
  public String description() {
    return source.description() + ", folded";
  }

  @Override
  public TensorLoan borrow(String name) {
    try (TensorLoan loan = source.borrow(name)) {
      return TensorLoan.of(arena -> HostTensor.of(fold(name, loan.tensor()), loan.tensor().shape().toArray()));
    }
  }

  private double[] fold(String name, HostTensor tensor) {
    double[] values = tensor.toDoubleArray();
    if (!name.startsWith("visual.trunk.blocks.")) {
      return values;
    }
    String norm = name.replace("attn.qkv", "norm1").replace("mlp.fc1", "norm2");
    boolean follows = !norm.equals(name);
    if (norms && name.matches(".*\\.norm[12]\\.(weight|bias)")) {
      Arrays.fill(values, name.endsWith("weight") ? 1 : 0);
    } else if (norms && follows && name.endsWith("weight")) {
      double[] gamma = values(norm);
      for (int i = 0; i < values.length; i++) {
        values[i] *= gamma[i % gamma.length];
      }
    } else if (norms && follows) {
      addProduct(values, values(name.replace("bias", "weight")), values(norm));
    }
    if (name.contains("attn.qkv")) {
      for (int i = 0; i < values.length / 3; i++) {
        values[i] *= queryFactor;
      }
    }
    return values;
  }

  private static void addProduct(double[] bias, double[] matrix, double[] beta) {
    for (int row = 0; row < bias.length; row++) {
      for (int i = 0; i < beta.length; i++) {
        bias[row] += matrix[row * beta.length + i] * beta[i];
      }
    }
  }

  private double[] values(String name) {
    try (TensorLoan loan = source.borrow(name)) {
      return loan.tensor().toDoubleArray();
    }
  }

  @Override
  public void close() {
    source.close();
  }
}
