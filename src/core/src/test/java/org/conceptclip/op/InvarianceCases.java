package org.conceptclip.op;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.Tensor;

/** Row {@code r} of an output is bit-identical alone, in any part of a batch, and a second time. For every op. */
final class InvarianceCases {
  private static final Sequences MIXED = Sequences.packed(1, 77, 16, 2, 197, 17, 65, 15, 64, 63);

  private InvarianceCases() {}

  static Stream<ContractCase> all() {
    return Stream.concat(narrowProducts(), others());
  }

  static Stream<ContractCase> narrowProducts() {
    return Stream.concat(Stream.of(Epilogue.values()).map(epilogue -> linear(77, 72, 96, epilogue)), Stream.of(linearAddNorm()));
  }

  static Stream<ContractCase> others() {
    Stream<ContractCase> wide = Stream.of(Epilogue.values())
        .flatMap(epilogue -> Stream.of(linear(17, 1152, 538, epilogue), linear(33, 144, 4304, epilogue)));
    return Stream.concat(wide, Stream.of(
        norm(), addNorm(), l2(), similarity(),
        attention(4, 24), attention(1, 64), attention(2, 72), padding(),
        poolAttention(), meanPool(), topK(), patchEmbed(), tokenEmbed()));
  }

  /** Computes rows {@code first} to {@code first + count} of a batch as a batch of their own. */
  private interface Part {
    double[][] compute(int first, int count);
  }

  private static void check(String name, int rows, Part part) {
    double[][] whole = part.compute(0, rows);
    Comparison.checkIdentical(name + " a second time", part.compute(0, rows), whole);
    List<int[]> parts = Stream.concat(
            IntStream.range(0, rows).mapToObj(row -> new int[] {row, 1}),
            Stream.of(new int[] {0, rows - 1}, new int[] {1, rows - 1}, new int[] {rows / 3, rows / 2}))
        .toList();
    for (int[] range : parts) {
      Comparison.checkIdentical(
          name + ": rows " + range[0] + " to " + (range[0] + range[1]) + " apart from " + rows,
          part.compute(range[0], range[1]),
          Arrays.copyOfRange(whole, range[0], range[0] + range[1]));
    }
  }

  private static ContractCase linear(int rows, int inputs, int outputs, Epilogue epilogue) {
    String name = "batch invariance of linear " + inputs + " -> " + outputs + " " + epilogue;
    return new ContractCase(name, bench -> {
      Bench.Linear linear = bench.linear(Values.weights(90, outputs, inputs), Values.vector(91, outputs, 0, 1));
      Bench.Operand x = bench.input(bench.activation(), Values.normal(92, rows, inputs, 1));
      double[][] before = Values.normal(93, rows, outputs, 1);
      DType type = epilogue == Epilogue.ACCUMULATE ? bench.feature() : bench.activation();
      check(name, rows, (first, count) -> {
        Bench.Operand out = bench.inOut(type, Arrays.copyOfRange(before, first, first + count));
        bench.ops().linear(bench.rows(x, first, count), linear.weights(), epilogue, out.tensor());
        return bench.result(out);
      });
    });
  }

  private static ContractCase norm() {
    return new ContractCase("batch invariance of layerNorm", bench -> {
      Bench.Norm norm = bench.norm(Values.vector(94, 144, 1, 1), Values.vector(95, 144, 0, 1), 1e-6);
      Bench.Operand x = bench.input(bench.residual(), Values.normal(96, 33, 144, 1));
      check("layerNorm", 33, (first, count) -> {
        Bench.Operand out = bench.output(bench.activation(), count, 144);
        bench.ops().layerNorm(bench.rows(x, first, count), norm.weights(), out.tensor());
        return bench.result(out);
      });
    });
  }

  private static ContractCase addNorm() {
    return new ContractCase("batch invariance of addNorm", bench -> {
      Bench.Norm norm = bench.norm(Values.vector(94, 96, 1, 1), Values.vector(95, 96, 0, 1), 1e-12);
      double[][] values = Values.normal(96, 33, 96, 1);
      Bench.Operand y = bench.input(bench.activation(), Values.normal(97, 33, 96, 1));
      check("addNorm", 33, (first, count) -> {
        Bench.Operand x = bench.inOut(bench.activation(), Arrays.copyOfRange(values, first, first + count));
        bench.ops().addNorm(x.tensor(), bench.rows(y, first, count), norm.weights(), x.tensor());
        return bench.result(x);
      });
    });
  }

