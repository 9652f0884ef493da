package org.conceptclip.op;

import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Cases of {@link Ops#attention}. */
final class AttentionCases {
  private static final int[] LENGTHS = {1, 2, 15, 16, 17, 63, 64, 65, 77, 80, 81, 197};

  private AttentionCases() {}

  static Stream<ContractCase> all() {
    Stream<ContractCase> lengths = IntStream.of(LENGTHS).boxed().flatMap(length -> Stream.of(
        attention("one sequence", Sequences.packed(length), 4, 24, 1),
        attention("one sequence", Sequences.packed(length), 1, 64, 1),
        attention("one sequence", Sequences.packed(length), 2, 72, 1)));
    Stream<ContractCase> batches = Stream.of(
        attention("an image's", Sequences.packed(729), 1, 72, 1),
        attention("mixed", Sequences.packed(1, 77, 16, 2, 197, 17, 65), 2, 72, 1),
        attention("mixed", Sequences.packed(5, 12, 33, 77), 3, 64, 1),
        attention("short and long", Sequences.packed(80, 193, 7, 81), 2, 64, 1),
        attention("full width", Sequences.packed(17, 3), 16, 72, 1),
        attention("padded", Sequences.dense(77, 1, 15, 64, 77), 3, 64, 1),
        attention("padded", Sequences.dense(24, 3, 7, 12, 16, 20), 4, 24, 1),
        attention("padded unevenly", new Sequences(new int[] {0, 20, 21, 90}, new int[] {17, 1, 16}), 2, 72, 1),
        attention("short and long, padded", new Sequences(new int[] {0, 200, 300, 390}, new int[] {33, 81, 80}), 2, 64, 1),
        attention("empty", Sequences.packed(5, 0, 77, 0, 0), 3, 64, 1),
        attention("empty", new Sequences(new int[] {0, 17, 57, 65, 65, 65}, new int[] {17, 1, 1, 0, 0}), 2, 72, 1),
        attention("peaked", Sequences.packed(65, 16), 2, 72, 6),
        attention("peaked", Sequences.packed(80, 130), 2, 64, 6),
        attention("flat", Sequences.packed(65, 16), 2, 72, 1e-3));
    return Stream.of(lengths, batches, Stream.of(overflowing(), sameKeys())).flatMap(cases -> cases);
  }

  private static ContractCase attention(String kind, Sequences sequences, int heads, int headWidth, double deviation) {
    String name = "attention " + kind + " " + Arrays.toString(sequences.keyLengths()) + " of "
        + Values.maxRows(sequences) + ", " + heads + " heads of " + headWidth + " deviation " + deviation;
    return new ContractCase(name, bench ->
        check(name, bench, Values.normal(30, sequences.totalRows(), 3 * heads * headWidth, deviation), sequences, heads));
  }

  private static void check(String name, Bench bench, double[][] values, Sequences sequences, int heads) {
    Bench.Operand qkv = bench.input(bench.activation(), values);
    Bench.Operand out = bench.output(bench.activation(), values.length, values[0].length / 3);
    bench.ops().attention(qkv.tensor(), sequences, heads, out.tensor());
    Comparison.check(
        name,
        bench.result(out),
        bench.exact().attention(qkv.values(), sequences, heads, bench.activation()),
        bench.plain().attention(qkv.values(), sequences, heads, bench.activation()),
        bench.activation());
  }

  /** Scores around +-500: exp overflows float32 unless the largest score is taken off. */
  private static ContractCase overflowing() {
    String name = "attention with scores whose exponentials overflow";
    return new ContractCase(name, bench -> {
      double[][] values = new double[17][3 * 64];
      for (int row = 0; row < values.length; row++) {
        for (int i = 0; i < 64; i++) {
          values[row][i] = 8;
          values[row][64 + i] = row % 2 == 0 ? 8 : -8;
          values[row][128 + i] = row * 0.125 - i * 0.5;
        }
      }
      check(name, bench, values, Sequences.packed(17), 1);
    });
  }

  /** Equal keys: each value counts the same, so out is the mean of the values. */
  private static ContractCase sameKeys() {
    String name = "attention to equal keys is the mean";
    return new ContractCase(name, bench -> {
      double[][] values = Values.normal(31, 16, 3 * 24, 1);
      for (double[] row : values) {
        System.arraycopy(values[0], 24, row, 24, 24);
      }
      check(name, bench, values, Sequences.packed(16), 1);
    });
  }
}
