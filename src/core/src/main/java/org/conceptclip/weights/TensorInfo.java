package org.conceptclip.weights;

import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.Shape;

/**
 * Type, shape and position of a tensor in a safetensors file.
 *
 * @param begin offset of the first byte from the end of the header
 * @param end offset after the last byte; {@code end - begin} is exactly the size of the elements
 */
public record TensorInfo(DType dtype, Shape shape, long begin, long end) {
  /** Size of the elements in bytes. */
  public long byteSize() {
    return end - begin;
  }

  /** For example {@code F32 [3, 144]}. */
  @Override
  public String toString() {
    return dtype + " " + shape;
  }
}
