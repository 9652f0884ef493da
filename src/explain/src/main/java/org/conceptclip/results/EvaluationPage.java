package org.conceptclip.results;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.conceptclip.data.Task;
import org.conceptclip.evaluate.ClassificationReport;
import org.conceptclip.evaluate.Interval;
import org.conceptclip.evaluate.Metric;
import org.conceptclip.evaluate.PairedBootstrap;
import org.conceptclip.evaluate.Scores;
import org.conceptclip.report.Markup;
import org.conceptclip.report.Page;
import org.conceptclip.report.UnitPlot;

/** A page about a classification that stands alone: figures with intervals, curves, tables, and what was run. */
public final class EvaluationPage {
  private static final int LARGEST_CONFUSION = 40;
  /** With more classes, a column's head is the number of its class, so that the table fits the page. */
  private static final int MOST_NAMED_COLUMNS = 5;

  /** A bin of fewer is a ring beside the line: in it, one item moves the share by more than a tenth. */
  private static final int FEWEST_ON_LINE = 10;

  private final ClassificationRun run;
  private final ClassificationReport report;
  private final Page page;

  private EvaluationPage(ClassificationRun run) {
    this.run = run;
    this.report = run.report();
    this.page = Page.titled("Evaluation: " + report.items() + " items, " + report.classes().size() + " classes");
  }

  /** The whole page, as HTML that is well-formed XML, too. */
  public static String of(ClassificationRun run) {
    return new EvaluationPage(run).whole();
  }

  private String whole() {
    PageParts.introduce(page, run.modelOrWords(), run.notice(), report.items(), run.failed(), run.warnings());
    headlines();
    classes();
    curves();
    calibration();
    confusion();
    report.groups().forEach(this::group);
    run.comparison().ifPresent(this::comparison);
    PageParts.about(page, run.about(), run.modelOrWords(), run.bootstrap());
    return page.whole();
  }

  private void headlines() {
    page.heading("Figures of all " + report.items() + " items");
    page.table(List.of("figure", "value", PageParts.level(run.bootstrap()), "what it is"), 1, 3, () ->
        ClassificationRun.headlines(report).forEach((metric, figure) -> {
          page.markup().open("tr").leaf("td", FigureText.name(metric));
          page.number(FigureText.of(figure.value())).number(PageParts.bounds(figure));
          page.markup().leaf("td", meaning(metric)).close();
        }));
    run.pooled().ifPresent(one -> page.notice("All " + one.pairs() + " pairs of an item and a label together: accuracy "
        + FigureText.of(one.accuracy()) + ", AUROC " + FigureText.of(one.auroc())
        + (run.task() == Task.ANNOTATION ? ", the figures that the official annotation script prints." : ".")));
  }

  private String meaning(Metric metric) {
    boolean several = run.task() != Task.MULTICLASS;
    return switch (metric) {
      case ACCURACY -> several ? "share of items all of whose labels are right" : "share of items whose most probable class is true";
      case BALANCED_ACCURACY -> several ? "mean of sensitivity and specificity, over the labels" : "mean of the classes' recall";
      case AUROC_MACRO -> "area under the ROC curve, mean of the classes; 0.5 is chance";
      case AVERAGE_PRECISION_MACRO -> "mean of the classes; chance is a class's share of the items";
      case F1_MACRO -> "harmonic mean of precision and recall, mean of the classes";
      case ECE -> "how far confidence is from the share that is right; 0 is best";
    };
  }

  private void classes() {
    page.heading("Each class against the rest");
    page.table(List.of("class", "items", "AUROC", "average precision", "precision", "recall", "F1"), 1, 7, () -> {
      for (ClassificationReport.ClassFigures one : report.classes()) {
        page.markup().open("tr").leaf("td", one.label());
        page.number(String.valueOf(one.positives())).number(FigureText.of(one.auroc())).number(FigureText.of(one.averagePrecision()))
            .number(FigureText.of(one.precision())).number(FigureText.of(one.recall())).number(FigureText.of(one.f1()));
        page.markup().close();
      }
    });
  }

