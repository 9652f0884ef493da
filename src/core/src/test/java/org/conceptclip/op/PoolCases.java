package org.conceptclip.op;

import java.util.Arrays;
import java.util.stream.Stream;

/** Cases of {@link Ops#poolAttention} and {@link Ops#meanPool}. */
final class PoolCases {
  private PoolCases() {}

  static Stream<ContractCase> all() {
    Stream<Sequences> shapes = Stream.of(
        Sequences.packed(1),
        Sequences.packed(2),
        Sequences.packed(15, 16, 17),
        Sequences.packed(63, 64, 65),
        Sequences.packed(77, 1, 197),
        Sequences.packed(729),
        Sequences.dense(77, 1, 15, 64, 77),
        Sequences.dense(24, 3, 7, 12, 16, 20));
    Stream<ContractCase> all = shapes.flatMap(sequences -> Stream.of(
        poolAttention(sequences, 4, 24), poolAttention(sequences, 1, 64), poolAttention(sequences, 2, 72),
        poolAttention(sequences, 16, 72), meanPool(sequences, 96), meanPool(sequences, 768)));
    return Stream.concat(all, Stream.of(meanPool(Sequences.packed(15, 0, 1, 0, 0), 96)));
  }

  private static ContractCase poolAttention(Sequences sequences, int heads, int headWidth) {
    String name = "poolAttention " + Arrays.toString(sequences.keyLengths()) + " of " + Values.maxRows(sequences) + ", " + heads
        + " heads of " + headWidth;
    int width = heads * headWidth;
    return new ContractCase(name, bench -> {
      double[] query = Rounding.to(bench.weightType(), Values.vector(40, width, 0, 1));
      QueryWeights weights = bench.parameters().query("contract.query", Bench.host(query, width));
      Bench.Operand kv = bench.input(bench.activation(), Values.normal(41, sequences.totalRows(), 2 * width, 1));
      Bench.Operand out = bench.output(bench.activation(), sequences.count(), width);
      bench.ops().poolAttention(weights, kv.tensor(), sequences, heads, out.tensor());
      Comparison.check(
          name,
          bench.result(out),
          bench.exact().poolAttention(query, kv.values(), sequences, heads, bench.activation()),
          bench.plain().poolAttention(query, kv.values(), sequences, heads, bench.activation()),
          bench.activation());
    });
  }

  private static ContractCase meanPool(Sequences sequences, int width) {
    String name = "meanPool " + Arrays.toString(sequences.keyLengths()) + " of " + Values.maxRows(sequences) + " x " + width;
    return new ContractCase(name, bench -> {
      Bench.Operand x = bench.input(bench.activation(), Values.normal(42, sequences.totalRows(), width, 1));
      Bench.Operand out = bench.output(bench.activation(), sequences.count(), width);
      bench.ops().meanPool(x.tensor(), sequences, out.tensor());
      Comparison.check(
          name,
          bench.result(out),
          bench.exact().meanPool(x.values(), sequences, bench.activation()),
          bench.plain().meanPool(x.values(), sequences, bench.activation()),
          bench.activation());
    });
  }
}
