package org.conceptclip.backend.reference;

import java.util.Arrays;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import org.conceptclip.op.Epilogue;
import org.conceptclip.op.HostWorkspace;
import org.conceptclip.op.LinearWeights;
import org.conceptclip.op.NormWeights;
import org.conceptclip.op.Ops;
import org.conceptclip.op.PatchEmbeddingWeights;
import org.conceptclip.op.PatchGeometry;
import org.conceptclip.op.QueryWeights;
import org.conceptclip.op.Sequences;
import org.conceptclip.op.TokenBatch;
import org.conceptclip.op.TokenEmbeddingWeights;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Tensor;

/** Every op by its formula, in float64, each row (or head of a sequence) by itself. Arguments are checked before. */
final class ReferenceOps implements Ops {
  private static final double SMALLEST_NORM = 1e-12;

  @Override
  public void patchEmbed(Tensor pixels, PatchEmbeddingWeights weights, Tensor out) {
    var embedding = own(weights, ReferenceWeights.PatchEmbedding.class);
    HostTensor image = HostWorkspace.host(pixels);
    HostTensor to = HostWorkspace.host(out);
    int tokens = embedding.geometry().tokens();
    double[] bias = embedding.bias().toDoubleArray();
    MatrixProduct.run(
        (int) out.rows(),
        (row, values) -> readPatch(image, embedding, row / tokens, row % tokens, values),
        embedding.transposed(),
        (row, sums) -> {
          add(sums, bias);
          add(sums, Rows.read(embedding.positionTable(), row % tokens));
          Rows.write(sums, to, row, 0);
        });
  }

  @Override
  public void tokenEmbed(TokenBatch tokens, TokenEmbeddingWeights weights, Tensor out) {
    var embedding = own(weights, ReferenceWeights.TokenEmbedding.class);
    HostTensor to = HostWorkspace.host(out);
    double[] tokenType = embedding.tokenType().toDoubleArray();
    Normalizer norm = new Normalizer(embedding.norm());
    eachRow(out, row -> {
      double[] sum = Rows.read(embedding.words(), tokens.ids()[row]);
      add(sum, Rows.read(embedding.positionTable(), tokens.positions()[row]));
      add(sum, tokenType);
      Rows.write(norm.apply(sum), to, row, 0);
    });
  }

  @Override
  public void layerNorm(Tensor x, NormWeights weights, Tensor out) {
    Normalizer norm = new Normalizer(own(weights, ReferenceWeights.Norm.class));
    HostTensor from = HostWorkspace.host(x);
    HostTensor to = HostWorkspace.host(out);
    eachRow(out, row -> Rows.write(norm.apply(Rows.read(from, row)), to, row, 0));
  }

  @Override
  public void addNorm(Tensor x, Tensor y, NormWeights weights, Tensor out) {
    Normalizer norm = new Normalizer(own(weights, ReferenceWeights.Norm.class));
    HostTensor stream = HostWorkspace.host(x);
    HostTensor update = HostWorkspace.host(y);
    HostTensor to = HostWorkspace.host(out);
    eachRow(out, row -> {
      double[] sum = Rows.read(stream, row);
      add(sum, Rows.read(update, row));
      Rows.write(sum, stream, row, 0);
      // Written after the sum: if out is x, the norm overwrites the sum.
      Rows.write(norm.apply(sum), to, row, 0);
    });
  }

  @Override
  public void linear(Tensor x, LinearWeights weights, Epilogue epilogue, Tensor out) {
    var matrix = own(weights, ReferenceWeights.Linear.class);
    HostTensor from = HostWorkspace.host(x);
    HostTensor to = HostWorkspace.host(out);
    double[] bias = matrix.hasBias() ? matrix.biasOrNull().toDoubleArray() : new double[matrix.outputs()];
    MatrixProduct.run(
        (int) x.rows(),
        (row, values) -> Rows.read(from, row, 0, values.length, values, 0),
        matrix.transposed(),
        (row, sums) -> {
          add(sums, bias);
          switch (epilogue) {
            case NONE -> { }
            case GELU -> Arrays.setAll(sums, i -> Erf.gelu(sums[i]));
            case ACCUMULATE -> add(sums, Rows.read(to, row));
          }
          Rows.write(sums, to, row, 0);
        });
  }

  @Override
  public void attention(Tensor qkv, Sequences sequences, int heads, Tensor out) {
    HostTensor from = HostWorkspace.host(qkv);
    HostTensor to = HostWorkspace.host(out);
    int width = (int) out.columns();
    int headWidth = width / heads;
    eachHead(sequences, heads, (s, head) -> {
      int column = head * headWidth;
      Head keysAndValues = Head.read(from, sequences, s, width + column, 2 * width + column, headWidth);
      double[] query = new double[headWidth];
      for (int row = sequences.start(s); row < sequences.start(s) + sequences.rows(s); row++) {
        Rows.read(from, row, column, headWidth, query, 0);
        Rows.write(keysAndValues.attend(query), to, row, column);
      }
    });
  }

