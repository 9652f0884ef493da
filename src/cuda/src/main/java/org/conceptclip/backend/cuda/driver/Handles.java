package org.conceptclip.backend.cuda.driver;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.conceptclip.backend.DeviceException.Kind;

/**
 * Living objects of one kind by the number that callers hold. Numbers are never used twice and never shared between kinds of
 * one driver, so a stale or mixed-up handle is rejected instead of reaching native code. Thread-safe.
 */
public final class Handles<T> {
  private final String kind;
  private final AtomicLong lastHandle;
  private final Map<Long, T> living = new ConcurrentHashMap<>();

  /**
   * @param kind for messages
   * @param lastHandle shared by all kinds of one driver
   */
  public Handles(String kind, AtomicLong lastHandle) {
    this.kind = kind;
    this.lastHandle = lastHandle;
  }

  public long add(T object) {
    long handle = lastHandle.incrementAndGet();
    living.put(handle, object);
    return handle;
  }

  /** Adds an object whose handle is its address. */
  public void put(long address, T object) {
    living.put(address, object);
  }

  public T get(String call, long handle) {
    return known(call, handle, living.get(handle));
  }

  public T remove(String call, long handle) {
    return known(call, handle, living.remove(handle));
  }

  public int size() {
    return living.size();
  }

  public Iterable<T> objects() {
    return living.values();
  }

  /** Removes all objects and passes each to {@code release}. */
  public void removeAll(Consumer<T> release) {
    living.keySet().forEach(handle -> {
      T object = living.remove(handle);
      if (object != null) {
        release.accept(object);
      }
    });
  }

  private T known(String call, long handle, T objectOrNull) {
    if (objectOrNull == null) {
      throw new CudaException(Kind.FAILED, call, "CUDA_ERROR_INVALID_HANDLE", kind + " " + handle + " is not alive");
    }
    return objectOrNull;
  }
}
