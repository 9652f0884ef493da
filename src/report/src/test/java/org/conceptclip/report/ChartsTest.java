package org.conceptclip.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ChartsTest {
  @Test
  void numbersHaveThreeDigitsThatMatter() {
    assertEquals(List.of("0", "0.479", "4.79", "47.9", "479", "4790", "0.0000123", "-2.50", "-"),
        List.of(Figures.of(0), Figures.of(0.479), Figures.of(4.79), Figures.of(47.9), Figures.of(479), Figures.of(4790),
            Figures.of(0.0000123), Figures.of(-2.5), Figures.of(Double.NaN)));
  }

  @Test
  void linearAxesBeginAtZeroAndEndAtOrAboveTheLargest() {
    for (double largest : new double[] {0.003, 0.97, 1, 7, 99, 100, 101, 123_456}) {
      Axis axis = Axis.linear(largest, 10, 110);
      assertEquals(0, axis.from());
      assertTrue(axis.to() >= largest * (1 - 1e-9) && axis.to() <= 1.3 * largest, () -> largest + " on " + axis);
      assertTrue(axis.ticks().size() >= 4 && axis.ticks().size() <= 10, axis::toString);
      assertEquals(10, axis.pixel(0));
      assertEquals(110, axis.pixel(axis.to()), 1e-9);
    }
  }

  @Test
  void ticksHaveNoMoreDecimalsThanTheyNeed() {
    assertEquals(List.of("0", "20", "40", "60", "80", "100"), Axis.linear(97, 0, 1).ticks().stream().map(Map.Entry::getValue).toList());
    assertEquals(List.of("0.0", "0.1", "0.2", "0.3", "0.4", "0.5"),
        Axis.linear(0.5, 0, 1).ticks().stream().map(Map.Entry::getValue).toList());
  }

  @Test
  void decadesEncloseTheValues() {
    Axis axis = Axis.decades(0.3, 42, 300, 0);
    assertEquals(List.of("0.1", "1", "10", "100"), axis.ticks().stream().map(Map.Entry::getValue).toList());
    assertEquals(300, axis.pixel(0.1), 1e-9);
    assertEquals(0, axis.pixel(100), 1e-9);
    assertTrue(axis.pixel(10) < axis.pixel(1), "pixels run downwards");
    assertEquals(2, Axis.decades(1, 1, 0, 1).ticks().size(), "one value has a decade, too");
  }

  @Test
  void aSinglePlaceStandsInTheMiddle() {
    assertEquals(50, Axis.places(List.of(Map.entry(2.0, "4")), 0, 100).pixel(2));
  }

  @Test
  void barsAreAsLongAsTheirValues() {
    String svg = BarChart.draw("t", "u",
        List.of(new BarChart.Bar("whole", 100, 100, 100, 0), new BarChart.Bar("half", 50, 40, 60, 1))).whole();
    assertTrue(svg.contains("width=\"656.0\"") && svg.contains("width=\"328.0\""), svg);
    assertEquals(3, svg.split("whisker").length - 1, "only the one with quartiles has whiskers");
  }

  @Test
  void unitPlotsPutSharesWhereTheyBelong() {
    UnitPlot.Line line = new UnitPlot.Line("<a>", List.of(new double[] {0, 0}, new double[] {1, 1}), true, List.of(new double[] {0.5, 0}));
    String svg = UnitPlot.draw("t", "x", "y", List.of(line),
        List.of(new UnitPlot.Column(0, 0.5, 3, "three"), new UnitPlot.Column(0.5, 1, 6, "six"))).whole();
    assertTrue(svg.contains("points=\"64.0,408.0 464.0,8.0\""), svg);
    assertTrue(svg.contains("class=\"diagonal\" x1=\"64.0\" y1=\"408.0\" x2=\"464.0\" y2=\"8.0\""), svg);
    assertTrue(svg.contains("height=\"36.0\"><title>three") && svg.contains("height=\"72.0\"><title>six"), svg);
    assertTrue(svg.contains("<circle class=\"line l0\" cx=\"264.0\" cy=\"408.0\""), "a ring, off the line");
    assertTrue(svg.contains("&lt;a&gt;") && svg.contains(">6</text>"), svg);
    assertTrue(UnitPlot.draw("t", "x", "y", List.of(), List.of()).whole().contains("diagonal"), "no line is no failure");
  }

  @Test
  void scriptsCannotBeEndedByWhatIsInThem() {
    assertEquals("<script>a => b</script>", new Markup().script("a => b").whole());
    assertEquals("<script type=\"application/json\" id=\"d\">{}</script>", new Markup().data("d", "{}").whole());
    for (String code : List.of("\"</script>\"", "<!-- ", "a && b", "1 < 2")) {
      assertThrows(IllegalArgumentException.class, () -> new Markup().script(code));
      assertThrows(IllegalArgumentException.class, () -> new Markup().data("d", code));
    }
  }

  @Test
  void stylesOfPagesAreAddedToTheHouses() {
    assertTrue(Page.titled("t", ".mine { color: red; }").whole().contains(".mine { color: red; }</style>"));
    assertThrows(IllegalArgumentException.class, () -> Page.titled("t", "a > b { }"));
  }

  @Test
  void brokenPicturesAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> Markup.number(Double.NaN));
    assertThrows(IllegalStateException.class, () -> new Markup().open("p").whole());
  }
}
