package org.conceptclip.batch;

import java.lang.foreign.Arena;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;

/**
 * Slots for decoded images outside the heap. Slots are reused, so a running engine produces no garbage for them. The pool has as many
 * slots as were ever leased at once, a number that the batcher's admission bounds. Owns the memory. Thread-safe.
 */
final class PixelPool implements AutoCloseable {
  private static final int RGB = 3;

  private final int imageSize;
  private final Arena arena = Arena.ofShared();
  /** The slot that was given back last; the others follow by {@link Slot#nextFree}. Giving a slot back must not need memory. */
  private Slot free;
  private int slots;
  private int leased;
  private boolean closed;

  /** Memory for one image. Its holder gives it back by closing it once. */
  final class Slot implements AutoCloseable {
    // Allocation writes zeros, so the pages are present before the first image.
    private final HostTensor pixels = HostTensor.allocate(arena, DType.U8, imageSize, imageSize, RGB);
    private boolean isLeased;
    private Slot nextFree;

    /** U8 [size, size, 3]; undefined until it is written. */
    HostTensor pixels() {
      return pixels;
    }

    @Override
    public void close() {
      giveBack(this);
    }
  }

  /** @param imageSize columns and rows of an image */
  PixelPool(int imageSize) {
    this.imageSize = imageSize;
  }

  synchronized Slot lease() {
    if (closed) {
      throw new IllegalStateException("the pixel pool is closed");
    }
    Slot slot = free;
    if (slot == null) {
      slot = new Slot();
      slots++;
    } else {
      free = slot.nextFree;
      slot.nextFree = null;
    }
    slot.isLeased = true;
    leased++;
    return slot;
  }

  private synchronized void giveBack(Slot slot) {
    if (!slot.isLeased) {
      throw new IllegalStateException("a pixel slot was given back twice");
    }
    slot.isLeased = false;
    leased--;
    slot.nextFree = free;
    free = slot;
  }

  /** Number of leased slots. */
  synchronized int leasedSlots() {
    return leased;
  }

  /** Bytes of all slots. */
  synchronized long bytes() {
    return (long) slots * imageSize * imageSize * RGB;
  }

  /** Frees the memory. Closing again does nothing. */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    if (leasedSlots() > 0) {
      throw new IllegalStateException("pixel pool closed with " + leasedSlots() + " slots leased, expected 0");
    }
    closed = true;
    arena.close();
  }
}
