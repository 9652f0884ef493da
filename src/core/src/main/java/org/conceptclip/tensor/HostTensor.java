package org.conceptclip.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;

/**
 * A dense row-major, little-endian tensor in host memory: a view over a {@link MemorySegment}.
 *
 * <p>The segment may have any alignment, because safetensors files guarantee none. Several threads may read at once while no
 * thread writes.
 */
public final class HostTensor implements Tensor {
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfDouble DOUBLE =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final DType dtype;
  private final Shape shape;
  private final MemorySegment data;
  private final float scale;

  private HostTensor(DType dtype, Shape shape, MemorySegment data, float scale) {
    this.dtype = dtype;
    this.shape = shape;
    this.data = data;
    this.scale = scale;
  }

  /**
   * A view of {@code data} as a tensor.
   *
   * @throws IllegalArgumentException if the segment's size is not exactly that of the tensor
   */
  public static HostTensor view(DType dtype, Shape shape, MemorySegment data) {
    long expected = Math.multiplyExact(shape.elements(), (long) dtype.bytes());
    if (data.byteSize() != expected) {
      throw new IllegalArgumentException(
          "segment of " + data.byteSize() + " bytes for " + dtype + " " + shape + ", which takes " + expected);
    }
    return new HostTensor(dtype, shape, data, 1);
  }

  /** A new tensor of zeros, aligned to 64 bytes, whose memory belongs to {@code arena}. */
  public static HostTensor allocate(Arena arena, DType dtype, long... extents) {
    Shape shape = Shape.of(extents);
    return view(dtype, shape, arena.allocate(Math.multiplyExact(shape.elements(), (long) dtype.bytes()), 64));
  }

  /** A float32 tensor over a heap copy of {@code values}. */
  public static HostTensor of(float[] values, long... extents) {
    return view(DType.F32, Shape.of(extents), MemorySegment.ofArray(values.clone()));
  }

  /** A float64 tensor over a heap copy of {@code values}. */
  public static HostTensor of(double[] values, long... extents) {
    return view(DType.F64, Shape.of(extents), MemorySegment.ofArray(values.clone()));
  }

  /** A float32 matrix of these rows, all of one length, outside the heap. At least one row. */
  public static HostTensor ofRows(List<float[]> rows) {
    int width = rows.getFirst().length;
    HostTensor matrix = allocate(Arena.ofAuto(), DType.F32, rows.size(), width);
    for (int i = 0; i < rows.size(); i++) {
      MemorySegment.copy(rows.get(i), 0, matrix.data, FLOAT, (long) i * width * Float.BYTES, width);
    }
    return matrix;
  }

  /**
   * Copies the bytes of several tensors to {@code target}, one after the other.
   *
   * @throws IndexOutOfBoundsException if they do not fit
   */
  public static void gather(Iterable<HostTensor> pieces, MemorySegment target) {
    long offset = 0;
    for (HostTensor piece : pieces) {
      MemorySegment.copy(piece.data, 0, target, offset, piece.byteSize());
      offset += piece.byteSize();
    }
  }

  @Override
  public DType dtype() {
    return dtype;
  }

  @Override
  public Shape shape() {
    return shape;
  }

  @Override
  public float scale() {
    return scale;
  }

  /**
   * A view of the same codes under a scale.
   *
   * @throws IllegalArgumentException if this is no {@link DType#F8_E4M3} tensor, or the scale is no positive number with a reciprocal
   */
  public HostTensor scaled(float newScale) {
    if (dtype != DType.F8_E4M3 || !(newScale > 0 && 1 / newScale > 0 && 1 / newScale <= Float.MAX_VALUE)) {
      throw new IllegalArgumentException("scale " + newScale + " for " + dtype + " " + shape + ", expected F8_E4M3 and a positive number");
    }
    return new HostTensor(dtype, shape, data, newScale);
  }

  /** The memory of this tensor. It is a view: the owner stays the same. */
  public MemorySegment data() {
    return data;
  }

  /** Size of the elements in bytes. */
  public long byteSize() {
    return data.byteSize();
  }

  /** A view of the same memory under another shape with the same number of elements. */
  public HostTensor reshape(long... extents) {
    Shape other = Shape.of(extents);
    if (other.elements() != shape.elements()) {
      throw new IllegalArgumentException("cannot view " + shape + " as " + other);
    }
    return new HostTensor(dtype, other, data, scale);
  }

  /** Rows {@code first} (inclusive) to {@code first + count}: a view of shape [count, columns]. */
  public HostTensor rows(long first, long count) {
    long rowBytes = columns() * dtype.bytes();
    return new HostTensor(dtype, Shape.of(count, columns()), data.asSlice(first * rowBytes, count * rowBytes), scale);
  }

