package org.conceptclip.image;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * The horizontal half of a resize: scales rows to the target's width and rounds to 0..255. Keeps its working memory, about 100 kB
 * for a photograph and at most 1 MB. Not thread-safe.
 *
 * <p>All samples of one source column share their weight, so a block of rows is transposed: a column becomes an array of {@link #LANES}
 * samples, the red ones of all rows, then the green, then the blue. The weighted sum of columns is then a sum of arrays, which the JIT
 * compiles to vector code (only where all arrays are indexed alike, hence one array per column). Columns are kept in a ring that holds
 * the taps of one output, so they stay in L1.
 *
 * <p>Alternatives that were slower, for 1024x1024 to 384x384 on Zen 3 with AVX2 (lowest of 30): pixels one after the other in plain
 * loops 12.5 ms, two rows in the halves of a long 7.8, transposing whole windows of 32 outputs 5.4, transposing 8x8 bytes in eight longs
 * 5.2; this one 4.6.
 */
final class ColumnPass {
  /** Samples of one turned column: 64 rows of colour, or 192 of grey. */
  static final int LANES = 192;

  /** Where the green and the blue samples begin. */
  private static final int GREEN = LANES / 3;

  private static final int BLUE = 2 * GREEN;

  /** Beyond these limits the arrays that are kept would grow large. */
  private static final int MOST_TAPS = 1024;

  private static final int WIDEST_TARGET = 8192;

  /** Source columns copied at once before they are turned. */
  private static final int STRIP = 128;

  private int[][] ring = new int[0][];
  private final int[] sums = new int[LANES];
  private byte[] strip = new byte[0];

  /** Rows that one block holds. */
  static int blockRows(int channels) {
    return LANES / channels;
  }

  /** Whether {@link #run} takes such weights; otherwise {@link #runPlain} does. */
  static boolean suits(BicubicFilter columns) {
    return columns.outputs <= WIDEST_TARGET && columns.mostTaps <= MOST_TAPS;
  }

  /**
   * Resamples rows.
   *
   * @param source rows of {@code rowBytes} bytes
   * @param from where the first of the rows lies
   * @param count rows, at most {@link #blockRows}
   * @param block receives [count][outputs * channels]
   */
  void run(MemorySegment source, long from, long rowBytes, int count, BicubicFilter columns, int channels, int[][] block) {
    int mask = Integer.highestOneBit(Math.max(columns.mostTaps - 1, 1)) * 2 - 1;
    if (ring.length <= mask) {
      ring = new int[mask + 1][LANES];
    }
    int rows = blockRows(channels);
    // An odd number of cache lines: with an even one the rows of a column would compete for few sets of L1.
    int stride = (STRIP * channels / 64 | 1) * 64;
    if (strip.length < rows * stride) {
      strip = new byte[rows * stride];
    }
    int turned = columns.first[0];
    int stripStart = turned;
    int stripEnd = turned;
    for (int output = 0; output < columns.outputs; output++) {
      for (; turned < columns.end[output]; turned++) {
        if (turned == stripEnd) {
          stripStart = turned;
          stripEnd = Math.min(turned + STRIP, columns.inputs);
          copyStrip(source, from + (long) stripStart * channels, rowBytes, count, (stripEnd - stripStart) * channels, stride);
        }
        turn((turned - stripStart) * channels, stride, count, channels, ring[turned & mask]);
      }
      weigh(columns.weights[output], columns.first[output], mask);
      turnBack(block, output * channels, count, channels);
    }
  }

  private void copyStrip(MemorySegment source, long from, long rowBytes, int count, int bytes, int stride) {
    for (int row = 0; row < count; row++) {
      MemorySegment.copy(source, ValueLayout.JAVA_BYTE, from + row * rowBytes, strip, row * stride, bytes);
    }
  }

  private void turn(int from, int stride, int count, int channels, int[] column) {
    byte[] samples = strip;
    int at = from;
    if (channels == 1) {
      for (int row = 0; row < count; row++, at += stride) {
        column[row] = samples[at] & 0xff;
      }
      return;
    }
    for (int row = 0; row < count; row++, at += stride) {
      column[row] = samples[at] & 0xff;
      column[GREEN + row] = samples[at + 1] & 0xff;
      column[BLUE + row] = samples[at + 2] & 0xff;
    }
  }

  private void weigh(int[] weights, int first, int mask) {
    int[] total = sums;
    Arrays.fill(total, BicubicFilter.ROUNDING);
    int tap = 0;
    for (; tap + 4 <= weights.length; tap += 4) {
      int at = first + tap;
      BicubicFilter.add(ring[at & mask], weights[tap], ring[at + 1 & mask], weights[tap + 1], ring[at + 2 & mask], weights[tap + 2],
          ring[at + 3 & mask], weights[tap + 3], total);
    }
    for (; tap < weights.length; tap++) {
      BicubicFilter.add(ring[first + tap & mask], weights[tap], total);
    }
    for (int i = 0; i < total.length; i++) {
      total[i] = BicubicFilter.toUnsignedByte(total[i]);
    }
  }

  private void turnBack(int[][] block, int to, int count, int channels) {
    int[] column = sums;
    if (channels == 1) {
      for (int row = 0; row < count; row++) {
        block[row][to] = column[row];
      }
      return;
    }
    for (int row = 0; row < count; row++) {
      int[] target = block[row];
      target[to] = column[row];
      target[to + 1] = column[GREEN + row];
      target[to + 2] = column[BLUE + row];
    }
  }

  /** Like {@link #run} for any weights and widths: pixel by pixel, a few times slower, without working memory. */
  static void runPlain(
      MemorySegment source, long from, long rowBytes, int count, BicubicFilter columns, int channels, int[][] block) {
    for (int output = 0; output < columns.outputs; output++) {
      int[] weights = columns.weights[output];
      long first = from + (long) columns.first[output] * channels;
      for (int row = 0; row < count; row++) {
        for (int channel = 0; channel < channels; channel++) {
          long at = first + row * rowBytes + channel;
          int sum = BicubicFilter.ROUNDING;
          for (int weight : weights) {
            sum += (source.get(ValueLayout.JAVA_BYTE, at) & 0xff) * weight;
            at += channels;
          }
          block[row][output * channels + channel] = BicubicFilter.toUnsignedByte(sum);
        }
      }
    }
  }

  /** Copies rows that keep their width. */
  void copy(MemorySegment source, long from, long rowBytes, int count, int[][] block) {
    if (strip.length < rowBytes) {
      strip = new byte[(int) rowBytes];
    }
    byte[] samples = strip;
    for (int row = 0; row < count; row++) {
      MemorySegment.copy(source, ValueLayout.JAVA_BYTE, from + row * rowBytes, samples, 0, (int) rowBytes);
      int[] target = block[row];
      for (int i = 0; i < target.length; i++) {
        target[i] = samples[i] & 0xff;
      }
    }
  }
}
