package org.conceptclip.op;

import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Tensor;

/** Cases of {@link Ops#patchEmbed} and {@link Ops#tokenEmbed}. */
final class EmbeddingCases {
  /** Different per channel, so that swapped channels show. */
  private static final double[] SCALE = {1 / (255 * 0.5), 1 / (255 * 0.25), 1 / (255 * 0.4)};

  private static final double[] SHIFT = {-1, -1.5, -0.75};
  private static final int VOCABULARY = 50;
  private static final int POSITIONS = 24;

  private EmbeddingCases() {}

  static Stream<ContractCase> all() {
    Stream<ContractCase> patches = Stream.of(new PatchGeometry(14, 14), new PatchGeometry(61, 14), new PatchGeometry(29, 7))
        .flatMap(geometry -> Stream.of(1, 3).flatMap(images -> Stream.of(true, false)
            .map(bytes -> patchEmbed(geometry, images, 72, bytes))));
    return Stream.of(
            patches,
            Stream.of(
                patchEmbed(new PatchGeometry(42, 14), 2, 1152, true), patchEmbed(new PatchGeometry(42, 14), 2, 144, false)),
            Stream.of(96, 768).flatMap(width -> Stream.of(
                tokenEmbed("packed", packed(), width),
                tokenEmbed("padded", padded(), width),
                tokenEmbed("one token", TokenBatch.packed(List.of(new int[] {VOCABULARY - 1})), width))))
        .flatMap(cases -> cases);
  }

  private static ContractCase patchEmbed(PatchGeometry geometry, int images, int width, boolean bytes) {
    String name = "patchEmbed " + images + " images of " + geometry.imageSize() + ", patches of " + geometry.patchSize()
        + " -> " + width + (bytes ? " from bytes" : " from floats");
    return new ContractCase(name, bench -> {
      double[][] kernel = Rounding.to(bench.weightType(), Values.weights(50, width, geometry.patchValues()));
      double[] bias = Rounding.to(bench.weightType(), Values.vector(51, width, 0, 0.5));
      double[][] positions = Rounding.to(bench.weightType(), Values.normal(52, geometry.tokens(), width, 0.5));
      PatchEmbeddingWeights weights = patchWeights(bench, geometry, kernel, bias, positions);
      int[][][][] raw = bytes(images, geometry.imageSize());
      Tensor pixels = bytes ? upload(bench, raw) : uploadFloats(bench, raw);
      Bench.Operand out = bench.output(bench.residual(), images * geometry.tokens(), width);
      bench.ops().patchEmbed(pixels, weights, out.tensor());
      Comparison.check(
          name,
          bench.result(out),
          expected(bench.exact(), raw, bytes, geometry, kernel, bias, positions, bench),
          expected(bench.plain(), raw, bytes, geometry, kernel, bias, positions, bench),
          bench.residual());
    });
  }

  static PatchEmbeddingWeights patchWeights(
      Bench bench, PatchGeometry geometry, double[][] kernel, double[] bias, double[][] positions) {
    int p = geometry.patchSize();
    return bench.parameters().patchEmbedding(
        "contract.patches",
        geometry,
        Bench.host(kernel).reshape(kernel.length, 3, p, p),
        Bench.host(bias, bias.length),
        Bench.host(positions),
        SCALE,
        SHIFT);
  }

  private static double[][] expected(
      PlainOps plain,
      int[][][][] raw,
      boolean bytes,
      PatchGeometry geometry,
      double[][] kernel,
      double[] bias,
      double[][] positions,
      Bench bench) {
    int size = geometry.imageSize();
    double[][][][] pixels = new double[raw.length][3][size][size];
    for (int image = 0; image < raw.length; image++) {
      for (int i = 0; i < 3 * size * size; i++) {
        int c = i % 3;
        int x = i / 3 % size;
        int y = i / 3 / size;
        int value = raw[image][y][x][c];
        pixels[image][c][y][x] = bytes ? plain.normalised(value, SCALE[c], SHIFT[c]) : floatPixel(value, c);
      }
    }
    return plain.patchEmbed(pixels, geometry, kernel, bias, positions, bench.activation(), bench.residual());
  }

  static int[][][][] bytes(int images, int size) {
    Random random = new Random(53);
    int[][][][] raw = new int[images][size][size][3];
    for (int[][][] image : raw) {
      for (int[][] row : image) {
        for (int[] pixel : row) {
          for (int c = 0; c < 3; c++) {
            pixel[c] = random.nextInt(256);
          }
        }
      }
    }
    return raw;
  }

