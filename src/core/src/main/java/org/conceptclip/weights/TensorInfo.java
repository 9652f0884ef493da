package org.conceptclip.weights;

import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.Shape;

/**
 * Type, shape and position of a tensor in a safetensors file.
 *
 * @param typeName as the file names it. The format gains types now and then; a tensor of a type that this runtime does not know can
 *     be listed and left alone, because its offsets tell its size
 * @param begin offset of the first byte from the end of the header
 * @param end offset after the last byte; of a known type, {@code end - begin} is exactly the size of the elements
 */
public record TensorInfo(String typeName, Shape shape, long begin, long end) {
  /** A tensor of a known type. */
  public TensorInfo(DType dtype, Shape shape, long begin, long end) {
    this(dtype.name(), shape, begin, end);
  }

  /** Whether this runtime knows the type of the elements. */
  public boolean isOfKnownType() {
    return DType.named(typeName).isPresent();
  }

  /**
   * Type of the elements.
   *
   * @throws IllegalStateException if this runtime does not know it
   */
  public DType dtype() {
    return DType.named(typeName).orElseThrow(() -> new IllegalStateException("no known type: " + typeName));
  }

  /** Size of the elements in bytes. */
  public long byteSize() {
    return end - begin;
  }

  /** For example {@code F32 [3, 144]}. */
  @Override
  public String toString() {
    return typeName + " " + shape;
  }
}
