package org.conceptclip.probe;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.conceptclip.report.Axis;
import org.conceptclip.report.LineChart;
import org.conceptclip.report.Page;

/** A page about a bottleneck that was just trained: how few concepts suffice, and which concepts decide each class. */
public final class BottleneckReport {
  private BottleneckReport() {}

  /**
   * The whole page.
   *
   * @param path the choice of lambda; empty if it was given
   * @param notices lines that readers must see, such as what the model was trained on
   */
  public static String html(Bottleneck bottleneck, Optional<BottleneckPath> path, List<String> notices) {
    Page page = Page.titled("Concept bottleneck", BottleneckTables.STYLE)
        .notice("Which concepts decide each class, for " + bottleneck.model().map(model -> "model " + BottleneckTables.shown(model.name()))
            .orElse("similarities that were given") + ". " + Page.FOR_RESEARCH);
    notices.forEach(page::notice);
    page.facts(BottleneckTables.facts(bottleneck));
    page.heading("The concepts that decide");
    page.notice("A class's score is its bias plus, for each concept, the weight times how much more than usual the image shows it, in"
        + " standard deviations over the training images. The words are the user's; what the model takes them for, heatmaps show.");
    BottleneckTables.weights(page, bottleneck.layer());
    path.ifPresent(found -> path(page, found));
    return page.whole();
  }

  private static void path(Page page, BottleneckPath path) {
    page.heading("How many concepts suffice");
    page.notice("Taken was the largest lambda whose loss on held-out images is within one standard error of the smallest. Concepts that it"
        + " leaves: " + path.points().get(path.chosen()).concepts() + ".");
    List<double[]> losses = new ArrayList<>();
    double smallest = Double.POSITIVE_INFINITY;
    double largest = 0;
    for (BottleneckPath.Point point : path.points()) {
      losses.add(new double[] {point.lambda(), point.loss()});
      smallest = Math.min(smallest, point.lambda());
      largest = Math.max(largest, point.loss());
    }
    page.figure("Loss on held-out images", LineChart.draw("Loss on held-out images by lambda",
        Axis.decades(smallest, path.points().getFirst().lambda(), LineChart.LEFT, LineChart.RIGHT), "lambda",
        Axis.linear(largest, LineChart.BOTTOM, LineChart.TOP), "mean cross-entropy",
        List.of(new LineChart.Series("held-out images", losses.reversed()))));
    page.table(List.of("lambda", "held-out loss", "standard error", "held-out accuracy", "concepts", ""), 0, 5, () -> {
      for (int i = 0; i < path.points().size(); i++) {
        BottleneckPath.Point point = path.points().get(i);
        page.markup().open("tr");
        page.number(String.format(Locale.ROOT, "%.4g", point.lambda())).number(String.format(Locale.ROOT, "%.4f", point.loss()))
            .number(String.format(Locale.ROOT, "%.4f", point.standardError())).number(BottleneckTables.percent(point.accuracy()))
            .number(String.valueOf(point.concepts()));
        page.markup().leaf("td", i == path.chosen() ? "taken" : i == path.best() ? "smallest loss" : "").close();
      }
    });
  }
}
