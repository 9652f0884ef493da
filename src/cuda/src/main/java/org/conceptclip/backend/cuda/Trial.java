package org.conceptclip.backend.cuda;

/** Something that several engines can compute, with random operands on a device. Owns its memory. Not thread-safe. */
interface Trial extends AutoCloseable {
  /** Queues the work so many times and waits for it. The second and later calls with one number are launches of one graph. */
  void run(String engine, int times);

  /**
   * Results of one run of an engine: as many values of the first rows as of the last rows, the first before the last. The first rows have
   * the same operands whatever the number of rows.
   */
  float[] results(String engine);

  @Override
  void close();
}
