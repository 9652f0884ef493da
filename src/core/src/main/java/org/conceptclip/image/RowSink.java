package org.conceptclip.image;

import java.lang.foreign.MemorySegment;

/** Receives a picture row by row, from the top. Used by one thread. */
interface RowSink {
  /** Rows that suit a sink without a wish of its own. */
  int USUAL_BATCH_ROWS = 64;

  /**
   * Called before the first rows. Called again, it starts anew: the rows so far came from a decoder that gave up.
   *
   * @param width columns
   * @param height rows that will come in all
   * @param channels 1 (grey) or 3 (red, green, blue)
   */
  void begin(int width, int height, int channels);

  /**
   * Takes the next rows. They may be overwritten after the call.
   *
   * @param rows memory that holds [count, width, channels] unsigned bytes from byte {@code from} on, on the heap or native
   * @param count at least 1
   */
  void rows(MemorySegment rows, long from, int count);

  /** How many rows at a time suit it best, at least 1. Any other number is right, too. */
  default int batchRows(int width, int channels) {
    return USUAL_BATCH_ROWS;
  }

  /** Most bytes of heap that it takes for a picture of that size, its result included. {@link DecodeGate#enter} leases them. */
  default long heapBytes(long width, long height) {
    return 0;
  }
}
