package org.conceptclip.op;

import java.lang.foreign.Arena;
import java.util.List;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;
import org.conceptclip.tensor.Tensor;

/**
 * The buffers of one call, by name. Not thread-safe.
 *
 * <p>Asking again for a name gives the same memory (grown if need be), so that a tower of many layers works in one set of
 * buffers, and a backend can plan all of them as one arena. A buffer's content is undefined until it is written.
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
   * The buffer {@code name} as a tensor of this shape. Two requests under one name share memory: the earlier tensor is
   * dead once the later one is asked for.
   */
  Tensor buffer(String name, DType dtype, Shape shape);

  /** The buffer {@code name} as a [rows, columns] tensor. */
  default Tensor buffer(String name, DType dtype, long rows, long columns) {
    return buffer(name, dtype, Shape.of(rows, columns));
  }

  /** Rows {@code first} to {@code first + count} of a [rows, columns] tensor of this workspace, as a view. */
  Tensor rows(Tensor tensor, long first, long count);

  /** Copies host values in, converting between floating-point types; other types must be equal. */
  void upload(HostTensor from, Tensor to);

  /**
   * Copies several host tensors in, one behind the other, as if they were one: a batch is gathered on its way.
   *
   * @param pieces of the type of {@code to}, with as many elements together; each dense
   * @param to not a matrix of floating-point values, whose rows a device may pad
   */
  void uploadPieces(List<HostTensor> pieces, Tensor to);

  /**
   * Refuses pieces that are not the tensor.
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

  /** Copies {@code from} out to new memory of {@code arena}: F64 stays F64, every other floating-point type becomes F32. */
  HostTensor download(Tensor from, Arena arena);
}
