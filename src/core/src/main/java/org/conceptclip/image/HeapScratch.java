package org.conceptclip.image;

/** An array that is used for one picture after the other and grows on demand. {@link #trim} bounds what it keeps. Not thread-safe. */
final class HeapScratch {
  private static final int STEP_BYTES = 1 << 16;
  private static final int LONGEST_ARRAY = Integer.MAX_VALUE - 8;
  private static final byte[] EMPTY = {};

  private final int keptBytes;
  private byte[] array = EMPTY;

  /** Keeps at most that many bytes between pictures. */
  HeapScratch(int keptBytes) {
    this.keptBytes = keptBytes;
  }

  /** An array of at least that many bytes, with undefined content, valid until the next call of any method. */
  byte[] atLeast(int bytes) {
    if (array.length < bytes) {
      array = EMPTY;
      // Rounded up, so that pictures of slightly rising sizes do not allocate each time.
      array = new byte[(int) Math.min(LONGEST_ARRAY, Math.ceilDiv((long) bytes, STEP_BYTES) * STEP_BYTES)];
    }
    return array;
  }

  /** Bytes that are held now. */
  int bytes() {
    return array.length;
  }

  /** Ends the use for one picture: frees an array that is larger than is to be kept. */
  void trim() {
    if (array.length > keptBytes) {
      array = EMPTY;
    }
  }

  /** Frees everything. */
  void release() {
    array = EMPTY;
  }
}
