package org.conceptclip.evaluate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.conceptclip.tensor.BadInputException;
import org.junit.jupiter.api.Test;

class EvaluationTest {
  private static final List<String> AB = List.of("a", "b");
  private static final BootstrapOptions PLAIN = BootstrapOptions.of(0);

  @Test
  void orderOfItemsDoesNotMatter() {
    for (Scores scores : List.of(Synthetic.multiClass(300, 5, 1, 1, 1), Synthetic.multiLabel(300, 4, 2))) {
      List<Integer> shuffled = new ArrayList<>(IntStream.range(0, 300).boxed().toList());
      Collections.shuffle(shuffled, new Random(5));
      int[] order = shuffled.stream().mapToInt(i -> i).toArray();
      List<Grouping> groupings = List.of(Synthetic.grouping("site", 300, 3, 4));
      double[] before = new Measures(scores, groupings, 1).figures(Resampling.once(300));
      Measures after = new Measures(ResamplingTest.select(scores, order), ResamplingTest.select(groupings, order), 1);
      double[] figures = after.figures(Resampling.once(300));
      for (int f = 0; f < after.groupsStart(); f++) {
        assertEquals(before[f], figures[f], 1e-12, "figure " + f);
      }
      for (int gap = 1; gap <= 2; gap++) { // groups themselves are in the order of their first items
        assertEquals(before[before.length - gap], figures[figures.length - gap], 1e-12);
      }
    }
  }

  @Test
  void firstOfEqualClassesIsPredicted() {
    double[][] ties = {{.4, .4, .2}, {.4, .4, .2}, {.2, .4, .4}};
    Scores tied = new Scores.MultiClass(List.of("a", "b", "c"), new int[] {0, 1, 2}, ties);
    assertEquals(1 / 3.0, Evaluation.report(tied, List.of(), PLAIN).accuracy().value());
  }

  @Test
  void negativeZeroIsZero() {
    assertEquals(0.5, Roc.area(new boolean[] {true, false}, new double[] {-0.0, 0.0}));
    assertEquals(0.5, AveragePrecision.of(new boolean[] {true, false}, new double[] {0.0, -0.0}));
  }

  /** An area of 0 is as defined as any other. */
  @Test
  void areasOfZeroCount() {
    Scores reversed = new Scores.MultiLabel(AB, new boolean[][] {{true, true}, {false, false}}, new double[][] {{.1, .9}, {.2, .8}});
    assertEquals(0.5, Evaluation.report(reversed, List.of(), PLAIN).aurocMacro().value());
  }

  @Test
  void oneClassOnlyIsWarnedOf() {
    Scores scores = new Scores.MultiClass(AB, new int[] {1, 1, 1}, new double[][] {{.1, .9}, {.6, .4}, {.5, .5}});
    ClassificationReport report = Evaluation.report(scores, List.of(), new BootstrapOptions(50, 1, 0.95, 0));
    assertFalse(report.aurocMacro().isDefined());
    assertFalse(report.aurocMacro().hasBounds());
    assertTrue(report.accuracy().hasBounds());
    assertEquals(List.of(
        "no item is of \"a\", so its AUROC, average precision and recall are not defined",
        "every item is of \"b\", so its AUROC is not defined"), report.warnings());
  }

  @Test
  void groupsThatAreTooSmallAreWarnedOf() {
    Scores scores = Synthetic.multiClass(100, 3, 1, 1, 9);
    List<String> sites = IntStream.range(0, 100).mapToObj(i -> i < 50 ? "one" : i < 95 ? "two" : "three").toList();
    ClassificationReport report = Evaluation.report(
        scores, List.of(new Grouping("site", sites), new Grouping("all", Collections.nCopies(100, "x"))), BootstrapOptions.of(200));
    ClassificationReport.GroupTable table = report.groups().getFirst();
    assertEquals(List.of("one", "two", "three"), table.groups().stream().map(ClassificationReport.GroupFigures::value).toList());
    assertEquals(List.of(50L, 45L, 5L), table.groups().stream().map(ClassificationReport.GroupFigures::items).toList());
    assertEquals(List.of(false, false, true), table.groups().stream().map(ClassificationReport.GroupFigures::tooSmall).toList());
    assertTrue(table.groups().get(1).accuracy().hasBounds());
    assertTrue(table.groups().get(2).accuracy().isDefined());
    assertFalse(table.groups().get(2).accuracy().hasBounds());
    double gap = Math.abs(table.groups().get(0).accuracy().value() - table.groups().get(1).accuracy().value());
    assertEquals(gap, table.accuracyGap().value(), 1e-15);
    assertTrue(table.accuracyGap().low() >= 0 && table.accuracyGap().low() <= gap && gap <= table.accuracyGap().high());
    double areas = Math.abs(table.groups().get(0).aurocMacro().value() - table.groups().get(1).aurocMacro().value());
    assertEquals(areas, table.aurocGap().value(), 1e-15);
    assertFalse(report.groups().get(1).accuracyGap().isDefined());
    assertEquals(List.of(
        "column \"site\": 1 of 3 groups with fewer than 30 items, too few to say anything: \"three\" (5)",
        "column \"all\": 1 of 1 groups with at least 30 items, so there is no gap between groups"), report.warnings());
  }

