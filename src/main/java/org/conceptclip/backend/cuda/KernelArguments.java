package org.conceptclip.backend.cuda;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** Fills a kernel's argument struct field by field, each at C's natural alignment. Not thread-safe. */
final class KernelArguments {
  /** Every struct has an address in it, so its size is a multiple of an address's. */
  private static final int STRUCT_ALIGNMENT = Long.BYTES;

  private ByteBuffer bytes = buffer(new byte[128]);
  private int used;

  /** A {@code Global<T>}: a device address, or 0 for none. */
  KernelArguments address(long address) {
    int offset = field(Long.BYTES);
    bytes.putLong(offset, address);
    return this;
  }

  KernelArguments address(DeviceTensor tensor) {
    return address(tensor.address());
  }

  KernelArguments int32(long value) {
    int offset = field(Integer.BYTES);
    bytes.putInt(offset, Math.toIntExact(value));
    return this;
  }

  KernelArguments float32(double value) {
    int offset = field(Float.BYTES);
    bytes.putFloat(offset, (float) value);
    return this;
  }

  KernelArguments float32(double[] values) {
    for (double value : values) {
      float32(value);
    }
    return this;
  }

  private int field(int size) {
    int offset = Math.ceilDiv(used, size) * size;
    used = offset + size;
    if (used > bytes.capacity()) {
      bytes = buffer(Arrays.copyOf(bytes.array(), 2 * used));
    }
    return offset;
  }

  private static ByteBuffer buffer(byte[] array) {
    return ByteBuffer.wrap(array).order(ByteOrder.nativeOrder());
  }

  /** The struct so far. Buffers are equal when their bytes are. */
  ByteBuffer toStruct() {
    return ByteBuffer.wrap(Arrays.copyOf(bytes.array(), Math.ceilDiv(used, STRUCT_ALIGNMENT) * STRUCT_ALIGNMENT)).asReadOnlyBuffer();
  }
}
