package org.conceptclip.probe;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.conceptclip.report.Markup;
import org.conceptclip.report.Page;
import org.conceptclip.util.OneLine;

/** What the pages about a bottleneck have in common: facts, signed bars, the table of the concepts that decide. */
final class BottleneckTables {
  static final String STYLE = """
      .signed { width: 120px; } .signed svg { width: 120px; height: 12px; } .signed line { stroke: var(--soft); }
      .weights { table-layout: auto; } .weights th[scope=rowgroup] { padding-top: 16px; color: var(--ink); }
      .weights td, .weights th { overflow-wrap: anywhere; }
      """;

  private static final int LONGEST = 400;
  private static final double HALF = 60;

  private BottleneckTables() {}

  /** A name as people read it, in one line. */
  static String shown(String name) {
    return OneLine.of(name, LONGEST);
  }

  /** A number with its sign. */
  static String signed(double value) {
    return String.format(Locale.ROOT, "%+.2f", value);
  }

  static String percent(double share) {
    return String.format(Locale.ROOT, "%.1f %%", 100 * share);
  }

  /** What the bottleneck is, for the head of a page. */
  static List<Map.Entry<String, String>> facts(Bottleneck bottleneck) {
    BottleneckLayer layer = bottleneck.layer();
    List<Map.Entry<String, String>> facts = new ArrayList<>();
    facts.add(Map.entry("model", bottleneck.model().map(model -> shown(model.name())).orElse("none: similarities were given")));
    facts.add(Map.entry("classes", String.valueOf(layer.classes().size())));
    facts.add(Map.entry("concepts", layer.used().length + " with a weight, of " + layer.concepts().size()));
    facts.add(Map.entry("similarity", bottleneck.similarity().description()));
    String sign = bottleneck.penalty() == BottleneckPenalty.NONNEGATIVE ? "0 or more" : "of either sign";
    facts.add(Map.entry("weights", sign + ", few (L1)"
        + String.format(Locale.ROOT, ", lambda %.4g", bottleneck.lambda())));
    facts.add(Map.entry("trained on", bottleneck.training().items() + " images, of which it classifies "
        + percent(bottleneck.training().accuracy()) + " rightly"));
    facts.add(Map.entry("accuracy", bottleneck.training().heldOutAccuracy().isPresent()
        ? percent(bottleneck.training().heldOutAccuracy().getAsDouble()) + " on training images that were held out (cross-validation)"
        : "not measured on other images than those of the training"));
    return facts;
  }

  /** A bar to the right of the middle for what is positive, to the left for what is negative. */
  static Markup bar(double value, double largest, String title) {
    double length = largest > 0 ? Math.min(1, Math.abs(value) / largest) * (HALF - 2) : 0;
    return Markup.svg(2 * (int) HALF, 12, title)
        .empty("rect", "class", value < 0 ? "s1" : "s0", "x", value < 0 ? HALF - length : HALF, "y", 1.0, "width", length, "height", 10.0)
        .line("middle", HALF, 0, HALF, 12).close();
  }

  /** The concepts that decide each class, by their weights. */
  static void weights(Page page, BottleneckLayer layer) {
    double largest = 0;
    for (double[] row : layer.weights()) {
      for (double weight : row) {
        largest = Math.max(largest, Math.abs(weight));
      }
    }
    Markup out = page.markup();
    out.open("div", "class", "wide").open("table", "class", "weights").open("thead").open("tr")
        .leaf("th", "concept", "scope", "col").leaf("th", "weight", "scope", "col", "class", "number").leaf("th", "", "scope", "col")
        .close().close();
    for (int k = 0; k < layer.classes().size(); k++) {
      List<BottleneckLayer.Term> terms = layer.terms(k);
      String count = terms.size() + (terms.size() == 1 ? " concept" : " concepts");
      out.open("tbody").open("tr").leaf("th", shown(layer.classes().get(k)) + " (" + count + ", bias " + signed(layer.bias()[k]) + ")",
          "scope", "rowgroup", "colspan", "3").close();
      for (BottleneckLayer.Term term : terms) {
        out.open("tr").leaf("td", shown(term.concept())).leaf("td", signed(term.weight()), "class", "number")
            .open("td", "class", "signed").add(bar(term.weight(), largest, signed(term.weight()))).close().close();
      }
      out.close();
    }
    out.close().close();
    unused(out, layer);
  }

  private static void unused(Markup out, BottleneckLayer layer) {
    List<String> names = new ArrayList<>(layer.concepts());
    for (int j : layer.used()) {
      names.remove(layer.concepts().get(j));
    }
    if (!names.isEmpty()) {
      out.open("details").leaf("summary", names.size() + (names.size() == 1 ? " concept" : " concepts") + " without a weight").leaf("p",
          String.join("; ", names.stream().map(BottleneckTables::shown).toList()), "class", "notice").close();
    }
  }
}
