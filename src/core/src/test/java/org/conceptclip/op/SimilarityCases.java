package org.conceptclip.op;

import java.util.Arrays;
import java.util.stream.Stream;
import org.conceptclip.tensor.DType;

/** Cases of {@link Ops#l2Normalize}, {@link Ops#similarity} and {@link Ops#topKMeanSimilarity}. */
final class SimilarityCases {
  private SimilarityCases() {}

  static Stream<ContractCase> all() {
    Stream<ContractCase> norms = Stream.of(false, true).flatMap(inPlace -> Stream.of(
        l2("normal", Values.normal(60, 17, 144, 1), inPlace),
        l2("normal", Values.normal(61, 1, 1152, 3), inPlace),
        l2("with zero rows", withZeroRows(), inPlace),
        l2("below the floor", Values.normal(62, 3, 96, 1e-15), inPlace),
        l2("one column", Values.normal(63, 4, 1, 1), inPlace)));
    Stream<ContractCase> products = Stream.of(
        similarity(1, 1, 144, 1), similarity(3, 5, 144, 14.25), similarity(17, 197, 1152, 100), similarity(65, 2, 72, 0.5));
    Stream<ContractCase> tops = Stream.of(1, 5, 128, 729, 10_000).flatMap(k -> Stream.of(
        topK(Sequences.packed(1, 77, 16, 197), 144, 7, k),
        topK(Sequences.dense(77, 1, 15, 64, 77), 96, 3, k)));
    return Stream.of(norms, products, tops, Stream.of(topK(Sequences.packed(729), 1152, 5, 128), ties()))
        .flatMap(cases -> cases);
  }

  private static double[][] withZeroRows() {
    double[][] x = Values.normal(64, 5, 144, 1);
    x[0] = new double[144];
    x[3] = new double[144];
    return x;
  }

  private static ContractCase l2(String kind, double[][] values, boolean inPlace) {
    String name = "l2Normalize " + kind + " " + values.length + " x " + values[0].length + (inPlace ? " in place" : "");
    return new ContractCase(name, bench -> {
      // Features are normalised into a second buffer, token features where they are.
      DType type = inPlace ? bench.activation() : bench.feature();
      Bench.Operand x = inPlace ? bench.inOut(type, values) : bench.input(type, values);
      Bench.Operand out = inPlace ? x : bench.output(type, values.length, values[0].length);
      bench.ops().l2Normalize(x.tensor(), out.tensor());
      double[][] found = bench.result(out);
      Comparison.check(
          name, found, bench.exact().l2Normalize(x.values(), type), bench.plain().l2Normalize(x.values(), type), type);
      for (int row = 0; row < values.length; row++) {
        if (Arrays.stream(x.values()[row]).allMatch(value -> value == 0)) {
          Comparison.checkIdentical(
              name + ": zero row " + row, new double[][] {absolute(found[row])}, new double[1][values[0].length]);
        }
      }
    });
  }

  private static double[] absolute(double[] values) {
    return Arrays.stream(values).map(Math::abs).toArray();
  }

  private static ContractCase similarity(int m, int n, int width, double scale) {
    String name = "similarity " + m + " x " + n + " of " + width + ", scale " + scale;
    return new ContractCase(name, bench -> {
      Bench.Operand a = bench.input(bench.feature(), unit(Values.normal(65, m, width, 1)));
      Bench.Operand b = bench.input(bench.feature(), unit(Values.normal(66, n, width, 1)));
      Bench.Operand out = bench.output(bench.feature(), m, n);
      bench.ops().similarity(a.tensor(), b.tensor(), scale, out.tensor());
      Comparison.check(
          name,
          bench.result(out),
          bench.exact().similarity(a.values(), b.values(), scale, bench.feature()),
          bench.plain().similarity(a.values(), b.values(), scale, bench.feature()),
          bench.feature());
    });
  }

  private static double[][] unit(double[][] values) {
    return PlainOps.exact().l2Normalize(values, DType.F64);
  }

  private static ContractCase topK(Sequences sequences, int width, int concepts, int k) {
    String name = "topKMeanSimilarity " + Arrays.toString(sequences.keyLengths()) + " of " + Values.maxRows(sequences) + ", "
        + concepts + " concepts of " + width + ", k " + k;
    return new ContractCase(name, bench -> {
      double[][] vectors = unit(Values.normal(67, concepts, width, 1));
      double[][] patches = unit(Values.normal(68, sequences.totalRows(), width, 1));
      // Padding is as like to a concept as can be: counting it shows.
      for (int s = 0; s < sequences.count(); s++) {
        for (int row = sequences.keyLength(s); row < sequences.rows(s); row++) {
          patches[sequences.start(s) + row] = vectors[row % concepts].clone();
        }
      }
      checkTopK(name, bench, patches, sequences, vectors, k);
    });
  }

  private static void checkTopK(
      String name, Bench bench, double[][] patchValues, Sequences sequences, double[][] vectors, int k) {
    double scale = 20.5;
    Bench.Operand patches = bench.input(bench.activation(), patchValues);
    Bench.Operand concepts = bench.input(bench.activation(), vectors);
    Bench.Operand out = bench.output(bench.feature(), sequences.count(), vectors.length);
    bench.ops().topKMeanSimilarity(patches.tensor(), sequences, concepts.tensor(), scale, k, out.tensor());
    Comparison.check(
        name,
        bench.result(out),
        bench.exact().topKMeanSimilarity(patches.values(), sequences, concepts.values(), scale, k, bench.feature()),
        bench.plain().topKMeanSimilarity(patches.values(), sequences, concepts.values(), scale, k, bench.feature()),
        bench.feature());
  }

  /** Equal patches: whichever are taken, each is taken as often as it is there. */
  private static ContractCase ties() {
    String name = "topKMeanSimilarity with ties";
    return new ContractCase(name, bench -> {
      double[][] patches = new double[24][];
      double[][] distinct = unit(Values.normal(69, 3, 96, 1));
      Arrays.setAll(patches, row -> distinct[row % 3].clone());
      checkTopK(name, bench, patches, Sequences.packed(24), unit(Values.normal(70, 2, 96, 1)), 10);
    });
  }
}
