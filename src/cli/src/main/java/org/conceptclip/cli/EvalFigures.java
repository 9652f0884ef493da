package org.conceptclip.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.stream.IntStream;
import org.conceptclip.data.Items;
import org.conceptclip.data.Task;
import org.conceptclip.evaluate.BootstrapOptions;
import org.conceptclip.evaluate.ClassificationReport;
import org.conceptclip.evaluate.Evaluation;
import org.conceptclip.evaluate.Grouping;
import org.conceptclip.evaluate.PairedBootstrap;
import org.conceptclip.evaluate.Scores;
import org.conceptclip.evaluate.TemperatureScaling;
import org.conceptclip.results.ClassificationRun;
import org.conceptclip.results.EvaluationPage;
import org.conceptclip.results.MetricsJson;
import org.conceptclip.results.ScoreTable;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.OneLine;

/** From scores to figures: computes them, writes metrics.json and report.html, and prints them. */
final class EvalFigures {
  private final Context context;
  private final Task task;
  private final String separatorOrNull;
  private final BootstrapOptions bootstrap;
  private final Optional<Path> other;
  private final Path folder;
  private final boolean json;

  EvalFigures(Context context, Task task, String separator, BootstrapOptions bootstrap, Optional<Path> other, Path folder, boolean json) {
    this.context = context;
    this.task = task;
    this.separatorOrNull = task == Task.MULTICLASS ? null : separator;
    this.bootstrap = bootstrap;
    this.other = other;
    this.folder = folder;
    this.json = json;
  }

  /** The columns of metadata that make groups, the first ones of each item's. */
  static List<Grouping> groupings(List<String> columns, List<List<String>> metadata) {
    return IntStream.range(0, columns.size())
        .mapToObj(i -> new Grouping(columns.get(i), metadata.stream().map(values -> values.get(i)).toList())).toList();
  }

  /** What was run, for people. */
  static SequencedMap<String, String> about(SequencedMap<String, String> facts, Items items) {
    SequencedMap<String, String> about = new LinkedHashMap<>(facts);
    about.putFirst("data file", Names.readable(items.file()));
    about.put("layout", items.layout().label());
    about.remove(EvalFacts.SPLIT, "none");
    return about;
  }

  /**
   * Computes and delivers everything.
   *
   * @param groupings of the rows of the table
   * @param about what was run
   * @param failed items without scores
   * @return whether the items are of more than one class, so that all headline figures are defined
   */
  boolean deliver(ScoreTable table, List<Grouping> groupings, SequencedMap<String, String> about, int failed) throws IOException {
    Path validation = folder.resolve(EvalFacts.VALIDATION);
    boolean isPart = !about.getOrDefault(EvalFacts.SPLIT, "none").equals("none");
    return deliver(table, groupings, isPart && Files.exists(validation) ? ScoreTable.read(validation) : null, about, failed);
  }

  /** As above, with the scores of the validation items. */
  boolean deliver(ScoreTable table, List<Grouping> groupings, ScoreTable validationOrNull, SequencedMap<String, String> about, int failed)
      throws IOException {
    Scores scores = table.scores(separatorOrNull);
    ClassificationReport report = Evaluation.report(scores, groupings, bootstrap);
    List<String> warnings = new ArrayList<>(report.warnings());
    if (validationOrNull == null && !about.getOrDefault(EvalFacts.SPLIT, "none").equals("none")) {
      warnings.add("no validation item has scores, so no temperature is fitted");
    }
    SequencedMap<String, String> facts = new LinkedHashMap<>(about);
    Optional<String> model = Optional.ofNullable(facts.remove(EvalFacts.MODEL));
    String notice = facts.remove(EvalFacts.NOTICE);
    ClassificationRun run = new ClassificationRun(model, notice == null ? "" : notice, facts, task,
        scores, report, bootstrap, failed, temperature(scores, validationOrNull, warnings), comparison(table, scores), warnings);
    OutputFiles.replace("--out", folder.resolve(EvalFacts.METRICS), MetricsJson.file(MetricsJson.of(run)).getBytes(StandardCharsets.UTF_8));
    OutputFiles.replace("--out", folder.resolve(EvalFacts.REPORT), EvaluationPage.of(run).getBytes(StandardCharsets.UTF_8));
    warnings.forEach(warning -> context.console().say("warning: " + warning));
    if (json) {
      context.console().out().line(MetricsJson.line(MetricsJson.of(run)));
    } else {
      new EvalTable(context.console().out()).print(run);
    }
    context.console().say("wrote " + Names.readable(folder.resolve(EvalFacts.REPORT)) + " and the files beside it");
    return report.aurocMacro().isDefined();
  }

  private Optional<ClassificationRun.Temperature> temperature(Scores scores, ScoreTable validationOrNull, List<String> warnings) {
    if (validationOrNull == null) {
      return Optional.empty();
    }
    if (!validationOrNull.labels().equals(scores.labels())) {
      throw new BadInputException("validation scores: columns " + OneLine.of(String.join(", ", validationOrNull.labels()))
          + ", expected those of the evaluated scores: " + OneLine.of(String.join(", ", scores.labels())));
    }
    Scores validation = validationOrNull.scores(separatorOrNull);
    TemperatureScaling fit = TemperatureScaling.fit(validation);
    if (fit.atLimit()) {
      warnings.add("the temperature is at a limit of its range: the " + validation.items() + " validation items do not determine it");
    }
    if (validation.items() < bootstrap.smallestGroup()) {
      warnings.add(validation.items() + " validation items: a temperature that is fitted on fewer than " + bootstrap.smallestGroup()
          + " says little");
    }
    ClassificationReport scaled = Evaluation.report(fit.apply(scores), List.of(), bootstrap);
    return Optional.of(new ClassificationRun.Temperature(fit, validation.items(), scaled));
  }

  private Optional<ClassificationRun.Comparison> comparison(ScoreTable table, Scores scores) {
    if (other.isEmpty()) {
      return Optional.empty();
    }
    Path file = other.get().resolve(EvalFacts.SCORES);
    ScoreTable before = ScoreTable.read(file);
    String name = Names.readable(file);
    if (!before.labels().equals(table.labels())) {
      throw new BadInputException(name + ": columns " + OneLine.of(String.join(", ", before.labels())) + ", expected those of this run: "
          + OneLine.of(String.join(", ", table.labels())));
    }
    for (int i = 0; i < Math.max(before.rows().size(), table.rows().size()); i++) {
      String expected = i < table.rows().size() ? item(table.rows().get(i)) : "no more items";
      String found = i < before.rows().size() ? item(before.rows().get(i)) : "no more items";
      if (!found.equals(expected)) {
        throw new BadInputException(name + ", row " + (i + 1) + ": " + found + ", expected the same items as in this run: " + expected);
      }
    }
    return Optional.of(new ClassificationRun.Comparison(
        Names.readable(other.get()), PairedBootstrap.compare(before.scores(separatorOrNull), scores, bootstrap)));
  }

  private static String item(ScoreTable.ScoreRow row) {
    return OneLine.quoted(row.image(), 200) + " of " + OneLine.quoted(row.label(), 60);
  }
}
