package org.conceptclip.op;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Arrays;
import org.conceptclip.tensor.DType;

/**
 * The formulas of the op contract, written down naively and independently of every backend, in one of two arithmetics:
 *
 * <ul>
 *   <li>{@link #exact()}: float64, nothing rounded between; the mean of a LayerNorm even in decimal. What is right.
 *   <li>{@link #simulating}: a plain implementation at some precision, op by op, sums in order, each product and sum rounded to
 *       float32 (float64 for F64), and every tensor that an unfused implementation stores rounded to its storage type. What is
 *       good enough. On a device whose matrix products have a rounding of their own, {@link ProductSums} has it.
 * </ul>
 *
 * <p>Rounding a float64 sum or product of two float32 values to float32 is the float32 result: 53 bits are more than 2 * 24 + 2.
 */
final class PlainOps {
  private final boolean exact;
  private final boolean single;
  private final ProductSums products;

  private PlainOps(boolean exact, boolean single, ProductSums products) {
    this.exact = exact;
    this.single = single;
    this.products = products;
  }

  static PlainOps exact() {
    return new PlainOps(true, false, ProductSums.FLOAT32);
  }

  /** @param products how the matrix products of {@link #linear} are summed */
  static PlainOps simulating(DType activations, ProductSums products) {
    return new PlainOps(false, activations != DType.F64, products);
  }

  double[][] linear(double[][] x, double[][] weight, double[] biasOrNull, Epilogue epilogue, double[][] before, DType type) {
    double[][] out = new double[x.length][weight.length];
    for (int row = 0; row < x.length; row++) {
      for (int o = 0; o < weight.length; o++) {
        double sum = products == ProductSums.FLOAT32 ? dot(x[row], weight[o]) : products.dot(x[row], weight[o]);
        double value = store(type, biasOrNull == null ? sum : r(sum + biasOrNull[o]));
        out[row][o] = switch (epilogue) {
          case NONE -> value;
          case GELU -> store(type, gelu(value));
          case ACCUMULATE -> store(type, r(before[row][o] + value));
        };
      }
    }
    return out;
  }

  double gelu(double v) {
    if (exact) {
      return ErfSeries.gelu(v);
    }
    double erf = r(ErfSeries.erf(r(v * r(Math.sqrt(0.5)))));
    return r(r(0.5 * v) * r(1 + erf));
  }

  double[][] add(double[][] x, double[][] y, DType type) {
    double[][] sum = new double[x.length][x[0].length];
    for (int row = 0; row < x.length; row++) {
      for (int i = 0; i < x[row].length; i++) {
        sum[row][i] = store(type, r(x[row][i] + y[row][i]));
      }
    }
    return sum;
  }

  double[][] layerNorm(double[][] x, double[] weight, double[] bias, double epsilon, DType type) {
    double[][] out = new double[x.length][];
    for (int row = 0; row < x.length; row++) {
      double[] centred = centred(x[row]);
      double variance = r(dot(centred, centred) / centred.length);
      double deviation = r(Math.sqrt(r(variance + r(epsilon))));
      out[row] = new double[centred.length];
      for (int i = 0; i < centred.length; i++) {
        out[row][i] = store(type, r(r(r(centred[i] / deviation) * weight[i]) + bias[i]));
      }
    }
    return out;
  }

  private double[] centred(double[] x) {
    double[] centred = new double[x.length];
    if (exact) {
      BigDecimal sum = Arrays.stream(x).mapToObj(BigDecimal::new).reduce(BigDecimal.ZERO, BigDecimal::add);
      BigDecimal mean = sum.divide(BigDecimal.valueOf(x.length), MathContext.DECIMAL128);
      Arrays.setAll(centred, i -> new BigDecimal(x[i]).subtract(mean).doubleValue());
      return centred;
    }
    double sum = 0;
    for (double value : x) {
      sum = r(sum + value);
    }
    double mean = r(sum / x.length);
    Arrays.setAll(centred, i -> r(x[i] - mean));
    return centred;
  }

  double[][] attention(double[][] qkv, Sequences sequences, int heads, DType type) {
    int width = qkv[0].length / 3;
    double[][] out = new double[qkv.length][width];
    for (int s = 0; s < sequences.count(); s++) {
      for (int row = sequences.start(s); row < sequences.start(s) + sequences.rows(s); row++) {
        double[] query = Arrays.copyOf(qkv[row], width);
        attend(query, qkv, sequences.start(s), sequences.keyLength(s), width, heads, out[row], type);
      }
    }
    return out;
  }

  double[][] poolAttention(double[] query, double[][] kv, Sequences sequences, int heads, DType type) {
    double[][] out = new double[sequences.count()][query.length];
    for (int s = 0; s < sequences.count(); s++) {
      attend(query, kv, sequences.start(s), sequences.keyLength(s), 0, heads, out[s], type);
    }
    return out;
  }