  private static ContractCase linearAddNorm() {
    return new ContractCase("batch invariance of linearAddNorm", bench -> {
      Bench.Linear linear = bench.linear(Values.weights(207, 144, 72), Values.vector(208, 144, 0, 1));
      Bench.Norm norm = bench.norm(Values.vector(94, 144, 1, 1), Values.vector(95, 144, 0, 1), 1e-6);
      Bench.Operand x = bench.input(bench.activation(), Values.normal(209, 77, 72, 1));
      double[][] stream = Values.normal(210, 77, 144, 1);
      for (boolean ofSum : new boolean[] {true, false}) {
        check(ofSum ? "linearAddNorm: residual" : "linearAddNorm", 77, (first, count) -> {
          Bench.Operand residual = bench.inOut(bench.residual(), Arrays.copyOfRange(stream, first, first + count));
          Bench.Operand update = bench.output(bench.activation(), count, 144);
          Bench.Operand out = bench.output(bench.activation(), count, 144);
          bench.ops().linearAddNorm(
              bench.rows(x, first, count), linear.weights(), residual.tensor(), norm.weights(), update.tensor(), out.tensor());
          return bench.result(ofSum ? residual : out);
        });
      }
    });
  }

  private static ContractCase l2() {
    return new ContractCase("batch invariance of l2Normalize", bench -> {
      Bench.Operand x = bench.input(bench.feature(), Values.normal(98, 33, 144, 1));
      check("l2Normalize", 33, (first, count) -> {
        Bench.Operand out = bench.output(bench.feature(), count, 144);
        bench.ops().l2Normalize(bench.rows(x, first, count), out.tensor());
        return bench.result(out);
      });
    });
  }

  private static ContractCase similarity() {
    return new ContractCase("batch invariance of similarity", bench -> {
      Bench.Operand a = bench.input(bench.feature(), Values.normal(99, 33, 144, 1));
      Bench.Operand b = bench.input(bench.feature(), Values.normal(100, 5, 144, 1));
      check("similarity", 33, (first, count) -> {
        Bench.Operand out = bench.output(bench.feature(), count, 5);
        bench.ops().similarity(bench.rows(a, first, count), b.tensor(), 14.5, out.tensor());
        return bench.result(out);
      });
    });
  }

  /** Rows of a [rows, columns] operand that belong to these sequences. */
  private static Tensor rowsOf(Bench bench, Bench.Operand operand, int firstSequence, int count) {
    int begin = MIXED.cumulativeRows()[firstSequence];
    return bench.rows(operand, begin, MIXED.cumulativeRows()[firstSequence + count] - begin);
  }

  private static ContractCase attention(int heads, int headWidth) {
    String name = "batch invariance of attention, " + heads + " heads of " + headWidth;
    int width = heads * headWidth;
    return new ContractCase(name, bench -> {
      Bench.Operand qkv = bench.input(bench.activation(), Values.normal(101, MIXED.totalRows(), 3 * width, 1));
      Bench.Operand all = bench.output(bench.activation(), MIXED.totalRows(), width);
      bench.ops().attention(qkv.tensor(), MIXED, heads, all.tensor());
      double[][] whole = bench.result(all);
      for (int first = 0; first < MIXED.count(); first++) {
        for (int count : new int[] {1, 3}) {
          if (first + count <= MIXED.count()) {
            Sequences part = MIXED.range(first, first + count);
            Bench.Operand out = bench.output(bench.activation(), part.totalRows(), width);
            bench.ops().attention(rowsOf(bench, qkv, first, count), part, heads, out.tensor());
            int begin = MIXED.start(first);
            Comparison.checkIdentical(name + ": sequence " + first + " and " + (count - 1) + " more",
                bench.result(out), Arrays.copyOfRange(whole, begin, begin + part.totalRows()));
          }
        }
      }
    });
  }