  /** A float32 value, normalised by the caller. */
  private static double floatPixel(int value, int channel) {
    return (float) (value / 127.5 - 1 + 0.01 * channel);
  }

  /** U8 [images, size, size, 3]. */
  static Tensor upload(Bench bench, int[][][][] raw) {
    int size = raw[0].length;
    HostTensor host = HostTensor.allocate(Arena.ofAuto(), DType.U8, raw.length, size, size, 3);
    long at = 0;
    for (int[][][] image : raw) {
      for (int[][] row : image) {
        for (int[] pixel : row) {
          for (int value : pixel) {
            host.data().set(ValueLayout.JAVA_BYTE, at++, (byte) value);
          }
        }
      }
    }
    Tensor pixels = bench.workspace().buffer("contract.pixels." + raw.length, DType.U8, host.shape());
    bench.workspace().upload(host, pixels);
    return pixels;
  }

  /** [images, 3, size, size] in the feature type, which is what the runtime uploads float pixels to. */
  private static Tensor uploadFloats(Bench bench, int[][][][] raw) {
    int size = raw[0].length;
    HostTensor host = HostTensor.allocate(Arena.ofAuto(), DType.F32, raw.length, 3, size, size);
    for (int image = 0; image < raw.length; image++) {
      for (int i = 0; i < 3 * size * size; i++) {
        int c = i / (size * size);
        host.set((long) image * 3 * size * size + i, floatPixel(raw[image][i / size % size][i % size][c], c));
      }
    }
    Tensor pixels = bench.workspace().buffer("contract.pixels", bench.feature(), host.shape());
    bench.workspace().upload(host, pixels);
    return pixels;
  }

  static TokenBatch packed() {
    return TokenBatch.packed(List.of(
        new int[] {2, 7, 7, 3}, new int[] {2}, new int[] {VOCABULARY - 1, 0, 1, 49, 48, 12}, new int[POSITIONS]));
  }

  /** Two texts padded to six; positions are the caller's, and go up to the last of the table. */
  private static TokenBatch padded() {
    return new TokenBatch(
        new int[] {2, 9, 3, 0, 0, 0, 2, 8, 4, 4, 3, 0},
        new int[] {0, 1, 5, 2, 3, 4, POSITIONS - 1, 1, 2, 3, 4, 5},
        Sequences.dense(6, 3, 5));
  }

  private static ContractCase tokenEmbed(String kind, TokenBatch tokens, int width) {
    String name = "tokenEmbed " + kind + " " + tokens.ids().length + " x " + width;
    return new ContractCase(name, bench -> {
      TokenWeights weights = TokenWeights.of(bench, width);
      Bench.Operand out = bench.output(bench.activation(), tokens.ids().length, width);
      bench.ops().tokenEmbed(tokens, weights.prepared(), out.tensor());
      Comparison.check(
          name,
          bench.result(out),
          weights.embed(bench.exact(), tokens, bench.activation()),
          weights.embed(bench.plain(), tokens, bench.activation()),
          bench.activation());
    });
  }

  /** Tables as small as a BERT's: deviations of 0.02 to 0.05, where epsilon begins to count. */
  record TokenWeights(
      double[][] words,
      double[][] positions,
      double[] type,
      double[] normWeight,
      double[] normBias,
      TokenEmbeddingWeights prepared) {
    private static final double EPSILON = 1e-12;

    static TokenWeights of(Bench bench, int width) {
      DType type = bench.weightType();
      double[][] words = Rounding.to(type, Values.normal(54, VOCABULARY, width, 0.05));
      double[][] positions = Rounding.to(type, Values.normal(55, POSITIONS, width, 0.02));
      double[] tokenType = Rounding.to(type, Values.vector(56, width, 0.01, 0.02));
      double[] normWeight = Rounding.to(type, Values.vector(57, width, 1, 0.2));
      double[] normBias = Rounding.to(type, Values.vector(58, width, 0, 0.2));
      TokenEmbeddingWeights prepared = bench.parameters().tokenEmbedding(
          "contract.words",
          Bench.host(words),
          Bench.host(positions),
          Bench.host(tokenType, width),
          Bench.host(normWeight, width),
          Bench.host(normBias, width),
          EPSILON);
      return new TokenWeights(words, positions, tokenType, normWeight, normBias, prepared);
    }

    double[][] embed(PlainOps plain, TokenBatch tokens, DType outType) {
      return plain.tokenEmbed(tokens, words, positions, type, normWeight, normBias, EPSILON, outType);
    }
  }
}
