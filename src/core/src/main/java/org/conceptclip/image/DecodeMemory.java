package org.conceptclip.image;

import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * A budget of memory for decoding that many decoders share: bytes on the heap and bytes outside of it. A decoder leases all that a picture
 * will take before it allocates any of it. Pictures that do not fit now wait, in the order of their arrival; a picture that exceeds the
 * whole budget is rejected. Thread-safe.
 */
public final class DecodeMemory {
  /** How often a waiting decode asks whether it is still wanted. */
  private static final long PATIENCE_MILLIS = 50;

  private static final DecodeMemory PROCESS = new DecodeMemory(
      Runtime.getRuntime().maxMemory() / 4, Runtime.getRuntime().maxMemory() / 2);

  private final long heapBytes;
  private final long nativeBytes;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final ArrayDeque<Object> queue = new ArrayDeque<>();
  private long heapLeased;
  private long nativeLeased;

  /**
   * Makes a budget.
   *
   * @param heapBytes bytes of the heap, at least 1
   * @param nativeBytes bytes outside of the heap, at least 1
   */
  public DecodeMemory(long heapBytes, long nativeBytes) {
    if (heapBytes < 1 || nativeBytes < 1) {
      throw new IllegalArgumentException(
          "decode memory of " + heapBytes + " bytes of heap and " + nativeBytes + " native bytes, expected at least 1 each");
    }
    this.heapBytes = heapBytes;
    this.nativeBytes = nativeBytes;
  }

  /** The budget that all decoders of this process share unless they are given another. */
  public static DecodeMemory ofProcess() {
    return PROCESS;
  }

  /** Most bytes of the heap that are leased at once. */
  public long heapBytes() {
    return heapBytes;
  }

  /** Most bytes outside of the heap that are leased at once. */
  public long nativeBytes() {
    return nativeBytes;
  }

  /** Bytes of the heap that are leased now; 0 when no decode runs. */
  public long leasedHeapBytes() {
    return locked(() -> heapLeased);
  }

  /** Bytes outside of the heap that are leased now; 0 when no decode runs. */
  public long leasedNativeBytes() {
    return locked(() -> nativeLeased);
  }

  /** Whether the whole budget suffices for so many bytes. */
  boolean canEverLease(long heap, long outside) {
    return heap <= heapBytes && outside <= nativeBytes;
  }

  /**
   * Leases memory, and waits while others hold too much of it.
   *
   * @param heap bytes of the heap; with {@code outside} within the whole budget, see {@link #canEverLease}
   * @param outside bytes outside of the heap
   * @param checkpoint is asked while the call waits
   */
  Lease lease(long heap, long outside, DecodeCheckpoint checkpoint) {
    if (heap < 0 || outside < 0 || !canEverLease(heap, outside)) {
      throw new IllegalArgumentException("lease of " + heap + " bytes of heap and " + outside + " native bytes");
    }
    Object ticket = new Object();
    lock.lock();
    try {
      queue.addLast(ticket);
      try {
        while (queue.peekFirst() != ticket || heap > heapBytes - heapLeased || outside > nativeBytes - nativeLeased) {
          await(checkpoint);
        }
        heapLeased += heap;
        nativeLeased += outside;
        return new Lease(heap, outside);
      } finally {
        queue.remove(ticket);
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  /** An interrupt does not end the wait, because it is not the decode's to answer; the thread's flag stays set. */
  private void await(DecodeCheckpoint checkpoint) {
    boolean interrupted = Thread.interrupted();
    try {
      changed.await(PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      interrupted = true;
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
    lock.unlock();
    try {
      checkpoint.check();
    } finally {
      lock.lock();
    }
  }

  private long locked(LongSupplier read) {
    lock.lock();
    try {
      return read.getAsLong();
    } finally {
      lock.unlock();
    }
  }

  /** Memory that one picture holds. Its holder closes it once, when the memory is free again. */
  final class Lease implements AutoCloseable {
    private final long heap;
    private final long outside;
    private boolean closed;

    private Lease(long heap, long outside) {
      this.heap = heap;
      this.outside = outside;
    }

    @Override
    public void close() {
      lock.lock();
      try {
        if (closed) {
          throw new IllegalStateException("a lease of decode memory was closed twice");
        }
        closed = true;
        heapLeased -= heap;
        nativeLeased -= outside;
        changed.signalAll();
      } finally {
        lock.unlock();
      }
    }
  }
}
