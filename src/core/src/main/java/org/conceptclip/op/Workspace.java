package org.conceptclip.op;

import java.lang.foreign.Arena;
import java.util.List;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;
import org.conceptclip.tensor.Tensor;

/**
 * The named buffers of one execution. Not thread-safe.
 *
 * <p>A second request for a name returns the same memory, enlarged if necessary. So all layers of a tower work in one set of
 * buffers, and a backend can lay out all buffers in one arena. The content of a buffer is undefined until it is written.
 */
public interface Workspace {
  /** Type of the activations that ops pass to each other. */
  DType activationType();

  /** Type of the residual stream of the vision tower, at least as precise as {@link #activationType()}. */
  DType residualType();

  /** Type of pooled features and scores: float32 or better. */
  default DType featureType() {
    return residualType();
  }

  /**
   * The buffer {@code name} as a tensor of this shape. Two requests for one name share memory: the earlier tensor must not be
   * used once the later one was requested.
   */
  Tensor buffer(String name, DType dtype, Shape shape);

  /** The buffer {@code name} as a [rows, columns] tensor. */
  default Tensor buffer(String name, DType dtype, long rows, long columns) {
    return buffer(name, dtype, Shape.of(rows, columns));
  }

  /**
   * The buffer {@code name} as the input [rows, consumer.inputs()] of a product, in the type that the product reads: F8_E4M3 with the
   * scale of {@link LinearWeights#inputScale}, or else {@link #activationType}. For a name whose consumers read different types, every
   * request must precede the op that writes for this consumer.
   */
  default Tensor inputOf(LinearWeights consumer, String name, long rows) {
    if (consumer.inputScale().isPresent()) {
      throw new IllegalArgumentException(
          consumer.name() + ": reads codes of F8_E4M3, the workspace has none: expected weights of its own backend");
    }
    return buffer(name, activationType(), rows, consumer.inputs());
  }

  /** Rows {@code first} to {@code first + count} of a [rows, columns] tensor of this workspace, as a view. */
  Tensor rows(Tensor tensor, long first, long count);

  /** Copies a host tensor into a buffer. Converts between floating-point types and to F8_E4M3; other types must be equal. */
  void upload(HostTensor from, Tensor to);

  /**
   * Copies several host tensors into a buffer, one after the other, as if they were one tensor. This builds a batch without
   * an extra copy.
   *
   * @param pieces dense tensors of the type of {@code to}, which together have as many elements
   * @param to must not be a floating-point matrix, because a device may pad the rows of one
   */
  void uploadPieces(List<HostTensor> pieces, Tensor to);

  /**
   * Checks the arguments of {@link #uploadPieces}.
   *
   * @throws IllegalArgumentException if a piece is of another type, the sizes differ, or the tensor is a floating-point matrix
   */
  static void requirePieces(List<HostTensor> pieces, Tensor to) {
    long elements = 0;
    for (HostTensor piece : pieces) {
      if (piece.dtype() != to.dtype()) {
        throw new IllegalArgumentException("upload of a piece " + piece + " to " + to.dtype() + " " + to.shape() + ", expected its type");
      }
      elements += piece.shape().elements();
    }
    if (elements != to.shape().elements() || to.dtype().isFloat() && to.shape().rank() == 2) {
      throw new IllegalArgumentException("upload of " + pieces.size() + " pieces of " + elements + " elements to " + to.dtype() + " "
          + to.shape() + ", expected as many, and no floating-point matrix");
    }
  }

  /**
   * Copies a buffer to new host memory of {@code arena}. F64 stays F64; every other floating-point type becomes F32, and so do the numbers
   * that codes of F8_E4M3 stand for.
   */
  HostTensor download(Tensor from, Arena arena);
}
