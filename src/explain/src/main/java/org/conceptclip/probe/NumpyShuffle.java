package org.conceptclip.probe;

/**
 * The order in which {@code numpy.random.seed(seed); numpy.random.shuffle(numpy.arange(n))} leaves the numbers from 0 to n - 1, so that the
 * fractions of the official linear probing are drawn here, too.
 *
 * <p>Sources: M. Matsumoto and T. Nishimura, Mersenne Twister, 1998 (MT19937 with {@code init_genrand}); NumPy's documentation of
 * {@code RandomState.shuffle}: for i from n - 1 down to 1, element i changes places with a random one of 0 to i, which NumPy draws as
 * numbers of as many bits as i has until one is not larger than i. Not thread-safe.
 */
final class NumpyShuffle {
  private static final int SIZE = 624;
  private static final int SHIFT = 397;

  private final int[] state = new int[SIZE];
  private int at = SIZE;

  /** @param seed as an unsigned number */
  NumpyShuffle(int seed) {
    state[0] = seed;
    for (int i = 1; i < SIZE; i++) {
      state[i] = 1812433253 * (state[i - 1] ^ state[i - 1] >>> 30) + i;
    }
  }

  /** The numbers from 0 to {@code count - 1} in the order of a new generator. */
  static int[] order(int count, int seed) {
    int[] order = new int[count];
    for (int i = 0; i < count; i++) {
      order[i] = i;
    }
    new NumpyShuffle(seed).shuffle(order);
    return order;
  }

  void shuffle(int[] values) {
    for (int i = values.length - 1; i > 0; i--) {
      int other = below(i);
      int moved = values[i];
      values[i] = values[other];
      values[other] = moved;
    }
  }

  /** A number from 0 to {@code most}. */
  private int below(int most) {
    int mask = -1 >>> Integer.numberOfLeadingZeros(most);
    int drawn = next() & mask;
    while (drawn > most) {
      drawn = next() & mask;
    }
    return drawn;
  }

  private int next() {
    if (at == SIZE) {
      twist();
    }
    int y = state[at++];
    y ^= y >>> 11;
    y ^= y << 7 & 0x9d2c5680;
    y ^= y << 15 & 0xefc60000;
    return y ^ y >>> 18;
  }

  private void twist() {
    for (int i = 0; i < SIZE; i++) {
      int y = state[i] & 0x80000000 | state[(i + 1) % SIZE] & 0x7fffffff;
      state[i] = state[(i + SHIFT) % SIZE] ^ y >>> 1 ^ ((y & 1) == 0 ? 0 : 0x9908b0df);
    }
    at = 0;
  }
}
