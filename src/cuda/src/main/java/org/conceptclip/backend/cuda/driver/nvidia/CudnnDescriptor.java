package org.conceptclip.backend.cuda.driver.nvidia;

import static org.bytedeco.cuda.global.cudnn.*;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.cuda.cudnn.cudnnBackendDescriptor_t;
import org.bytedeco.cuda.cudnn.cudnnContext;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.conceptclip.util.Closer;

/**
 * A descriptor of cuDNN's graph API: attributes are set, then it is finalised, then others may refer to it, for which it must stay open.
 * Owns the descriptor. Not thread-safe.
 */
final class CudnnDescriptor implements AutoCloseable {
  private final CudnnStatus status;
  private final String name;
  private final cudnnBackendDescriptor_t pointer = new cudnnBackendDescriptor_t();
  private boolean open;

  /**
   * @param type a CUDNN_BACKEND_..._DESCRIPTOR
   * @param name for messages
   */
  CudnnDescriptor(CudnnStatus status, int type, String name) {
    this.status = status;
    this.name = name;
    try {
      status.check("cudnnBackendCreateDescriptor", cudnnBackendCreateDescriptor(type, pointer), () -> name);
      open = true;
    } catch (RuntimeException e) {
      pointer.close();
      throw e;
    }
  }

  cudnnBackendDescriptor_t pointer() {
    return pointer;
  }

  private CudnnDescriptor set(int attribute, int type, long count, Pointer values) {
    status.check("cudnnBackendSetAttribute", cudnnBackendSetAttribute(pointer, attribute, type, count, values),
        () -> name + ", attribute " + attribute);
    return this;
  }

  CudnnDescriptor longs(int attribute, long... values) {
    return longs(attribute, CUDNN_TYPE_INT64, values);
  }

  private CudnnDescriptor longs(int attribute, int type, long... values) {
    try (LongPointer array = new LongPointer(values)) {
      return set(attribute, type, values.length, array);
    }
  }

  /** Sets an attribute to one value of an enumeration of cuDNN's. */
  CudnnDescriptor number(int attribute, int type, int value) {
    try (IntPointer array = new IntPointer(1).put(value)) {
      return set(attribute, type, 1, array);
    }
  }

  CudnnDescriptor yes(int attribute) {
    try (BytePointer array = new BytePointer(1).put((byte) 1)) {
      return set(attribute, CUDNN_TYPE_BOOLEAN, 1, array);
    }
  }

  CudnnDescriptor addresses(int attribute, long... values) {
    return longs(attribute, CUDNN_TYPE_VOID_PTR, values);
  }

  CudnnDescriptor handle(int attribute, cudnnContext handle) {
    return longs(attribute, CUDNN_TYPE_HANDLE, handle.address());
  }

  CudnnDescriptor descriptors(int attribute, CudnnDescriptor... values) {
    return longs(attribute, CUDNN_TYPE_BACKEND_DESCRIPTOR, Stream.of(values).mapToLong(value -> value.pointer.address()).toArray());
  }

  CudnnDescriptor finalised() {
    status.check("cudnnBackendFinalize", cudnnBackendFinalize(pointer), () -> name);
    return this;
  }

  long longOf(int attribute) {
    try (LongPointer count = new LongPointer(1).put(0); LongPointer value = new LongPointer(1).put(0)) {
      get(attribute, CUDNN_TYPE_INT64, 1, count, value);
      return value.get();
    }
  }

  /** Values of an enumeration of cuDNN's, {@code most} at most. */
  List<Integer> numbersOf(int attribute, int type, int most) {
    try (LongPointer count = new LongPointer(1).put(0); IntPointer values = new IntPointer(most)) {
      get(attribute, type, most, count, values);
      List<Integer> numbers = new ArrayList<>();
      for (int i = 0; i < Math.min(most, count.get()); i++) {
        numbers.add(values.get(i));
      }
      return numbers;
    }
  }

  long countOf(int attribute) {
    try (LongPointer count = new LongPointer(1).put(0)) {
      get(attribute, CUDNN_TYPE_BACKEND_DESCRIPTOR, 0, count, null);
      return count.get();
    }
  }

  /**
   * Lets cuDNN fill descriptors that are made for it.
   *
   * @param type of these
   * @param owner closes them
   */
  List<CudnnDescriptor> descriptorsOf(int attribute, int type, String what, int most, Closer owner) {
    List<CudnnDescriptor> made = new ArrayList<>();
    try (LongPointer count = new LongPointer(1).put(0); LongPointer array = new LongPointer(Math.max(1, most))) {
      for (int i = 0; i < most; i++) {
        made.add(owner.own(new CudnnDescriptor(status, type, what)));
        array.put(i, made.getLast().pointer.address());
      }
      get(attribute, CUDNN_TYPE_BACKEND_DESCRIPTOR, most, count, array);
      return made.subList(0, (int) Math.min(most, count.get()));
    }
  }

  private void get(int attribute, int type, long most, LongPointer count, Pointer values) {
    status.check("cudnnBackendGetAttribute", cudnnBackendGetAttribute(pointer, attribute, type, most, count, values),
        () -> name + ", attribute " + attribute);
  }

  @Override
  public void close() {
    if (open) {
      open = false;
      try (pointer) {
        status.release("cudnnBackendDestroyDescriptor", cudnnBackendDestroyDescriptor(pointer));
      }
    }
  }
}
