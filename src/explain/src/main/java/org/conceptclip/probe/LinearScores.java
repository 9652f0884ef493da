package org.conceptclip.probe;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.conceptclip.util.Parallel;

/**
 * Products with a matrix X of features: scores X Wᵀ + b of all items, and the gradient of a loss over them. This is where a fit spends its
 * time, so each evaluation reads the features once: a block of rows is used for the scores and, while it is in the cache, for the gradient.
 *
 * <p>Features are float32; all products and sums are float64, so no rounding but that of float64 is added. The loops are written so that
 * the JVM's compiler vectorises them: it does not where a loop adds up one number (which would change the order of the sum), or where the
 * body is large. So both products have one form, {@code y[c] += sum of 4 a[t] * m[t][c]}, with float rows m and a double row y; for the
 * scores the block is transposed, a few columns at a time.
 *
 * <p>Rows are divided into parts whose bounds depend on the shape alone. The parts are computed on the threads of the common pool, and
 * added in their order: results do not depend on the number of threads. Thread-safe.
 */
public final class LinearScores {
  /** Rows of a block: 1.2 MB of 1152 features. A multiple of {@link #TERMS}, as is {@link #STRIP}. */
  private static final int BLOCK = 256;
  /** Columns that are transposed at a time: a strip of a block takes 32 KB, and stays in the first cache. */
  private static final int STRIP = 32;
  /** Products that are added at a time. With 6 or more the loop is not vectorised. */
  private static final int TERMS = 4;
  /** Rows whose products are added to all outputs before the next ones: 74 KB of 1152 features, which stay in the second cache. */
  private static final int GROUP = 16;
  /** Parts are limited in number, and by the memory of their gradients (doubles in all). */
  private static final int MOST_PARTS = 64;
  private static final long MOST_GRADIENTS = 1L << 25;

  private final FeatureRows features;
  private final int outputs;
  private final int parts;
  private final int blocksPerPart;
  private final ConcurrentLinkedQueue<Scratch> scratches = new ConcurrentLinkedQueue<>();

  /** The loss of a block of items, by their scores. Called by several threads at once, for different rows. */
  @FunctionalInterface
  public interface BlockLoss {
    /**
     * Replaces scores by the derivatives of the loss by them.
     *
     * @param first number of the first row of the block
     * @param count its rows
     * @param scores output k of row {@code first + i} is at {@code k * stride + i}
     * @return the sum of the losses of these rows
     */
    double apply(int first, int count, double[] scores, int stride);
  }

  /** What one thread needs for one block. */
  private static final class Scratch {
    final float[] block;
    final float[] strip = new float[STRIP * BLOCK];
    final double[] scores;
    final double[] coefficients;

    Scratch(int columns, int outputs) {
      block = new float[BLOCK * columns];
      scores = new double[BLOCK * outputs];
      coefficients = new double[STRIP];
    }
  }

  /** What a part adds to loss and gradient. */
  private record Part(double loss, double[] weights, double[] intercepts) {}

  /**
   * @param features X, [rows, columns]
   * @param outputs number of scores of a row
   */
  public LinearScores(FeatureRows features, int outputs) {
    this.features = features;
    this.outputs = outputs;
    int blocks = Math.ceilDiv(features.rows(), BLOCK);
    long gradient = (long) outputs * (features.columns() + 1);
    int wanted = Math.clamp(MOST_GRADIENTS / gradient, 1, MOST_PARTS);
    this.blocksPerPart = Math.ceilDiv(blocks, wanted);
    this.parts = Math.ceilDiv(blocks, blocksPerPart);
  }

  public FeatureRows features() {
    return features;
  }

  /** Number of scores of a row. */
  public int outputs() {
    return outputs;
  }

  /**
   * The sum of a loss over all rows, and its gradient.
   *
   * @param weights W [outputs * columns], row by row
   * @param intercepts b [outputs]
   * @param gradientOfWeights receives the derivatives by W, in its layout
   * @param gradientOfIntercepts receives those by b
   */
  public double evaluate(
      double[] weights, double[] intercepts, BlockLoss loss, double[] gradientOfWeights, double[] gradientOfIntercepts) {
    List<Part> sums = Parallel.map(parts, part -> {
      Part sum = new Part(0, new double[weights.length], new double[outputs]);
      double total = 0;
      Scratch scratch = borrow();
      for (int block = part * blocksPerPart; block < Math.min((part + 1) * blocksPerPart, blocks()); block++) {
        int first = block * BLOCK;
        int count = score(first, weights, intercepts, scratch);
        total += loss.apply(first, count, scratch.scores, BLOCK);
        addGradient(count, scratch, sum);
      }
      scratches.add(scratch);
      return new Part(total, sum.weights, sum.intercepts);
    });
    Arrays.fill(gradientOfWeights, 0);
    Arrays.fill(gradientOfIntercepts, 0);
    double total = 0;
    for (Part sum : sums) {
      total += sum.loss;
      add(sum.weights, gradientOfWeights);
      add(sum.intercepts, gradientOfIntercepts);
    }
    return total;
  }