  @Override
  public void poolAttention(QueryWeights query, Tensor kv, Sequences sequences, int heads, Tensor out) {
    double[] latent = own(query, ReferenceWeights.Query.class).values().toDoubleArray();
    HostTensor from = HostWorkspace.host(kv);
    HostTensor to = HostWorkspace.host(out);
    int width = (int) out.columns();
    int headWidth = width / heads;
    eachHead(sequences, heads, (s, head) -> {
      int column = head * headWidth;
      Head keysAndValues = Head.read(from, sequences, s, column, width + column, headWidth);
      Rows.write(keysAndValues.attend(Arrays.copyOfRange(latent, column, column + headWidth)), to, s, column);
    });
  }

  @Override
  public void meanPool(Tensor x, Sequences sequences, Tensor out) {
    HostTensor from = HostWorkspace.host(x);
    HostTensor to = HostWorkspace.host(out);
    eachRow(out, s -> {
      double[] mean = new double[(int) x.columns()];
      int length = sequences.keyLength(s);
      for (int i = 0; i < length; i++) {
        add(mean, Rows.read(from, sequences.start(s) + i));
      }
      Arrays.setAll(mean, i -> mean[i] / Math.max(1, length));
      Rows.write(mean, to, s, 0);
    });
  }

  @Override
  public void l2Normalize(Tensor x, Tensor out) {
    HostTensor from = HostWorkspace.host(x);
    HostTensor to = HostWorkspace.host(out);
    eachRow(out, row -> {
      double[] values = Rows.read(from, row);
      double norm = Math.max(Math.sqrt(dot(values, values)), SMALLEST_NORM);
      Arrays.setAll(values, i -> values[i] / norm);
      Rows.write(values, to, row, 0);
    });
  }

  @Override
  public void similarity(Tensor a, Tensor b, double scale, Tensor out) {
    HostTensor from = HostWorkspace.host(a);
    HostTensor to = HostWorkspace.host(out);
    double[][] others = allRows(HostWorkspace.host(b));
    eachRow(out, row -> {
      double[] values = Rows.read(from, row);
      Rows.write(Arrays.stream(others).mapToDouble(other -> scale * dot(values, other)).toArray(), to, row, 0);
    });
  }

  @Override
  public void topKMeanSimilarity(Tensor patches, Sequences sequences, Tensor concepts, double scale, int k, Tensor out) {
    HostTensor from = HostWorkspace.host(patches);
    HostTensor to = HostWorkspace.host(out);
    double[][] vectors = allRows(HostWorkspace.host(concepts));
    eachRow(out, s -> {
      double[][] scores = new double[vectors.length][sequences.keyLength(s)];
      for (int i = 0; i < sequences.keyLength(s); i++) {
        double[] patch = Rows.read(from, sequences.start(s) + i);
        for (int c = 0; c < vectors.length; c++) {
          scores[c][i] = scale * dot(patch, vectors[c]);
        }
      }
      Rows.write(Arrays.stream(scores).mapToDouble(values -> meanOfLargest(values, k)).toArray(), to, s, 0);
    });
  }

  private static double meanOfLargest(double[] values, int k) {
    Arrays.sort(values);
    int count = Math.min(k, values.length);
    double sum = 0;
    for (int i = 0; i < count; i++) {
      sum += values[values.length - 1 - i];
    }
    return sum / count;
  }

  /** A patch in the layout of the convolution kernel: channel, then row, then column. */
  private static void readPatch(HostTensor pixels, ReferenceWeights.PatchEmbedding weights, long image, int token, double[] values) {
    PatchGeometry geometry = weights.geometry();
    int size = geometry.imageSize();
    int patch = geometry.patchSize();
    int top = token / geometry.grid() * patch;
    int left = token % geometry.grid() * patch;
    int at = 0;
    for (int channel = 0; channel < 3; channel++) {
      for (int y = top; y < top + patch; y++) {
        for (int x = left; x < left + patch; x++) {
          values[at++] = pixels.dtype() == DType.U8
              ? pixels.getLong(((image * size + y) * size + x) * 3 + channel) * weights.pixelScale()[channel]
                  + weights.pixelShift()[channel]
              : pixels.getDouble(((image * 3 + channel) * size + y) * size + x);
        }
      }
    }
  }

  private static <T> T own(Object weights, Class<T> type) {
    if (type.isInstance(weights)) {
      return type.cast(weights);
    }
    throw new IllegalArgumentException("weights of another backend: " + weights.getClass().getName() + ", expected " + type.getName());
  }

  private interface HeadTask {
    void run(int sequence, int head);
  }

  private static void eachRow(Tensor out, IntConsumer task) {
    IntStream.range(0, (int) out.rows()).parallel().forEach(task);
  }

  private static void eachHead(Sequences sequences, int heads, HeadTask task) {
    IntStream.range(0, Math.multiplyExact(sequences.count(), heads))
        .parallel()
        .forEach(i -> task.run(i / heads, i % heads));
  }

  private static double[][] allRows(HostTensor tensor) {
    return IntStream.range(0, (int) tensor.rows()).mapToObj(row -> Rows.read(tensor, row)).toArray(double[][]::new);
  }

  private static void add(double[] to, double[] values) {
    for (int i = 0; i < to.length; i++) {
      to[i] += values[i];
    }
  }

  static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }
}