  private void curves() {
    List<Integer> drawn = IntStream.range(0, report.classes().size()).boxed().filter(c -> report.classes().get(c).auroc().isDefined())
        .sorted(Comparator.comparingDouble(c -> report.classes().get(c).auroc().value())).limit(Markup.COLOURS).sorted().toList();
    page.heading("ROC curves");
    if (drawn.isEmpty()) {
      page.notice("No class has both items that it is true of and items that it is not true of, so there is no curve.");
      return;
    }
    List<UnitPlot.Line> lines = drawn.stream().map(c -> new UnitPlot.Line(
        report.classes().get(c).label() + ", " + FigureText.of(report.classes().get(c).auroc().value()),
        RocCurve.points(truth(c), IntStream.range(0, report.items()).mapToDouble(i -> scores()[i][c]).toArray()), false, List.of())).toList();
    boolean all = drawn.size() == report.classes().stream().filter(one -> one.auroc().isDefined()).count();
    page.figure("Share of a class's items that are found, against share of the others that are taken for it; " + report.items() + " items"
            + (all ? "" : "; the " + drawn.size() + " classes with the smallest area"),
        UnitPlot.draw("ROC curves", "false positive rate", "true positive rate", lines, List.of()));
  }

  private double[][] scores() {
    return switch (run.scores()) {
      case Scores.MultiClass one -> one.scores();
      case Scores.MultiLabel several -> several.scores();
    };
  }

  private boolean[] truth(int label) {
    boolean[] truth = new boolean[report.items()];
    for (int i = 0; i < truth.length; i++) {
      truth[i] = switch (run.scores()) {
        case Scores.MultiClass one -> one.truth()[i] == label;
        case Scores.MultiLabel several -> several.truth()[i][label];
      };
    }
    return truth;
  }

  private void calibration() {
    page.heading("Is a confidence what it says?");
    List<UnitPlot.Line> lines = new ArrayList<>();
    lines.add(line(run.temperature().isPresent() ? "as they are" : "all items", report));
    run.temperature().ifPresent(one ->
        lines.add(line(String.format(Locale.ROOT, "temperature %.3f", one.fit().temperature()), one.scaled())));
    List<UnitPlot.Column> columns = report.reliability().bins().stream().map(bin -> new UnitPlot.Column(bin.low(), bin.high(), bin.items(),
        FigureText.of(bin.low()) + " to " + FigureText.of(bin.high()) + ": " + bin.items())).toList();
    String what = run.task() == Task.MULTICLASS ? "items" : "scores of all items and labels";
    page.figure("Share that is right, against mean confidence, in 15 bins of confidence; below, the number of " + what + " in each bin",
        UnitPlot.draw("Reliability diagram", "confidence", "share that is right", lines, columns));
    page.notice("On the diagonal, confidences are what they say; below it, they say too much. Rings: bins of fewer than "
        + FEWEST_ON_LINE + " " + what + ", which scatter by chance.");
    run.temperature().ifPresent(this::temperature);
  }

  private static UnitPlot.Line line(String name, ClassificationReport report) {
    return new UnitPlot.Line(name + ", ECE " + FigureText.of(report.ece().value()), points(report, FEWEST_ON_LINE, Integer.MAX_VALUE), true,
        points(report, 1, FEWEST_ON_LINE - 1));
  }

  private static List<double[]> points(ClassificationReport report, int fewest, int most) {
    return report.reliability().bins().stream().filter(bin -> bin.items() >= fewest && bin.items() <= most)
        .map(bin -> new double[] {bin.confidence(), bin.accuracy()}).toList();
  }

  private void temperature(ClassificationRun.Temperature one) {
    page.table(List.of("temperature " + FigureText.of(one.fit().temperature()), "items", "before", "after"), 1, 4, () -> {
      row("negative log-likelihood, validation", one.validationItems(), FigureText.of(one.fit().nllBefore()),
          FigureText.of(one.fit().nllAfter()));
      row("expected calibration error, validation", one.validationItems(), FigureText.of(one.fit().eceBefore()),
          FigureText.of(one.fit().eceAfter()));
      row("expected calibration error, evaluated", report.items(), FigureText.of(report.ece()), FigureText.of(one.scaled().ece()));
    });
    page.notice("The temperature divides the logits; it was fitted on the validation items alone. It changes no ranking within an item, so"
        + " accuracy stays" + (one.fit().atLimit() ? ". It is at a limit of its range: the validation items do not determine it." : "."));
  }

