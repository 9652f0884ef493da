package org.conceptclip.image;

import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * Bytes of heap and bytes outside of it that are lent out, first come, first served. A part is a reserve for small leases alone, so that
 * they do not wait behind a huge one; of the rest they take only what no large one waits for, so that large ones do not starve.
 * Thread-safe.
 */
final class LeaseQueue {
  /** A lease of at most this part of the reserve is a small one. */
  private static final int SMALL_PART = 4;

  /** How often a waiting thread asks whether it is still wanted. */
  private static final long PATIENCE_MILLIS = 50;

  /** Bytes of both kinds of which some are lent. Guarded by the lock. */
  private static final class Part {
    final long heap;
    final long outside;
    long heapLent;
    long outsideLent;

    Part(long heap, long outside) {
      this.heap = heap;
      this.outside = outside;
    }

    boolean hasLeft(long moreHeap, long moreOutside) {
      return moreHeap <= heap - heapLent && moreOutside <= outside - outsideLent;
    }
  }

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Part common;
  private final Part reserve;
  private final ArrayDeque<Object> small = new ArrayDeque<>();
  private final ArrayDeque<Object> large = new ArrayDeque<>();

  /** Lends so many bytes, of which the reserve is a part. */
  LeaseQueue(long heap, long outside, long heapReserve, long outsideReserve) {
    this.common = new Part(heap - heapReserve, outside - outsideReserve);
    this.reserve = new Part(heapReserve, outsideReserve);
  }

  /** Most bytes of heap of one lease. */
  long mostHeap() {
    return common.heap;
  }

  /** Most bytes outside of the heap of one lease. */
  long mostOutside() {
    return common.outside;
  }

  long heapLent() {
    return locked(() -> common.heapLent + reserve.heapLent);
  }

  long outsideLent() {
    return locked(() -> common.outsideLent + reserve.outsideLent);
  }

  /** Threads that wait for a lease. */
  int waiting() {
    return (int) locked(() -> small.size() + large.size());
  }

  /**
   * Leases bytes, at most {@link #mostHeap} and {@link #mostOutside}, and waits while others hold too many.
   *
   * @param checkpoint is asked while the call waits; what it throws ends the wait
   */
  Lease lease(long heap, long outside, DecodeCheckpoint checkpoint) {
    if (heap < 0 || outside < 0 || heap > common.heap || outside > common.outside) {
      throw new IllegalArgumentException("lease of " + heap + " bytes of heap and " + outside + " native bytes");
    }
    boolean isSmall = heap <= reserve.heap / SMALL_PART && outside <= reserve.outside / SMALL_PART;
    ArrayDeque<Object> queue = isSmall ? small : large;
    Object ticket = new Object();
    lock.lock();
    try {
      queue.addLast(ticket);
      try {
        Part part = null;
        while (part == null) {
          part = queue.peekFirst() == ticket ? partFor(heap, outside, isSmall) : null;
          if (part == null) {
            await(checkpoint);
          }
        }
        part.heapLent += heap;
        part.outsideLent += outside;
        return new Lease(part, heap, outside);
      } finally {
        queue.remove(ticket);
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  private Part partFor(long heap, long outside, boolean isSmall) {
    if (isSmall && reserve.hasLeft(heap, outside)) {
      return reserve;
    }
    return (!isSmall || large.isEmpty()) && common.hasLeft(heap, outside) ? common : null;
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

  /** Bytes that a holder has until it closes the lease, once. */
  final class Lease implements AutoCloseable {
    private final Part part;
    private final long heap;
    private final long outside;
    private boolean closed;

    private Lease(Part part, long heap, long outside) {
      this.part = part;
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
        part.heapLent -= heap;
        part.outsideLent -= outside;
        changed.signalAll();
      } finally {
        lock.unlock();
      }
    }
  }
}
