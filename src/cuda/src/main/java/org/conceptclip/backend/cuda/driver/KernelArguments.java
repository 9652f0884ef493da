package org.conceptclip.backend.cuda.driver;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.BitSet;

/** The argument struct of one launch, filled by the names of its fields. Wrong names and types are rejected. Not thread-safe. */
public final class KernelArguments {
  private final Kernel kernel;
  private final ByteBuffer bytes;
  private final BitSet missing = new BitSet();

  KernelArguments(Kernel kernel) {
    this.kernel = kernel;
    this.bytes = ByteBuffer.allocate(kernel.argumentBytes()).order(ByteOrder.nativeOrder());
    missing.set(0, kernel.fields().size());
  }

  /** The kernel whose struct this is. */
  public Kernel kernel() {
    return kernel;
  }

  /** A {@code Global<T>}: a device address, or 0 for none. */
  public KernelArguments address(String name, long address) {
    bytes.putLong(offset(name, "address", 1), address);
    return this;
  }

  /** @throws ArithmeticException if the value does not fit */
  public KernelArguments int32(String name, long value) {
    bytes.putInt(offset(name, "int32", 1), Math.toIntExact(value));
    return this;
  }

  /** A float, or an array of them. */
  public KernelArguments float32(String name, double... values) {
    int offset = offset(name, "float32", values.length);
    for (double value : values) {
      bytes.putFloat(offset, (float) value);
      offset += Float.BYTES;
    }
    return this;
  }

  /** The bytes that {@link CudaDriver#encodeTensorMap} made. */
  public KernelArguments tensorMap(String name, MemorySegment map) {
    MemorySegment.copy(map, 0, MemorySegment.ofBuffer(bytes), offset(name, "tensorMap", 1), map.byteSize());
    return this;
  }

  private int offset(String name, String type, int count) {
    Kernel.Field field = kernel.fields().get(name);
    if (field == null || !field.type().equals(type) || field.count() != count) {
      throw new IllegalArgumentException("kernel " + kernel + ": " + count + " x " + type + " for argument " + name + ", expected "
          + (field == null ? "one of " + kernel.fields().keySet() : field.count() + " x " + field.type()));
    }
    missing.clear(field.index());
    return field.offset();
  }

  /**
   * The struct, read-only. Buffers are equal when their bytes are.
   *
   * @throws IllegalStateException if a field was not given
   */
  public ByteBuffer toStruct() {
    if (!missing.isEmpty()) {
      throw new IllegalStateException("kernel " + kernel + ": no value for argument "
          + kernel.fields().keySet().toArray()[missing.nextSetBit(0)]);
    }
    return bytes.asReadOnlyBuffer();
  }
}
