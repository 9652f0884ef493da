package org.conceptclip.backend.cuda.driver;

import java.util.Arrays;
import org.conceptclip.backend.DeviceException.Kind;

/** Blocks of device memory that a driver has handed out. Thread-safe; asking about them allocates nothing. */
public final class DeviceBlocks {
  /** Sorted; the first {@link #count} count. Numbers, because every copy asks and a map would make objects of them. */
  private long[] addresses = new long[64];

  /** Bytes of the block at each address. */
  private long[] sizes = new long[64];

  private int count;
  private long allocatedBytes;

  public synchronized void add(long address, long bytes) {
    if (count == addresses.length) {
      addresses = Arrays.copyOf(addresses, 2 * count);
      sizes = Arrays.copyOf(sizes, 2 * count);
    }
    int place = firstAfter(address);
    System.arraycopy(addresses, place, addresses, place + 1, count - place);
    System.arraycopy(sizes, place, sizes, place + 1, count - place);
    addresses[place] = address;
    sizes[place] = bytes;
    count++;
    allocatedBytes += bytes;
  }

  /** Removes a block. Returns its size. */
  public synchronized long remove(String call, long address) {
    int place = firstAfter(address) - 1;
    if (place < 0 || addresses[place] != address) {
      throw new CudaException(Kind.FAILED, call, "CUDA_ERROR_INVALID_VALUE", "no block begins at " + hex(address));
    }
    long bytes = sizes[place];
    count--;
    System.arraycopy(addresses, place + 1, addresses, place, count - place);
    System.arraycopy(sizes, place + 1, sizes, place, count - place);
    allocatedBytes -= bytes;
    return bytes;
  }

  /** Rejects a range that does not lie inside one block. */
  public synchronized void requireInside(String call, long address, long bytes) {
    int place = firstAfter(address) - 1;
    if (bytes < 0 || place < 0 || address - addresses[place] > sizes[place] - bytes) {
      throw new CudaException(Kind.FAILED, call, "CUDA_ERROR_INVALID_VALUE",
          bytes + " bytes at " + hex(address) + " do not lie inside one block of device memory");
    }
  }

  /** The index of the first block that begins after an address. */
  private int firstAfter(long address) {
    int low = 0;
    int high = count;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (addresses[middle] <= address) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  public synchronized long allocatedBytes() {
    return allocatedBytes;
  }

  public synchronized int size() {
    return count;
  }

  /** Addresses of all blocks. */
  public synchronized long[] addresses() {
    return Arrays.copyOf(addresses, count);
  }

  public static String hex(long address) {
    return "0x" + Long.toHexString(address);
  }
}
