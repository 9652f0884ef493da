package org.conceptclip.results;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.conceptclip.evaluate.Interval;
import org.conceptclip.evaluate.RetrievalReport;
import org.conceptclip.report.Axis;
import org.conceptclip.report.LineChart;
import org.conceptclip.report.Page;

/** A page about a retrieval that stands alone. */
public final class RetrievalPage {
  private RetrievalPage() {}

  /** The whole page, as HTML that is well-formed XML, too. */
  public static String of(RetrievalRun run) {
    RetrievalReport report = run.report();
    Page page = Page.titled("Retrieval: " + run.pairs() + " pairs of image and caption");
    PageParts.introduce(page, run.model(), run.notice(), run.pairs(), run.failed(), run.warnings());
    direction(page, "Images find their captions", report.imageToText(), run);
    direction(page, "Captions find their images", report.textToImage(), run);
    page.heading("Recall at every rank");
    int largest = Math.max(report.imageToText().gallery(), report.textToImage().gallery());
    Axis x = Axis.decades(1, Math.max(2, largest), LineChart.LEFT, LineChart.RIGHT);
    Axis y = Axis.linear(1, LineChart.BOTTOM, LineChart.TOP);
    page.figure("Share of the " + report.imageToText().queries() + " images and " + report.textToImage().queries()
            + " captions whose partner is among the first k",
        LineChart.draw("Recall", x, "k", y, "recall at k", List.of(
            new LineChart.Series("images find captions", points(report.imageToText())),
            new LineChart.Series("captions find images", points(report.textToImage())))));
    PageParts.about(page, run.about(), run.model(), run.bootstrap());
    return page.whole();
  }

  private static void direction(Page page, String heading, RetrievalReport.Direction direction, RetrievalRun run) {
    page.heading(heading);
    page.notice(direction.queries() + " queries among " + direction.gallery() + ". Chance: what a random order would reach.");
    page.table(List.of("figure", "value", PageParts.level(run.bootstrap()), "chance"), 1, 4, () -> {
      direction.recall().stream().filter(one -> one.k() < direction.gallery()).forEach(one -> row(page, "recall at " + one.k(),
          FigureText.of(one.value().value()), PageParts.bounds(one.value()), FigureText.of(one.k() / (double) direction.gallery())));
      row(page, "median rank", FigureText.rank(direction.medianRank().value()), bounds(direction.medianRank()),
          FigureText.rank((direction.gallery() + 1) / 2));
      row(page, "mean rank", FigureText.rank(direction.meanRank().value()), bounds(direction.meanRank()),
          FigureText.rank((direction.gallery() + 1) / 2.0));
    });
  }

  private static String bounds(Interval figure) {
    return figure.hasBounds() ? FigureText.rank(figure.low()) + " to " + FigureText.rank(figure.high()) : "";
  }

  private static void row(Page page, String name, String value, String bounds, String chance) {
    page.markup().open("tr").leaf("td", name);
    page.number(value).number(bounds).number(chance);
    page.markup().close();
  }

  /** Recall at ranks that are evenly spread over a logarithmic axis. */
  private static List<double[]> points(RetrievalReport.Direction direction) {
    int[] ranks = direction.ranks().clone();
    Arrays.sort(ranks);
    List<double[]> points = new ArrayList<>();
    int within = 0;
    for (int k = 1; k <= direction.gallery(); k = Math.max(k + 1, (int) (k * 1.2))) {
      while (within < ranks.length && ranks[within] <= k) {
        within++;
      }
      points.add(new double[] {k, within / (double) ranks.length});
    }
    return points;
  }
}
