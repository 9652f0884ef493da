package org.conceptclip.backend.reference;

import java.util.concurrent.atomic.AtomicLong;
import org.conceptclip.op.LinearWeights;
import org.conceptclip.op.PatchEmbeddingWeights;
import org.conceptclip.op.PatchGeometry;
import org.conceptclip.op.QueryWeights;
import org.conceptclip.op.TokenEmbeddingWeights;
import org.conceptclip.op.WeightStore;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;

/**
 * Exact copies of the weights: float64 stays, every narrower type becomes float32, which holds it exactly in half the memory.
 * Matrices are transposed to [inputs, outputs] for {@link MatrixProduct}.
 */
final class ReferenceWeightStore implements WeightStore {
  private final OwnedMemory memory;
  private final Runnable onClose;
  private boolean closed;

  ReferenceWeightStore(AtomicLong account, Runnable onClose) {
    this.memory = new OwnedMemory(account);
    this.onClose = onClose;
  }

  @Override
  public LinearWeights linear(String name, HostTensor weight, HostTensor biasOrNull) {
    checkRank(name, "weight", weight, 2);
    if (biasOrNull != null) {
      checkShape(name, "bias", biasOrNull, weight.rows());
    }
    return new ReferenceWeights.Linear(name, transpose(weight), biasOrNull == null ? null : copy(biasOrNull));
  }

  @Override
  public ReferenceWeights.Norm layerNorm(String name, HostTensor weight, HostTensor bias, double epsilon) {
    checkRank(name, "weight", weight, 1);
    checkShape(name, "bias", bias, weight.columns());
    if (!(epsilon > 0)) {
      throw new IllegalArgumentException(name + ": epsilon is " + epsilon + ", expected more than 0");
    }
    return new ReferenceWeights.Norm(name, copy(weight), copy(bias), epsilon);
  }

  @Override
  public PatchEmbeddingWeights patchEmbedding(
      String name,
      PatchGeometry geometry,
      HostTensor weight,
      HostTensor bias,
      HostTensor positions,
      double[] pixelScale,
      double[] pixelShift) {
    checkRank(name, "weight", weight, 4);
    long width = weight.shape().extent(0);
    checkShape(name, "weight", weight, width, 3, geometry.patchSize(), geometry.patchSize());
    checkShape(name, "bias", bias, width);
    checkShape(name, "positions", positions, geometry.tokens(), width);
    if (pixelScale.length != 3 || pixelShift.length != 3) {
      throw new IllegalArgumentException(
          name + ": " + pixelScale.length + " pixel scales and " + pixelShift.length + " shifts, expected 3 of each");
    }
    return new ReferenceWeights.PatchEmbedding(
        name,
        geometry,
        transpose(weight.reshape(width, geometry.patchValues())),
        copy(bias),
        copy(positions),
        pixelScale.clone(),
        pixelShift.clone());
  }

  @Override
  public TokenEmbeddingWeights tokenEmbedding(
      String name,
      HostTensor words,
      HostTensor positions,
      HostTensor tokenType,
      HostTensor normWeight,
      HostTensor normBias,
      double epsilon) {
    checkRank(name, "words", words, 2);
    checkRank(name, "positions", positions, 2);
    long width = words.columns();
    checkShape(name, "positions", positions, positions.rows(), width);
    checkShape(name, "token type", tokenType, width);
    checkShape(name, "norm weight", normWeight, width);
    return new ReferenceWeights.TokenEmbedding(
        name, copy(words), copy(positions), copy(tokenType), layerNorm(name, normWeight, normBias, epsilon));
  }

  @Override
  public QueryWeights query(String name, HostTensor query) {
    checkRank(name, "query", query, 1);
    return new ReferenceWeights.Query(name, copy(query));
  }

  @Override
  public long weightBytes() {
    return memory.bytes();
  }

  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      memory.close();
      onClose.run();
    }
  }

  private HostTensor copy(HostTensor from) {
    HostTensor to = memory.allocate(storage(from), from.shape().toArray());
    for (long i = 0; i < from.shape().elements(); i++) {
      to.set(i, from.getDouble(i));
    }
    return to;
  }

  private HostTensor transpose(HostTensor from) {
    long rows = from.rows();
    long columns = from.columns();
    HostTensor to = memory.allocate(storage(from), columns, rows);
    for (long row = 0; row < rows; row++) {
      for (long column = 0; column < columns; column++) {
        to.set(column * rows + row, from.getDouble(row * columns + column));
      }
    }
    return to;
  }

  private static DType storage(HostTensor from) {
    return from.dtype() == DType.F64 ? DType.F64 : DType.F32;
  }

  private static void checkRank(String name, String part, HostTensor tensor, int rank) {
    if (tensor.shape().rank() != rank || tensor.shape().elements() == 0 || !tensor.dtype().isFloat()) {
      throw new IllegalArgumentException(
          name + ": " + part + " is " + tensor + ", expected floating point of rank " + rank + ", not empty");
    }
  }

  private static void checkShape(String name, String part, HostTensor tensor, long... extents) {
    Shape expected = Shape.of(extents);
    if (!tensor.shape().equals(expected) || !tensor.dtype().isFloat()) {
      throw new IllegalArgumentException(name + ": " + part + " is " + tensor + ", expected floating point " + expected);
    }
  }
}