  /**
   * The scores of all rows.
   *
   * @param sink receives them block by block, from several threads; what it leaves in them is not used
   * @return the sum of what {@code sink} returned
   */
  public double scan(double[] weights, double[] intercepts, BlockLoss sink) {
    List<Double> sums = Parallel.map(parts, part -> {
      double total = 0;
      Scratch scratch = borrow();
      for (int block = part * blocksPerPart; block < Math.min((part + 1) * blocksPerPart, blocks()); block++) {
        int first = block * BLOCK;
        int count = score(first, weights, intercepts, scratch);
        total += sink.apply(first, count, scratch.scores, BLOCK);
      }
      scratches.add(scratch);
      return total;
    });
    double total = 0;
    for (double sum : sums) {
      total += sum;
    }
    return total;
  }

  private int blocks() {
    return Math.ceilDiv(features.rows(), BLOCK);
  }

  private Scratch borrow() {
    Scratch kept = scratches.poll();
    return kept == null ? new Scratch(features.columns(), outputs) : kept;
  }

  /** Reads a block and computes its scores. Returns its number of rows. */
  private int score(int first, double[] weights, double[] intercepts, Scratch scratch) {
    int count = Math.min(BLOCK, features.rows() - first);
    int columns = features.columns();
    features.copy(first, count, scratch.block);
    Arrays.fill(scratch.block, count * columns, BLOCK * columns, 0);
    for (int k = 0; k < outputs; k++) {
      Arrays.fill(scratch.scores, k * BLOCK, (k + 1) * BLOCK, intercepts[k]);
    }
    for (int column = 0; column < columns; column += STRIP) {
      int width = Math.min(STRIP, columns - column);
      transpose(scratch.block, columns, column, width, scratch.strip);
      Arrays.fill(scratch.strip, width * BLOCK, STRIP * BLOCK, 0);
      Arrays.fill(scratch.coefficients, 0);
      for (int k = 0; k < outputs; k++) {
        System.arraycopy(weights, k * columns + column, scratch.coefficients, 0, width);
        addRows(scratch.strip, 0, BLOCK, STRIP, scratch.coefficients, 0, scratch.scores, k * BLOCK, BLOCK);
      }
    }
    return count;
  }

  /** Adds the products of derivatives, which have taken the place of the scores, with the rows of the block. */
  private void addGradient(int count, Scratch scratch, Part sum) {
    int columns = features.columns();
    // Rows beyond the last are zeros in the block; their derivatives must be, too.
    int rows = Math.ceilDiv(count, TERMS) * TERMS;
    for (int k = 0; k < outputs; k++) {
      Arrays.fill(scratch.scores, k * BLOCK + count, k * BLOCK + rows, 0);
      double total = 0;
      for (int i = 0; i < count; i++) {
        total += scratch.scores[k * BLOCK + i];
      }
      sum.intercepts[k] += total;
    }
    for (int row = 0; row < rows; row += GROUP) {
      int group = Math.min(GROUP, rows - row);
      for (int k = 0; k < outputs; k++) {
        addRows(scratch.block, row * columns, columns, group, scratch.scores, k * BLOCK + row, sum.weights, k * columns, columns);
      }
    }
  }

  /** {@code strip[j][i] = block[i][column + j]} for all rows i of a block. */
  private static void transpose(float[] block, int columns, int column, int width, float[] strip) {
    for (int row = 0; row < BLOCK; row += 8) {
      int r0 = row * columns + column;
      int r1 = r0 + columns;
      int r2 = r1 + columns;
      int r3 = r2 + columns;
      int r4 = r3 + columns;
      int r5 = r4 + columns;
      int r6 = r5 + columns;
      int r7 = r6 + columns;
      for (int j = 0, at = row; j < width; j++, at += BLOCK) {
        strip[at] = block[r0 + j];
        strip[at + 1] = block[r1 + j];
        strip[at + 2] = block[r2 + j];
        strip[at + 3] = block[r3 + j];
        strip[at + 4] = block[r4 + j];
        strip[at + 5] = block[r5 + j];
        strip[at + 6] = block[r6 + j];
        strip[at + 7] = block[r7 + j];
      }
    }
  }

  /**
   * {@code y[to + c] += sum over rows t of a[from + t] * m[at + t * stride + c]}, c from 0 to {@code count}.
   *
   * <p>No fused multiply-add: on a processor without it, {@link Math#fma} is a thousand times slower, and with it the loop is no faster.
   *
   * @param rows a multiple of 4
   */
  static void addRows(float[] m, int at, int stride, int rows, double[] a, int from, double[] y, int to, int count) {
    for (int t = 0; t < rows; t += TERMS) {
      double a0 = a[from + t];
      double a1 = a[from + t + 1];
      double a2 = a[from + t + 2];
      double a3 = a[from + t + 3];
      int m0 = at + t * stride;
      int m1 = m0 + stride;
      int m2 = m1 + stride;
      int m3 = m2 + stride;
      for (int c = 0; c < count; c++) {
        y[to + c] = y[to + c] + a0 * m[m0 + c] + a1 * m[m1 + c] + a2 * m[m2 + c] + a3 * m[m3 + c];
      }
    }
  }

  private static void add(double[] from, double[] to) {
    for (int i = 0; i < to.length; i++) {
      to[i] += from[i];
    }
  }
}