  /** A text's real tokens come out the same with and without padding behind them. */
  private static ContractCase padding() {
    String name = "attention of real rows does not depend on padding";
    return new ContractCase(name, bench -> {
      int[] lengths = {1, 15, 64, 77};
      Sequences dense = Sequences.dense(77, lengths);
      Bench.Operand qkv = bench.input(bench.activation(), Values.normal(102, dense.totalRows(), 3 * 64, 1));
      Bench.Operand all = bench.output(bench.activation(), dense.totalRows(), 64);
      bench.ops().attention(qkv.tensor(), dense, 1, all.tensor());
      double[][] padded = bench.result(all);
      for (int s = 0; s < lengths.length; s++) {
        Bench.Operand out = bench.output(bench.activation(), lengths[s], 64);
        bench.ops().attention(bench.rows(qkv, dense.start(s), lengths[s]), Sequences.packed(lengths[s]), 1, out.tensor());
        Comparison.checkIdentical(name + ", length " + lengths[s], bench.result(out),
            Arrays.copyOfRange(padded, dense.start(s), dense.start(s) + lengths[s]));
      }
    });
  }

  private static ContractCase poolAttention() {
    return new ContractCase("batch invariance of poolAttention", bench -> {
      QueryWeights query = bench.parameters().query(
          "contract.query", Bench.host(Rounding.to(bench.weightType(), Values.vector(103, 144, 0, 1)), 144));
      Bench.Operand kv = bench.input(bench.activation(), Values.normal(104, MIXED.totalRows(), 288, 1));
      check("poolAttention", MIXED.count(), (first, count) -> {
        Bench.Operand out = bench.output(bench.activation(), count, 144);
        bench.ops().poolAttention(
            query, rowsOf(bench, kv, first, count), MIXED.range(first, first + count), 2, out.tensor());
        return bench.result(out);
      });
    });
  }

  private static ContractCase meanPool() {
    return new ContractCase("batch invariance of meanPool", bench -> {
      Bench.Operand x = bench.input(bench.activation(), Values.normal(105, MIXED.totalRows(), 96, 1));
      check("meanPool", MIXED.count(), (first, count) -> {
        Bench.Operand out = bench.output(bench.activation(), count, 96);
        bench.ops().meanPool(rowsOf(bench, x, first, count), MIXED.range(first, first + count), out.tensor());
        return bench.result(out);
      });
    });
  }

  private static ContractCase topK() {
    return new ContractCase("batch invariance of topKMeanSimilarity", bench -> {
      Bench.Operand patches = bench.input(bench.activation(), Values.normal(106, MIXED.totalRows(), 144, 0.1));
      Bench.Operand concepts = bench.input(bench.activation(), Values.normal(107, 5, 144, 0.1));
      check("topKMeanSimilarity", MIXED.count(), (first, count) -> {
        Bench.Operand out = bench.output(bench.feature(), count, 5);
        bench.ops().topKMeanSimilarity(
            rowsOf(bench, patches, first, count), MIXED.range(first, first + count), concepts.tensor(), 20, 16,
            out.tensor());
        return bench.result(out);
      });
    });
  }

  private static ContractCase patchEmbed() {
    return new ContractCase("batch invariance of patchEmbed", bench -> {
      PatchGeometry geometry = new PatchGeometry(61, 14);
      int tokens = geometry.tokens();
      PatchEmbeddingWeights weights = EmbeddingCases.patchWeights(
          bench, geometry, Values.weights(108, 144, geometry.patchValues()), Values.vector(109, 144, 0, 1),
          Values.normal(110, tokens, 144, 1));
      int[][][][] images = EmbeddingCases.bytes(5, 61);
      check("patchEmbed", images.length, (first, count) -> {
        Tensor pixels = EmbeddingCases.upload(bench, Arrays.copyOfRange(images, first, first + count));
        Bench.Operand out = bench.output(bench.residual(), count * tokens, 144);
        bench.ops().patchEmbed(pixels, weights, out.tensor());
        return Values.shaped(Values.flat(bench.result(out)), count);
      });
    });
  }

  private static ContractCase tokenEmbed() {
    return new ContractCase("batch invariance of tokenEmbed", bench -> {
      EmbeddingCases.TokenWeights weights = EmbeddingCases.TokenWeights.of(bench, 96);
      TokenBatch batch = EmbeddingCases.packed();
      check("tokenEmbed", batch.ids().length, (first, count) -> {
        TokenBatch part = new TokenBatch(
            Arrays.copyOfRange(batch.ids(), first, first + count),
            Arrays.copyOfRange(batch.positions(), first, first + count),
            Sequences.packed(count));
        Bench.Operand out = bench.output(bench.activation(), count, 96);
        bench.ops().tokenEmbed(part, weights.prepared(), out.tensor());
        return bench.result(out);
      });
    });
  }
}
