package org.conceptclip.evaluate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every figure against scikit-learn and numpy. */
class ScikitLearnTest {
  /** The bar of the project. Sums of at most 1,000 numbers of about 1 differ by 1,000 roundings at the most, 2e-13. */
  private static final double TOLERANCE = 1e-12;

  static Stream<MetricFixtures.Case> cases() {
    return MetricFixtures.read().cases().stream();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void figuresAreThoseOfScikitLearn(MetricFixtures.Case one) {
    ClassificationReport report = Evaluation.report(one.asScores(), List.of(), BootstrapOptions.of(0));
    MetricFixtures.Expected expected = one.expected();
    assertFigure(expected.accuracy(), report.accuracy().value(), "accuracy");
    assertFigure(expected.balanced_accuracy(), report.balancedAccuracy().value(), "balanced accuracy");
    assertFigure(expected.auroc_macro(), report.aurocMacro().value(), "macro AUROC");
    assertFigure(expected.average_precision_macro(), report.averagePrecisionMacro().value(), "macro average precision");
    assertFigure(expected.precision_macro(), report.precisionMacro(), "macro precision");
    assertFigure(expected.recall_macro(), report.recallMacro(), "macro recall");
    assertFigure(expected.f1_macro(), report.f1Macro().value(), "macro F1");
    assertFigure(expected.ece(), report.ece().value(), "calibration error");
    for (int c = 0; c < report.classes().size(); c++) {
      ClassificationReport.ClassFigures figures = report.classes().get(c);
      assertFigure(expected.auroc()[c], figures.auroc().value(), "AUROC of class " + c);
      assertFigure(expected.average_precision()[c], figures.averagePrecision().value(), "average precision of class " + c);
      assertFigure(expected.precision()[c], figures.precision(), "precision of class " + c);
      assertFigure(figures.positives() == 0 ? null : expected.recall()[c], figures.recall(), "recall of class " + c);
      assertFigure(expected.f1()[c], figures.f1(), "F1 of class " + c);
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void countsAreThoseOfScikitLearn(MetricFixtures.Case one) {
    ClassificationReport report = Evaluation.report(one.asScores(), List.of(), BootstrapOptions.of(0));
    assertArrayEquals(one.expected().confusion(), report.confusion());
    assertEquals(one.expected().bins().length, report.reliability().bins().size());
    for (int b = 0; b < report.reliability().bins().size(); b++) {
      ClassificationReport.Reliability.Bin bin = report.reliability().bins().get(b);
      Double[] expected = one.expected().bins()[b];
      assertEquals(expected[0].longValue(), bin.items(), "items of bin " + b);
      assertFigure(expected[1], bin.confidence(), "confidence of bin " + b);
      assertFigure(expected[2], bin.accuracy(), "accuracy of bin " + b);
    }
  }

  @Test
  void percentilesAreThoseOfNumpy() {
    for (MetricFixtures.Percentiles one : MetricFixtures.read().percentiles()) {
      double[] sorted = Arrays.stream(one.values()).sorted().toArray();
      for (int i = 0; i < one.shares().length; i++) {
        assertEquals(one.expected()[i], Resampling.percentile(sorted, one.shares()[i]), TOLERANCE, one.shares()[i] + " of " + sorted.length);
      }
    }
  }

  private static void assertFigure(Double expected, double found, String what) {
    assertEquals(expected == null ? Double.NaN : expected, found, TOLERANCE, what);
  }
}
