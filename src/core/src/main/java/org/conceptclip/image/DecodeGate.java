package org.conceptclip.image;

import java.time.Duration;
import java.util.function.Supplier;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.Nanos;

/**
 * What every format's decoder passes before it allocates: limits on pixels, on claims that the file's bytes cannot carry, on memory and on
 * time. One per picture. Not thread-safe. Owns the picture's lease of memory.
 *
 * <p>A decoder calls, in this order: {@link #checkSize} for every picture in the file that will be decoded (also the JPEG in a strip, a
 * tile, a canvas and its frame), {@link #checkCarried} for the claim of the whole, {@link #enter} once, and then {@link #check} at least
 * every 50 milliseconds.
 */
final class DecodeGate implements AutoCloseable {
  private static final long MEGABYTE = 1_000_000;

  private final String name;
  private final DecodeLimits limits;
  private final DecodeCheckpoint checkpoint;
  private final long limitNanos;

  /** When the decode began, put off by the time that it waited for memory: that is not the picture's fault. */
  private long beginNanos = System.nanoTime();

  private LeaseQueue.Lease lease;
  private long leasedOutside;
  private boolean begun;

  /** Where the picture goes: a sink that takes memory for each size that is announced. Null: it takes none. */
  private RowSink sink;

  private long sinkHeap;

  /** Bytes that are leased or were last; 0 before that. */
  private long needed;

  private long width;
  private long height;

  /** What ended the decode from outside, whatever a decoder made of it on the way. */
  private Throwable stop;

  /** Whether the lease of another gate includes this picture. */
  private boolean covered;

  DecodeGate(String name, DecodeLimits limits, DecodeCheckpoint checkpoint) {
    this.name = name;
    this.limits = limits;
    this.checkpoint = checkpoint;
    this.limitNanos = Nanos.of(limits.timeLimit());
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

  /** Says where the picture will go, whose memory is leased with the decoder's. To be called before the first check. */
  void leadsTo(RowSink to) {
    sink = to;
  }

  /** Rejects a picture by its sides, see {@link DecodeLimits#check}. */
  void checkSize(long width, long height) {
    limits.check(name, width, height);
    sinkHeap = sink == null ? 0 : Math.max(sinkHeap, sink.heapBytes(width, height));
    if (width * height > this.width * this.height) {
      this.width = width;
      this.height = height;
    }
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
   * @param heap bytes of heap that decoding will hold at most, the file's own bytes and those of the sink not counted
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
    long allHeap = heap + sinkHeap;
    if (!memory.canEverLease(allHeap, outside)) {
      throw new BadInputException(name + ": needs about " + megabytes(allHeap) + " MB of heap and " + megabytes(outside)
          + " MB of native memory to decode " + width + "x" + height + " pixels, expected at most " + memory.largestHeap() / MEGABYTE
          + " and " + memory.largestNative() / MEGABYTE
          + "; raise -Xmx or the memory for decoding (--decode-memory), or lower --max-pixels");
    }
    if (!begun) {
      begun = true;
      begin(nanos);
    }
    needed = allHeap + outside;
    lease = await(() -> memory.lease(allHeap, outside, this::checkCaller));
    leasedOutside = outside;
  }

  private void begin(long nanos) {
    try {
      checkpoint.begin(nanos);
    } catch (RuntimeException | Error e) {
      stop = e;
      throw e;
    }
  }

  /** Gives the lease back and takes another, for a second decoder that goes on where the first gave up and freed its memory. */
  void enterAgain(long heap, long outside, long nanos) {
    close();
    enter(heap, outside, nanos);
  }

  private static long megabytes(long bytes) {
    return Math.ceilDiv(bytes, MEGABYTE);
  }

  /** Runs a wait for memory that other decodes hold. It has no limit but the caller's {@link #checkCaller} and does not count as time. */
  <T> T await(Supplier<T> wait) {
    long since = System.nanoTime();
    try {
      return wait.get();
    } finally {
      beginNanos += System.nanoTime() - since;
    }
  }

  /** Ends the decode if the caller wants it no more. */
  void checkCaller() {
    try {
      checkpoint.check();
    } catch (RuntimeException | Error e) {
      stop = e;
      throw e;
    }
  }

  /** Ends the decode if its time is over or the caller wants it no more. */
  void check() {
    checkCaller();
    if (System.nanoTime() - beginNanos > limitNanos) {
      BadInputException late = new BadInputException(name + ": decoding took longer than " + seconds(limits.timeLimit())
          + " s, the limit for one image; raise the time limit for decoding (--decode-seconds), or use a smaller picture");
      stop = late;
      throw late;
    }
  }

  private static String seconds(Duration duration) {
    return duration.getNano() == 0 ? String.valueOf(duration.getSeconds()) : String.valueOf(duration.toMillis() / 1e3);
  }

  /**
   * Throws what {@link #check} has thrown, if it has. Libraries between it and the decoder's caller may have made another exception of it.
   */
  void rethrowStop() {
    if (stop instanceof Error error) {
      throw error;
    }
    if (stop != null) {
      throw (RuntimeException) stop;
    }
  }

  /** The rejection of a picture for which the heap, or the memory outside of it, did not suffice after all. */
  BadInputException outOfMemory(OutOfMemoryError failure) {
    String size = width < 1 ? "" : " " + width + "x" + height + " pixels";
    String need = needed == 0 ? "" : ", which takes about " + megabytes(needed) + " MB,";
    return new BadInputException(name + ": not enough memory to decode" + size + need + " with a heap of at most "
        + Runtime.getRuntime().maxMemory() / MEGABYTE + " MB; raise -Xmx, decode fewer pictures at once, or lower --max-pixels", failure);
  }

  /** Hands the lease over to the caller, who gives it back by the action returned: for work that goes on after a picture is given up. */
  Runnable handOver() {
    LeaseQueue.Lease given = lease;
    boolean large = leasedOutside >= NativeHeap.TRIMMED_BYTES;
    lease = null;
    return () -> {
      if (large) {
        NativeHeap.trim();
      }
      given.close();
    };
  }

  /** Gives the memory back. */
  @Override
  public void close() {
    if (lease != null) {
      if (leasedOutside >= NativeHeap.TRIMMED_BYTES) {
        NativeHeap.trim();
      }
      lease.close();
      lease = null;
    }
  }
}
