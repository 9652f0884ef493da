package org.conceptclip.image;

/**
 * The caller's voice in a running decode. A decoder asks it often (the aim is every 50 milliseconds, in every format) whether to go on, and
 * stops by passing on what it throws. Called by the decoding thread.
 */
@FunctionalInterface
public interface DecodeCheckpoint {
  /** Goes on always. */
  DecodeCheckpoint NONE = () -> {};

  /** Returns to let the decode go on. Whatever unchecked exception it throws ends the decode and reaches the decoder's caller unchanged. */
  void check();

  /**
   * Called once per picture, when its header has passed all limits, before memory for it is leased.
   *
   * @param nanos estimated processor time of decoding and resizing
   */
  default void begin(long nanos) {}
}
