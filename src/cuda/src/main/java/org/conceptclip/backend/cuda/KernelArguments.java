package org.conceptclip.backend.cuda;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** Fills a kernel's argument struct field by field, each at C's natural alignment. Not thread-safe. */
final class KernelArguments {
  private ByteBuffer bytes = buffer(new byte[256]);
  private int used;
  private int largestAlignment = 1;

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

  /** A struct of its own inside: the bytes that describe a tensor to the bulk copy engine, where C aligns them to 64. */
  KernelArguments tensorMap(MemorySegment map) {
    int offset = field(Math.toIntExact(map.byteSize()), 64);
    MemorySegment.copy(map, 0, MemorySegment.ofBuffer(bytes), offset, map.byteSize());
    return this;
  }

  private int field(int size) {
    return field(size, size);
  }

  private int field(int size, int alignment) {
    int offset = Math.ceilDiv(used, alignment) * alignment;
    used = offset + size;
    largestAlignment = Math.max(largestAlignment, alignment);
    if (used > bytes.capacity()) {
      bytes = buffer(Arrays.copyOf(bytes.array(), 2 * used));
    }
    return offset;
  }

  private static ByteBuffer buffer(byte[] array) {
    return ByteBuffer.wrap(array).order(ByteOrder.nativeOrder());
  }

  /** The struct so far; as in C, its size is a multiple of its largest alignment. Buffers are equal when their bytes are. */
  ByteBuffer toStruct() {
    int size = Math.ceilDiv(used, largestAlignment) * largestAlignment;
    return ByteBuffer.wrap(Arrays.copyOf(bytes.array(), size)).asReadOnlyBuffer();
  }
}