  /** Keys lie from column {@code keyColumn} on, values behind them. */
  private void attend(
      double[] query, double[][] rows, int start, int length, int keyColumn, int heads, double[] out, DType type) {
    int width = query.length;
    int headWidth = width / heads;
    double scale = r(1 / Math.sqrt(headWidth));
    double[] weights = new double[length];
    for (int first = 0; first < width; first += headWidth) {
      double largest = Double.NEGATIVE_INFINITY;
      for (int j = 0; j < length; j++) {
        double sum = 0;
        for (int i = first; i < first + headWidth; i++) {
          sum = r(sum + r(query[i] * rows[start + j][keyColumn + i]));
        }
        weights[j] = store(type, r(sum * scale));
        largest = Math.max(largest, weights[j]);
      }
      double total = 0;
      for (int j = 0; j < length; j++) {
        weights[j] = r(Math.exp(r(weights[j] - largest)));
        total = r(total + weights[j]);
      }
      for (int i = first; i < first + headWidth; i++) {
        double sum = 0;
        for (int j = 0; j < length; j++) {
          sum = r(sum + r(store(type, r(weights[j] / total)) * rows[start + j][keyColumn + width + i]));
        }
        out[i] = store(type, sum);
      }
    }
  }

  double[][] meanPool(double[][] x, Sequences sequences, DType type) {
    double[][] out = new double[sequences.count()][x[0].length];
    for (int s = 0; s < out.length; s++) {
      for (int i = 0; i < out[s].length; i++) {
        double sum = 0;
        for (int row = 0; row < sequences.keyLength(s); row++) {
          sum = r(sum + x[sequences.start(s) + row][i]);
        }
        out[s][i] = store(type, r(sum / sequences.keyLength(s)));
      }
    }
    return out;
  }

  double[][] l2Normalize(double[][] x, DType type) {
    double[][] out = new double[x.length][];
    for (int row = 0; row < x.length; row++) {
      double norm = Math.max(r(Math.sqrt(dot(x[row], x[row]))), 1e-12);
      out[row] = Arrays.stream(x[row]).map(value -> store(type, r(value / norm))).toArray();
    }
    return out;
  }

  double[][] similarity(double[][] a, double[][] b, double scale, DType type) {
    double[][] out = new double[a.length][b.length];
    for (int i = 0; i < a.length; i++) {
      for (int j = 0; j < b.length; j++) {
        out[i][j] = store(type, r(r(scale) * dot(a[i], b[j])));
      }
    }
    return out;
  }

  double[][] topKMeanSimilarity(
      double[][] patches, Sequences sequences, double[][] concepts, double scale, int k, DType type) {
    double[][] all = similarity(patches, concepts, scale, type);
    double[][] out = new double[sequences.count()][concepts.length];
    for (int s = 0; s < out.length; s++) {
      for (int c = 0; c < concepts.length; c++) {
        double[] scores = new double[sequences.keyLength(s)];
        for (int row = 0; row < scores.length; row++) {
          scores[row] = all[sequences.start(s) + row][c];
        }
        Arrays.sort(scores);
        int count = Math.min(k, scores.length);
        double sum = 0;
        for (int i = scores.length - count; i < scores.length; i++) {
          sum = r(sum + scores[i]);
        }
        out[s][c] = store(type, r(sum / count));
      }
    }
    return out;
  }

  /**
   * Patch embedding from normalised pixels.
   *
   * @param pixels [images][3][size][size]
   * @param kernel [width][3 * p * p], in the order channel, y, x
   */
  double[][] patchEmbed(
      double[][][][] pixels,
      PatchGeometry geometry,
      double[][] kernel,
      double[] bias,
      double[][] positions,
      DType activations,
      DType type) {
    int p = geometry.patchSize();
    double[][] patches = new double[pixels.length * geometry.tokens()][geometry.patchValues()];
    for (int row = 0; row < patches.length; row++) {
      int token = row % geometry.tokens();
      for (int i = 0; i < patches[row].length; i++) {
        int y = token / geometry.grid() * p + i / p % p;
        int x = token % geometry.grid() * p + i % p;
        patches[row][i] = store(activations, pixels[row / geometry.tokens()][i / (p * p)][y][x]);
      }
    }
    double[][] out = linear(patches, kernel, bias, Epilogue.NONE, null, type);
    for (int row = 0; row < out.length; row++) {
      for (int i = 0; i < out[row].length; i++) {
        out[row][i] = store(type, r(out[row][i] + positions[row % geometry.tokens()][i]));
      }
    }
    return out;
  }

  /** Pixel of a byte, as the contract normalises it. */
  double normalised(int pixel, double scale, double shift) {
    return r(r(pixel * r(scale)) + r(shift));
  }

  double[][] tokenEmbed(
      TokenBatch tokens,
      double[][] words,
      double[][] positions,
      double[] tokenType,
      double[] normWeight,
      double[] normBias,
      double epsilon,
      DType type) {
    double[][] sums = new double[tokens.ids().length][tokenType.length];
    for (int row = 0; row < sums.length; row++) {
      for (int i = 0; i < tokenType.length; i++) {
        double word = words[tokens.ids()[row]][i];
        sums[row][i] = store(type, r(r(word + positions[tokens.positions()[row]][i]) + tokenType[i]));
      }
    }
    return layerNorm(sums, normWeight, normBias, epsilon, type);
  }

  private double dot(double[] a, double[] b) {
    double sum = 0;
    if (single) {
      for (int i = 0; i < a.length; i++) {
        sum = (float) (sum + (float) (a[i] * b[i]));
      }
    } else {
      for (int i = 0; i < a.length; i++) {
        sum += a[i] * b[i];
      }
    }
    return sum;
  }

  /** One operation's result in the arithmetic of sums. */
  private double r(double value) {
    return single ? (float) value : value;
  }

  private double store(DType type, double value) {
    return exact ? value : Rounding.to(type, value);
  }
}