  /** Element {@code index} (row-major) of a floating-point or F8_E4M3 tensor as double; a code is multiplied by the scale in float32. */
  public double getDouble(long index) {
    return switch (dtype) {
      case F64 -> data.get(DOUBLE, index * 8);
      case F32 -> data.get(FLOAT, index * 4);
      case F16 -> Float.float16ToFloat(data.get(SHORT, index * 2));
      case BF16 -> HalfFloats.bfloat16ToFloat(data.get(SHORT, index * 2));
      case F8_E4M3 -> Float8.e4m3ToFloat(data.get(ValueLayout.JAVA_BYTE, index)) * scale;
      default -> throw new IllegalArgumentException("not a floating-point tensor: " + dtype + " " + shape);
    };
  }

  /** Element {@code index} (row-major) of a floating-point tensor as float; F64 is rounded. */
  public float getFloat(long index) {
    return dtype == DType.F32 ? data.get(FLOAT, index * 4) : (float) getDouble(index);
  }

  /**
   * Sets element {@code index} (row-major) of a floating-point or F8_E4M3 tensor, rounding to its type. A code is that of {@code value},
   * as float32, times the reciprocal of the scale in float32: so a device computes it, too.
   */
  public void set(long index, double value) {
    switch (dtype) {
      case F64 -> data.set(DOUBLE, index * 8, value);
      case F32 -> data.set(FLOAT, index * 4, (float) value);
      case F16 -> data.set(SHORT, index * 2, Float.floatToFloat16((float) value));
      case BF16 -> data.set(SHORT, index * 2, HalfFloats.floatToBfloat16((float) value));
      case F8_E4M3 -> data.set(ValueLayout.JAVA_BYTE, index, Float8.floatToE4m3((float) value * (1 / scale)));
      default -> throw new IllegalArgumentException("not a floating-point tensor: " + dtype + " " + shape);
    }
  }

  /** Element {@code index} of an integer tensor (U8, I32 or I64). */
  public long getLong(long index) {
    return switch (dtype) {
      case I64 -> data.get(LONG, index * 8);
      case I32 -> data.get(INT, index * 4);
      case U8 -> data.get(ValueLayout.JAVA_BYTE, index) & 0xff;
      default -> throw new IllegalArgumentException("not an integer tensor read here: " + dtype + " " + shape);
    };
  }

  /** Index (row-major) of the first element of a floating-point tensor that is NaN or infinite; -1 if all are finite. */
  public long firstNonFinite() {
    return FiniteScan.first(this);
  }

  /** Reads elements {@code first} (row-major) and the following of a floating-point tensor as floats; F64 is rounded. */
  public void getFloats(long first, float[] values, int count) {
    switch (dtype) {
      case F32 -> MemorySegment.copy(data, FLOAT, first * Float.BYTES, values, 0, count);
      case F16, BF16 -> {
        short[] halves = new short[count];
        MemorySegment.copy(data, SHORT, first * Short.BYTES, halves, 0, count);
        if (dtype == DType.F16) {
          HalfFloats.float16ToFloat(halves, values, count);
        } else {
          HalfFloats.bfloat16ToFloat(halves, values, count);
        }
      }
      default -> {
        for (int i = 0; i < count; i++) {
          values[i] = getFloat(first + i);
        }
      }
    }
  }

  /** All elements of a floating-point tensor as float32, row-major. */
  public float[] toFloatArray() {
    float[] values = new float[Math.toIntExact(shape.elements())];
    getFloats(0, values, values.length);
    return values;
  }

  /** The rows of a floating-point matrix as float32. */
  public float[][] toFloatRows() {
    float[][] rows = new float[Math.toIntExact(rows())][];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = rows(i, 1).toFloatArray();
    }
    return rows;
  }

  /** All elements of a floating-point tensor as float64, row-major. */
  public double[] toDoubleArray() {
    double[] values = new double[Math.toIntExact(shape.elements())];
    for (int i = 0; i < values.length; i++) {
      values[i] = getDouble(i);
    }
    return values;
  }

  @Override
  public boolean overlaps(Tensor other) {
    return other instanceof HostTensor host && data.asOverlappingSlice(host.data).isPresent();
  }

  @Override
  public boolean sameMemory(Tensor other) {
    return other instanceof HostTensor host && dtype == host.dtype && scale == host.scale && data.equals(host.data);
  }

  /** For example {@code F32 [3, 144]}. */
  @Override
  public String toString() {
    return dtype + " " + shape;
  }
}
