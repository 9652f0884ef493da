package org.conceptclip.image;

import org.conceptclip.tensor.BadInputException;

/**
 * What every format's decoder passes before it allocates: limits on pixels, on claims that the file's bytes cannot carry, on memory and on
 * time. One per picture. Not thread-safe. Owns the picture's lease of memory.
 *
 * <p>A decoder calls, in this order: {@link #checkSize} for every picture in the file that will be decoded (also the JPEG in a strip, a
 * tile, a canvas and its frame), {@link #checkCarried} for the claim of the whole, {@link #enter} once, and then {@link #check} at least
 * every 50 milliseconds.
 */
final class DecodeGate implements AutoCloseable {
  private final String name;
  private final DecodeLimits limits;
  private final DecodeCheckpoint checkpoint;
  private final long beginNanos = System.nanoTime();
  private final long limitNanos;
  private DecodeMemory.Lease lease;

  /** Whether the lease of another gate includes this picture. */
  private boolean covered;

  DecodeGate(String name, DecodeLimits limits, DecodeCheckpoint checkpoint) {
    this.name = name;
    this.limits = limits;
    this.checkpoint = checkpoint;
    this.limitNanos = saturatedNanos(limits);
  }

  private static long saturatedNanos(DecodeLimits limits) {
    try {
      return limits.timeLimit().toNanos();
    } catch (ArithmeticException e) {
      return Long.MAX_VALUE;
    }
  }

  /**
   * A gate for a picture inside of this one, as a TIFF holds JPEGs: the same limits, and this gate's time. It leases nothing and announces
   * nothing, because the lease and the announcement of this gate include the picture.
   */
  DecodeGate within() {
    DecodeGate inner = new DecodeGate(name, limits, this::check);
    inner.covered = true;
    return inner;
  }

  /** Rejects a picture by its sides, see {@link DecodeLimits#check}. */
  void checkSize(long width, long height) {
    limits.check(name, width, height);
  }

  /**
   * Rejects a file that announces more than its bytes can carry.
   *
   * @param claimed what the header announces, in units of the format's rule (pixels, blocks, bytes of raw rows)
   * @param carried the most of it that the bytes at hand can stand for
   * @param unit what is counted, plural, for the message
   */
  void checkCarried(long claimed, long carried, String unit) {
    if (claimed > carried) {
      throw new BadInputException(name + ": header announces " + claimed + " " + unit + ", but its data can hold at most " + carried
          + "; expected a complete image (truncated, or a decompression bomb?)");
    }
  }

  /**
   * Announces the work and leases the memory of the picture, once. Waits while other decodes hold too much.
   *
   * @param heap bytes of heap that decoding will hold at most, the file's own bytes not counted
   * @param outside bytes outside of the heap
   * @param nanos estimated processor time
   * @throws BadInputException if the whole budget does not suffice
   */
  void enter(long heap, long outside, long nanos) {
    if (covered) {
      return;
    }
    if (lease != null) {
      throw new IllegalStateException(name + ": its memory is leased already");
    }
    DecodeMemory memory = limits.memory();
    if (!memory.canEverLease(heap, outside)) {
      throw new BadInputException(name + ": decoding takes " + heap + " bytes of heap and " + outside + " bytes of native memory, expected"
          + " at most " + memory.heapBytes() + " and " + memory.nativeBytes());
    }
    checkpoint.begin(nanos);
    lease = memory.lease(heap, outside, this::check);
  }

  /** Ends the decode if its time is over or the caller wants it no more. */
  void check() {
    checkpoint.check();
    if (System.nanoTime() - beginNanos > limitNanos) {
      throw new BadInputException(name + ": decoding took longer than " + limits.timeLimit() + ", the limit for one image");
    }
  }

  /** Hands the lease over to the caller, who gives it back by the action returned: for work that goes on after a picture is given up. */
  Runnable handOver() {
    DecodeMemory.Lease given = lease;
    lease = null;
    return given::close;
  }

  /** Gives the memory back. */
  @Override
  public void close() {
    if (lease != null) {
      lease.close();
      lease = null;
    }
  }
}
