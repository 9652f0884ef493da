package org.conceptclip.probe;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;

/**
 * Feature vectors of items, one a row, as float32 in memory of any size; or a choice of these rows, which copies nothing.
 *
 * <p>Immutable as long as nobody writes to the tensor; thread-safe.
 */
public final class FeatureRows {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final int CONVERTED_AT_ONCE = 1 << 16;

  private final MemorySegment data;
  private final int columns;
  private final int rows;
  private final int[] chosenOrNull;

  private FeatureRows(MemorySegment data, int columns, int rows, int[] chosenOrNull) {
    this.data = data;
    this.columns = columns;
    this.rows = rows;
    this.chosenOrNull = chosenOrNull;
  }

  /**
   * The rows of a tensor. A float32 tensor is used where it lies; one of another floating-point type is converted (float64 is rounded).
   *
   * @param name of the features in messages, for example the file
   * @param tensor floating-point [rows, columns]
   * @throws BadInputException if it is of another type or shape, has no element, or an element is NaN or infinite
   */
  public static FeatureRows of(String name, HostTensor tensor) {
    if (tensor.shape().rank() != 2 || tensor.shape().elements() == 0) {
      throw new BadInputException(name + ": shape " + tensor.shape() + ", expected [items, features], at least one of each");
    }
    DType type = tensor.dtype();
    if (type != DType.F64 && type != DType.F32 && type != DType.F16 && type != DType.BF16) {
      throw new BadInputException(name + ": elements of type " + type + ", expected floating-point features");
    }
    long rows = tensor.shape().extent(0);
    long columns = tensor.shape().extent(1);
    if (rows > Integer.MAX_VALUE || columns > 1 << 20) {
      throw new BadInputException(name + ": shape " + tensor.shape() + ", expected at most " + Integer.MAX_VALUE + " items of "
          + (1 << 20) + " features");
    }
    long wrong = tensor.firstNonFinite();
    if (wrong >= 0) {
      throw notFinite(name, wrong, columns, tensor.getDouble(wrong));
    }
    HostTensor floats = type == DType.F32 ? tensor : converted(name, tensor);
    return new FeatureRows(floats.data(), (int) columns, (int) rows, null);
  }

  private static HostTensor converted(String name, HostTensor tensor) {
    long elements = tensor.shape().elements();
    MemorySegment target = Arena.ofAuto().allocate(elements * Float.BYTES, 64);
    float[] part = new float[CONVERTED_AT_ONCE];
    for (long at = 0; at < elements; at += part.length) {
      int count = (int) Math.min(part.length, elements - at);
      tensor.getFloats(at, part, count);
      for (int i = 0; i < count; i++) {
        if (!Float.isFinite(part[i])) {
          throw notFinite(name, at + i, tensor.shape().extent(1), tensor.getDouble(at + i));
        }
      }
      MemorySegment.copy(part, 0, target, FLOAT, at * Float.BYTES, count);
    }
    return HostTensor.view(DType.F32, tensor.shape(), target);
  }

  private static BadInputException notFinite(String name, long element, long columns, double value) {
    return new BadInputException(name + ": row " + element / columns + ", column " + element % columns + " (counted from 0): " + value
        + ", expected a finite float32 number");
  }

  /** Number of items. */
  public int rows() {
    return rows;
  }

  /** Number of features of an item. */
  public int columns() {
    return columns;
  }

  /**
   * Some of these rows, in the order given.
   *
   * @param chosen numbers of rows of this object
   */
  public FeatureRows choose(int[] chosen) {
    int[] origin = Arrays.stream(chosen).map(this::origin).toArray();
    return new FeatureRows(data, columns, chosen.length, origin);
  }

  /** The row of the tensor that a row here is. */
  private int origin(int row) {
    if (row < 0 || row >= rows) {
      throw new IndexOutOfBoundsException("row " + row + " of " + rows);
    }
    return chosenOrNull == null ? row : chosenOrNull[row];
  }

  /** Copies rows {@code first} and following to the beginning of {@code target} [count, columns]. */
  public void copy(int first, int count, float[] target) {
    if (chosenOrNull == null) {
      MemorySegment.copy(data, FLOAT, (long) first * columns * Float.BYTES, target, 0, count * columns);
      return;
    }
    for (int i = 0; i < count; i++) {
      MemorySegment.copy(data, FLOAT, (long) chosenOrNull[first + i] * columns * Float.BYTES, target, i * columns, columns);
    }
  }
}
