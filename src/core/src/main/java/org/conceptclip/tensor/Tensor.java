package org.conceptclip.tensor;

/**
 * A row-major tensor, either in host memory ({@link HostTensor}) or in the memory of a backend.
 *
 * <p>A tensor is a view: it owns nothing and has no {@code close()}. Its memory belongs to the arena, workspace or weight
 * store that made it, and must outlive it.
 */
public interface Tensor {
  DType dtype();

  Shape shape();

  /** What a code of an {@link DType#F8_E4M3} tensor is multiplied by to give its number; 1 for every other type. */
  default float scale() {
    return 1;
  }

  /** The product of all extents except the innermost one; 1 for a vector or a scalar. */
  default long rows() {
    return shape().rank() == 0 || columns() == 0 ? 1 : shape().elements() / columns();
  }

  /** Extent of the innermost axis; 1 for a scalar. */
  default long columns() {
    return shape().rank() == 0 ? 1 : shape().extent(-1);
  }

  /** Whether this tensor and {@code other} share memory. Tensors of different implementations are taken not to. */
  default boolean overlaps(Tensor other) {
    return this == other;
  }

  /** Whether this tensor and {@code other} have the same element type and exactly the same memory. */
  default boolean sameMemory(Tensor other) {
    return this == other;
  }
}
