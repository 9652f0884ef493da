package org.conceptclip.tensor;

/**
 * A row-major tensor somewhere: in host memory ({@link HostTensor}) or in a backend's own memory.
 *
 * <p>A tensor is a view. It owns nothing and has no {@code close()}; its memory belongs to whoever made it (an arena, a
 * workspace, a parameter store) and must outlive it.
 */
public interface Tensor {
  DType dtype();

  Shape shape();

  /** All elements but the innermost axis, as one count: 1 for a vector or scalar. */
  default long rows() {
    return shape().rank() == 0 || columns() == 0 ? 1 : shape().elements() / columns();
  }

  /** Extent of the innermost axis: 1 for a scalar. */
  default long columns() {
    return shape().rank() == 0 ? 1 : shape().extent(-1);
  }

  /** Whether this and {@code other} share memory, as far as their kinds let it be known. */
  default boolean overlaps(Tensor other) {
    return this == other;
  }

  /** Whether this and {@code other} are the same elements: one type, one shape, one place. */
  default boolean sameMemory(Tensor other) {
    return this == other;
  }
}
