package org.conceptclip.image;

/**
 * A budget of memory for decoding that many decoders share: bytes on the heap and bytes outside of it. A decoder leases all that a picture
 * will take before it allocates any of it. Pictures that do not fit now wait, in the order of their arrival; a picture that exceeds the
 * budget is rejected. Thread-safe.
 *
 * <p>A quarter of the heap's part is for the bytes of files that decoders read themselves; files in the caller's memory do not count. They
 * are leased apart from pictures, and before them, so that no two decodes can wait for each other. An eighth of either part is a reserve
 * for small pictures (and files), those that take at most a quarter of the reserve; they do not wait behind large ones.
 *
 * <p>What decoders keep between pictures is not leased: see {@link PixelDecoder}.
 */
public final class DecodeMemory {
  /** The heap's part that is for files, and the reserve for small leases. */
  private static final int FILES_PART = 4;

  private static final int RESERVE_PART = 8;

  /** The native part of the default budget, in parts of the memory that the heap leaves, and its least size. */
  private static final int NATIVE_PART = 4;

  private static final long LEAST_NATIVE_BYTES = 128L << 20;

  /** Where nothing says how much memory the machine has. */
  private static final long USUAL_NATIVE_BYTES = 1L << 30;

  private static final DecodeMemory PROCESS = new DecodeMemory(defaultHeap(), defaultNative());

  private final long heapBytes;
  private final long nativeBytes;
  private final LeaseQueue files;
  private final LeaseQueue pictures;

  /**
   * Makes a budget.
   *
   * @param heapBytes bytes of the heap, at least 1024
   * @param nativeBytes bytes outside of the heap, at least 1024
   */
  public DecodeMemory(long heapBytes, long nativeBytes) {
    if (heapBytes < 1024 || nativeBytes < 1024) {
      throw new IllegalArgumentException(
          "decode memory of " + heapBytes + " bytes of heap and " + nativeBytes + " native bytes, expected at least 1024 each");
    }
    this.heapBytes = heapBytes;
    this.nativeBytes = nativeBytes;
    long fileBytes = heapBytes / FILES_PART;
    this.files = new LeaseQueue(fileBytes, 0, fileBytes / RESERVE_PART, 0);
    this.pictures = new LeaseQueue(heapBytes - fileBytes, nativeBytes, heapBytes / RESERVE_PART, nativeBytes / RESERVE_PART);
  }

  /**
   * The budget that all decoders of this process share unless they are given another: half of the largest heap ({@code -Xmx}), and outside
   * of the heap a quarter of what the heap leaves of the memory of machine or container, at least 128 MiB. Where the memory is not known
   * (anywhere but on Linux) it is 1 GiB outside of the heap.
   */
  public static DecodeMemory ofProcess() {
    return PROCESS;
  }

  /**
   * A budget of so many bytes in all. Half of it is heap, but never more than half of the largest heap ({@code -Xmx}).
   *
   * @param bytes at least 4096
   */
  public static DecodeMemory ofBytes(long bytes) {
    if (bytes < 4096) {
      throw new IllegalArgumentException("decode memory of " + bytes + " bytes, expected at least 4096");
    }
    long heap = Math.min(bytes / 2, defaultHeap());
    return new DecodeMemory(heap, bytes - heap);
  }

  private static long defaultHeap() {
    return Runtime.getRuntime().maxMemory() / 2;
  }

  private static long defaultNative() {
    long machine = MachineMemory.bytes();
    return machine < 0
        ? USUAL_NATIVE_BYTES
        : Math.max(LEAST_NATIVE_BYTES, (machine - Runtime.getRuntime().maxMemory()) / NATIVE_PART);
  }

  /** Most bytes of the heap that are leased at once. */
  public long heapBytes() {
    return heapBytes;
  }

  /** Most bytes outside of the heap that are leased at once. */
  public long nativeBytes() {
    return nativeBytes;
  }

  /** Bytes of the heap that are leased now, for files and pictures; 0 when no decode runs. */
  public long leasedHeapBytes() {
    return files.heapLent() + pictures.heapLent();
  }

  /** Bytes outside of the heap that are leased now; 0 when no decode runs. */
  public long leasedNativeBytes() {
    return pictures.outsideLent();
  }

  /** Decodes that wait for memory now. */
  public int waiting() {
    return files.waiting() + pictures.waiting();
  }

  /** Most bytes of a file that a decoder reads itself. */
  public long largestFileBytes() {
    return files.mostHeap();
  }

  /** Most bytes of heap that one picture may take. */
  long largestHeap() {
    return pictures.mostHeap();
  }

  /** Most bytes outside of the heap that one picture may take. */
  long largestNative() {
    return pictures.mostOutside();
  }

  /** Whether the whole budget suffices for a picture of so many bytes. */
  boolean canEverLease(long heap, long outside) {
    return heap <= largestHeap() && outside <= largestNative();
  }

  /**
   * Leases memory for a picture, and waits while others hold too much of it.
   *
   * @param heap bytes of the heap; with {@code outside} within the whole budget, see {@link #canEverLease}
   * @param outside bytes outside of the heap
   * @param checkpoint is asked while the call waits
   */
  LeaseQueue.Lease lease(long heap, long outside, DecodeCheckpoint checkpoint) {
    return pictures.lease(heap, outside, checkpoint);
  }

  /** Leases memory for a file's bytes, at most {@link #largestFileBytes}. To be called before {@link #lease}, and closed after it. */
  LeaseQueue.Lease leaseFile(long bytes, DecodeCheckpoint checkpoint) {
    return files.lease(bytes, 0, checkpoint);
  }
}
