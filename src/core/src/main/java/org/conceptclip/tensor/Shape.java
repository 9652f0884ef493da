package org.conceptclip.tensor;

import java.util.Arrays;
import java.util.stream.Collectors;

/** The extents of a row-major tensor, outermost first. A scalar has rank 0. An extent may be zero. Immutable. */
public final class Shape {
  private final long[] extents;

  private Shape(long[] extents) {
    this.extents = extents;
  }

  /**
   * A shape with these extents.
   *
   * @throws IllegalArgumentException if an extent is negative or the element count overflows a long
   */
  public static Shape of(long... extents) {
    long[] copy = extents.clone();
    long count = 1;
    for (long extent : copy) {
      if (extent < 0) {
        throw new IllegalArgumentException("negative extent in shape " + Arrays.toString(copy));
      }
      try {
        count = Math.multiplyExact(count, extent);
      } catch (ArithmeticException e) {
        throw new IllegalArgumentException("element count of shape " + Arrays.toString(copy) + " overflows", e);
      }
    }
    return new Shape(copy);
  }

  public int rank() {
    return extents.length;
  }

  /** Extent of one axis; a negative axis counts from the end, so {@code -1} is the innermost. */
  public long extent(int axis) {
    return extents[axis < 0 ? extents.length + axis : axis];
  }

  /** Number of elements: the product of the extents, which is 1 for a scalar. */
  public long elements() {
    long count = 1;
    for (long extent : extents) {
      count *= extent;
    }
    return count;
  }

  public long[] toArray() {
    return extents.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Shape shape && Arrays.equals(extents, shape.extents);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(extents);
  }

  /** For example {@code [1152, 3, 14, 14]}. */
  @Override
  public String toString() {
    return Arrays.stream(extents).mapToObj(Long::toString).collect(Collectors.joining(", ", "[", "]"));
  }
}
