package org.conceptclip.backend.cuda.driver;

import java.util.NavigableMap;
import java.util.TreeMap;
import org.conceptclip.backend.DeviceException.Kind;

/** Blocks of device memory that a driver has handed out. Thread-safe. */
public final class DeviceBlocks {
  private final NavigableMap<Long, Long> bytesByAddress = new TreeMap<>();
  private long allocatedBytes;

  public synchronized void add(long address, long bytes) {
    bytesByAddress.put(address, bytes);
    allocatedBytes += bytes;
  }

  /** Removes a block. Returns its size. */
  public synchronized long remove(String call, long address) {
    Long bytes = bytesByAddress.remove(address);
    if (bytes == null) {
      throw new CudaException(Kind.FAILED, call, "CUDA_ERROR_INVALID_VALUE", "no block begins at " + hex(address));
    }
    allocatedBytes -= bytes;
    return bytes;
  }

  /** Rejects a range that does not lie inside one block. */
  public synchronized void requireInside(String call, long address, long bytes) {
    // The key and its value instead of an entry, which would be a new object at every call.
    Long block = bytesByAddress.floorKey(address);
    if (bytes < 0 || block == null || address - block > bytesByAddress.get(block) - bytes) {
      throw new CudaException(Kind.FAILED, call, "CUDA_ERROR_INVALID_VALUE",
          bytes + " bytes at " + hex(address) + " do not lie inside one block of device memory");
    }
  }

  public synchronized long allocatedBytes() {
    return allocatedBytes;
  }

  public synchronized int size() {
    return bytesByAddress.size();
  }

  /** Addresses of all blocks. */
  public synchronized long[] addresses() {
    return bytesByAddress.keySet().stream().mapToLong(Long::longValue).toArray();
  }

  public static String hex(long address) {
    return "0x" + Long.toHexString(address);
  }
}
