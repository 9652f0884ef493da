package org.conceptclip.image;

import java.lang.foreign.MemorySegment;

/** Receives a picture row by row, from the top. Used by one thread. */
interface RowSink {
  /**
   * Called once, before the first rows.
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
}
