package org.conceptclip.weights;

import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.Shape;

/**
 * Where a tensor lies in a safetensors file.
 *
 * @param begin first byte, counted from the end of the header
 * @param end byte after the last; {@code end - begin} is exactly the size of the elements
 */
public record TensorInfo(DType dtype, Shape shape, long begin, long end) {
  /** Bytes that the elements take. */
  public long byteSize() {
    return end - begin;
  }

  /** For example {@code F32 [3, 144]}. */
  @Override
  public String toString() {
    return dtype + " " + shape;
  }
}
