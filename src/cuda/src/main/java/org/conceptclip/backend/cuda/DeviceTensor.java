package org.conceptclip.backend.cuda;

import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.Shape;
import org.conceptclip.tensor.Tensor;

/**
 * A view of a tensor in device memory. Owns nothing.
 *
 * <p>Floating-point matrices have rows {@code pitch} elements apart, the columns rounded up to a multiple of 8, so that every row
 * begins at a multiple of 16 bytes and the extents suit cuBLASLt's fast kernels. The padding columns are zero once the
 * matrix is written. Matrices of F8_E4M3 have rows a multiple of 16 apart, for the same reason; their columns up to a multiple of 8 are
 * zero once the matrix is written, and nothing reads behind those. Everything else (pixels) is dense.
 *
 * @param address of element 0
 * @param pitch elements between the beginnings of consecutive rows; for dense tensors the innermost extent
 * @param scale what a code of F8_E4M3 is multiplied by to give its number; 1 for every other type
 */
record DeviceTensor(DType dtype, Shape shape, long address, long pitch, float scale) implements Tensor {
  /** Extents that cuBLASLt and 16-byte vectors access are multiples of this. */
  static final int PADDING = 8;

  /** Codes of F8_E4M3 in 16 bytes, which strides of a tensor map are multiples of. */
  private static final int CODES = 16;

  /** The tensor of this type and shape at {@code address}; codes of F8_E4M3 under scale 1. */
  static DeviceTensor at(long address, DType dtype, Shape shape) {
    return new DeviceTensor(dtype, shape, address, pitch(dtype, shape), 1);
  }

  /** The same codes of F8_E4M3 under another scale. */
  DeviceTensor scaled(float newScale) {
    if (dtype != DType.F8_E4M3) {
      throw new IllegalArgumentException("scale " + newScale + " for " + this + ", expected F8_E4M3");
    }
    return new DeviceTensor(dtype, shape, address, pitch, newScale);
  }

  /** Bytes that a tensor takes, padding included. */
  static long bytes(DType dtype, Shape shape) {
    long columns = shape.rank() == 0 ? 1 : shape.extent(-1);
    long rows = columns == 0 ? 0 : shape.elements() / columns;
    return Math.multiplyExact(Math.multiplyExact(rows, pitch(dtype, shape)), (long) dtype.bytes());
  }

  private static long pitch(DType dtype, Shape shape) {
    long columns = shape.rank() == 0 ? 1 : shape.extent(-1);
    if (shape.rank() != 2) {
      return columns;
    }
    return dtype == DType.F8_E4M3 ? codePitch(columns) : dtype.isFloat() ? padded(columns) : columns;
  }

  /** {@code extent} rounded up to a multiple of {@link #PADDING}. */
  static long padded(long extent) {
    return Math.ceilDiv(extent, (long) PADDING) * PADDING;
  }

  /** Distance of rows of so many codes of F8_E4M3. */
  static long codePitch(long columns) {
    return Math.ceilDiv(columns, (long) CODES) * CODES;
  }

  Conversion.Rows layout() {
    return new Conversion.Rows(dtype, pitch, scale);
  }

  long rowBytes() {
    return pitch * dtype.bytes();
  }

  /** Bytes from element 0 to the end of the last row's padding. */
  long byteSize() {
    return rows() * rowBytes();
  }

  /** Rows {@code first} to {@code first + count} of a matrix. */
  DeviceTensor rows(long first, long count) {
    if (shape.rank() != 2 || first < 0 || count < 1 || first + count > rows()) {
      throw new IllegalArgumentException(
          "rows " + first + " to " + (first + count) + " of a tensor " + shape + ", expected some of a matrix");
    }
    return new DeviceTensor(dtype, Shape.of(count, columns()), address + first * rowBytes(), pitch, scale);
  }

  @Override
  public boolean overlaps(Tensor other) {
    return other instanceof DeviceTensor device
        && address < device.address + device.byteSize() && device.address < address + byteSize();
  }

  @Override
  public boolean sameMemory(Tensor other) {
    return other instanceof DeviceTensor device
        && address == device.address && dtype == device.dtype && shape.equals(device.shape) && scale == device.scale;
  }

  /** For example {@code F16 [3, 144]}. */
  @Override
  public String toString() {
    return dtype + " " + shape;
  }
}