  private void row(String name, int items, String before, String after) {
    page.markup().open("tr").leaf("td", name);
    page.number(String.valueOf(items)).number(before).number(after);
    page.markup().close();
  }

  private void confusion() {
    long[][] confusion = report.confusion();
    if (confusion == null) {
      return;
    }
    page.heading("Which class is taken for which");
    if (confusion.length > LARGEST_CONFUSION) {
      page.notice("A table of " + confusion.length + " classes is too large for a page; metrics.json has it.");
      return;
    }
    boolean numbered = confusion.length > MOST_NAMED_COLUMNS;
    List<String> heads = new ArrayList<>(List.of("true class"));
    for (int c = 0; c < confusion.length; c++) {
      heads.add(numbered ? String.valueOf(c + 1) : report.classes().get(c).label());
    }
    page.notice("Rows: the true class; columns: the most probable one; shade: share of the row. " + report.items() + " items.");
    page.table(heads, 1, heads.size(), () -> {
      for (int row = 0; row < confusion.length; row++) {
        page.markup().open("tr").leaf("td", (numbered ? row + 1 + " " : "") + report.classes().get(row).label());
        long sum = Arrays.stream(confusion[row]).sum();
        for (int column = 0; column < confusion.length; column++) {
          shaded(confusion[row][column], sum, row == column);
        }
        page.markup().close();
      }
    });
  }

  private void shaded(long count, long sum, boolean right) {
    long percent = sum == 0 ? 0 : Math.round(60.0 * count / sum);
    page.markup().leaf("td", String.valueOf(count), "class", "number", "style", "padding-right: 10px; background: color-mix(in srgb, var("
        + (right ? "--c0" : "--c1") + ") " + percent + "%, transparent)");
  }

  private void group(ClassificationReport.GroupTable table) {
    page.heading("By " + table.column());
    page.table(List.of(table.column(), "items", "accuracy", "AUROC (macro)", ""), 1, 4, () -> {
      for (ClassificationReport.GroupFigures one : table.groups()) {
        page.markup().open("tr").leaf("td", one.value().isEmpty() ? "(empty)" : one.value());
        page.number(String.valueOf(one.items())).number(FigureText.of(one.accuracy())).number(FigureText.of(one.aurocMacro()));
        page.markup().leaf("td", one.tooSmall() ? "too small to say anything" : "", "class", "missed").close();
      }
      page.markup().open("tr").leaf("th", "gap");
      page.number("").number(FigureText.of(table.accuracyGap())).number(FigureText.of(table.aurocGap()));
      page.markup().leaf("td", "").close();
    });
    page.notice("The gap is the largest minus the smallest figure of groups of at least " + run.bootstrap().smallestGroup()
        + " items. It is never negative, and chance alone makes one: compare its interval with those of the groups.");
  }

  private void comparison(ClassificationRun.Comparison comparison) {
    page.heading("Compared with " + comparison.other());
    page.table(List.of("figure", "there", "here", "difference", "p"), 1, 5, () -> {
      comparison.differences().metrics().forEach((metric, one) -> difference(FigureText.name(metric), one));
      List<String> labels = comparison.differences().labels();
      for (int i = 0; i < labels.size(); i++) {
        difference("AUROC of " + labels.get(i), comparison.differences().auroc().get(i));
      }
    });
    page.notice("Here minus there, on the same " + comparison.differences().items() + " items, drawn together in each resample. p is"
        + " two-sided and approximate; of many figures, some differ by chance.");
  }

  private void difference(String name, PairedBootstrap.Difference one) {
    Interval interval = one.difference();
    boolean apart = interval.hasBounds() && (interval.low() > 0 || interval.high() < 0);
    page.markup().open("tr").leaf("td", name);
    page.number(FigureText.of(one.first())).number(FigureText.of(one.second()));
    page.markup().open("td", "class", "number");
    page.markup().leaf(apart ? "strong" : "span", FigureText.of(interval)).close();
    page.number(FigureText.of(one.p()));
    page.markup().close();
  }
}
