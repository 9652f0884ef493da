package org.conceptclip.batch;

/**
 * Finds out whether a caller's stack has room for a change of the batcher's state. A stack that overflows in the middle of a change would
 * leave it half done; here it overflows before.
 */
final class StackRoom {
  private static final int FRAMES = 192;

  private StackRoom() {}

  /** @throws StackOverflowError if the stack of this thread is nearly used up */
  static void require() {
    if (descend(FRAMES, 1, 2, 3, 4) == 0) {
      throw new AssertionError("the sum of positive numbers is not 0");
    }
  }

  /** Its arguments are used again after the call, so every frame must hold them. */
  private static long descend(int frames, long a, long b, long c, long d) {
    return frames == 0 ? a : descend(frames - 1, b, c, d, a) + a + b + c + d;
  }
}
