package org.conceptclip.results;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.conceptclip.evaluate.BootstrapOptions;
import org.conceptclip.evaluate.Interval;
import org.conceptclip.report.Page;

/** What all pages about evaluations have. */
final class PageParts {
  private PageParts() {}

  /** What a reader has to know first. */
  static void introduce(Page page, String model, String notice, int items, int failed, List<String> warnings) {
    page.notice("Model: " + model + ". " + items + " items" + (failed > 0 ? "; " + failed + " more could not be evaluated" : "")
        + ". " + Page.FOR_RESEARCH);
    if (!notice.isEmpty()) {
      page.markup().open("p").leaf("strong", notice).close();
    }
    if (!warnings.isEmpty()) {
      page.markup().open("ul", "class", "missed");
      warnings.forEach(warning -> page.markup().leaf("li", warning));
      page.markup().close();
    }
  }

  /** What was run, last. */
  static void about(Page page, SequencedMap<String, String> about, String model, BootstrapOptions bootstrap) {
    page.heading("What was run");
    List<Map.Entry<String, String>> facts = new ArrayList<>(List.of(Map.entry("model", model)));
    about.forEach((name, value) -> facts.add(Map.entry(name, value)));
    facts.add(Map.entry("intervals", bootstrap.resamples() == 0 ? "none" : "percentiles of " + bootstrap.resamples()
        + " bootstrap resamples of the items, " + Math.round(100 * bootstrap.level()) + " %, seed " + bootstrap.seed()));
    page.facts(facts);
    page.notice("Made by conceptclip eval. scores.csv beside this page has what all figures are computed from, metrics.json the figures.");
  }

  static String level(BootstrapOptions bootstrap) {
    return bootstrap.resamples() == 0 ? "no interval" : Math.round(100 * bootstrap.level()) + " % interval";
  }

  static String bounds(Interval figure) {
    return figure.hasBounds() ? FigureText.of(figure.low()) + " to " + FigureText.of(figure.high()) : "";
  }
}