  /** Figures of a group are those of its items alone. */
  @Test
  void groupsAreTheirItems() {
    Scores scores = Synthetic.multiLabel(200, 3, 9);
    Grouping grouping = Synthetic.grouping("site", 200, 3, 1);
    ClassificationReport.GroupTable table = Evaluation.report(scores, List.of(grouping), PLAIN).groups().getFirst();
    for (ClassificationReport.GroupFigures group : table.groups()) {
      int[] items = IntStream.range(0, 200).filter(i -> grouping.values().get(i).equals(group.value())).toArray();
      ClassificationReport alone = Evaluation.report(ResamplingTest.select(scores, items), List.of(), PLAIN);
      assertEquals(items.length, group.items());
      assertEquals(alone.accuracy(), group.accuracy());
      assertEquals(alone.aurocMacro(), group.aurocMacro());
    }
  }

  @Test
  void classesThatAGroupLacksAreWarnedOf() {
    Scores scores = new Scores.MultiClass(AB, new int[] {0, 1, 1, 1}, new double[][] {{1, 0}, {.5, .5}, {.6, .4}, {.2, .8}});
    ClassificationReport report = Evaluation.report(
        scores, List.of(new Grouping("sex", List.of("f", "f", "m", "m"))), new BootstrapOptions(10, 1, 0.95, 1));
    assertEquals(List.of("column \"sex\", group \"m\": no item, or every item, is of \"a\", \"b\", so its macro AUROC is not defined"),
        report.warnings());
  }

  @Test
  void badScoresNameItemAndClass() {
    assertRefused("item 1, \"b\": score NaN, expected a number from 0 to 1", new double[][] {{.5, .5}, {.5, Double.NaN}});
    assertRefused("item 0, \"a\": score Infinity, expected a number from 0 to 1", new double[][] {{Double.POSITIVE_INFINITY, 0}, {1, 0}});
    assertRefused("item 0, \"b\": score -0.25, expected a number from 0 to 1", new double[][] {{1.25e-9, -.25}, {1, 0}});
    assertRefused("item 1: probabilities whose sum is 0.75, expected 1 within 1.0E-6", new double[][] {{.5, .5}, {.5, .25}});
    assertRefused("item 0: probabilities whose sum is 1.0000019073486328, expected 1 within 1.0E-6",
        new double[][] {{.5, .5 + 0x1p-19}, {1, 0}});
    assertRefused("item 1: 1 scores, expected one for each of 2 labels", new double[][] {{.5, .5}, {1}});
    assertRefused("scores of 1 items, truth of 2, expected as many", new double[][] {{.5, .5}});
    double[][] good = {{.5, .5 + 9e-7}, {1, 0}};
    Evaluation.report(new Scores.MultiClass(AB, new int[] {0, 1}, good), List.of(), PLAIN);
    assertRefused("item 1: true class 2, expected 0 to 1", new Scores.MultiClass(AB, new int[] {0, 2}, good));
    assertRefused("item 0, \"a\": score 1.0000005, expected a number from 0 to 1",
        new Scores.MultiLabel(AB, new boolean[1][2], new double[][] {{1.0000005, 0}}));
    assertRefused("item 0: truth of 1 labels, expected 2", new Scores.MultiLabel(AB, new boolean[1][1], new double[1][2]));
    assertRefused("scores of no item, expected at least one", new Scores.MultiClass(AB, new int[0], new double[0][]));
    assertRefused("scores of no item, expected at least one", new Scores.MultiLabel(AB, new boolean[0][], new double[0][]));
    assertRefused("1 labels, expected at least 2", new Scores.MultiClass(List.of("a"), new int[] {0, 1}, good));
    assertRefused("label \"a\" twice, expected each once", new Scores.MultiClass(List.of("a", "a"), new int[] {0, 1}, good));
    assertEquals("column \"sex\": 1 values, expected 2, one an item", assertThrows(BadInputException.class, () -> Evaluation.report(
        new Scores.MultiClass(AB, new int[] {0, 1}, good), List.of(new Grouping("sex", List.of("f"))), PLAIN)).getMessage());
    assertThrows(BadInputException.class, () -> Roc.area(new boolean[] {true, false}, new double[] {1, Double.NaN}));
  }

  private static void assertRefused(String message, double[][] scores) {
    assertRefused(message, new Scores.MultiClass(AB, new int[] {0, 1}, scores));
  }

  private static void assertRefused(String message, Scores scores) {
    assertEquals(message, assertThrows(BadInputException.class, () -> Evaluation.report(scores, List.of(), PLAIN)).getMessage());
  }
}
