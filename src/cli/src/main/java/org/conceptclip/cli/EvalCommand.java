package org.conceptclip.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.concurrent.Callable;
import org.conceptclip.data.Items;
import org.conceptclip.evaluate.BootstrapOptions;
import org.conceptclip.results.RunStore;
import org.conceptclip.results.ScoreTable;
import org.conceptclip.task.Labels;
import org.conceptclip.task.PromptTemplate;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.OneLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code eval}: how good the model is on labelled images, how sure that is, and for which groups it differs. */
@Command(
    name = "eval",
    description = "Evaluates zero-shot classification or retrieval on a table of images: metrics with intervals, by group, and a report.",
    sortOptions = false,
    footer = {
      "",
      "Writes scores.csv, metrics.json and report.html into --out. A run that was ended goes on where it stopped when the same command is",
      "given again. What the figures mean, and the layouts of tables: docs/evaluation.md.",
      "",
      "Example:",
      "  conceptclip eval --data examples.csv --group kind --out evaluation"
    })
final class EvalCommand implements Callable<Integer> {
  private final Context context;

  @Mixin private EvalDataOptions data;

  @Option(
      names = "--labels",
      paramLabel = "A,B,C",
      converter = Arguments.MayNameFile.class,
      description = "class names, separated by commas, in double quotes where they hold a comma; or @FILE with one per line (default:"
          + " those that the data declare, else all that occur in them)")
  private String labels;

  @Option(names = "--out", paramLabel = "DIR", description = "folder for the results; it is made if it is not there")
  private Path folder;

  @Option(names = "--json", description = "print the figures as one JSON object on one line instead of a table")
  private boolean json;

  @Option(
      names = "--from-scores",
      paramLabel = "FILE",
      description = "compute everything from a scores.csv; no model is needed (default of --out: the file's folder)")
  private Path stored;

  @Option(names = "--force", description = "start anew where --out holds another run, or the same")
  private boolean force;

  @Mixin private EvalModelOptions model;

  @Mixin private EvalFigureOptions figures;

  EvalCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    data.check();
    model.scoring();
    BootstrapOptions bootstrap = figures.bootstrap();
    if (data.file().isEmpty() && stored == null) {
      throw new UsageException("missing: --data FILE (the table of images and labels) or --from-scores FILE");
    }
    if (folder == null && stored == null) {
      throw new UsageException("missing: --out DIR (the folder for the results)");
    }
    Path out = folder != null ? folder : stored.toAbsolutePath().getParent();
    OutputFiles.requirePlace("--out", out.resolve(EvalFacts.METRICS));
    try {
      if (stored != null) {
        return new EvalFromScores(context, data, figures, bootstrap, stored, out, json).run(labelsOrNull());
      }
      return evaluate(out, bootstrap);
    } catch (IOException e) {
      throw new BadInputException("--out " + Names.readable(out) + ": cannot be written (" + Failures.reason(e)
          + "), expected a place to write to", e);
    }
  }

  private List<String> labelsOrNull() {
    return labels == null ? null : Labels.checked(LabelTexts.of(labels, new Stdin(context.console().in()), context.console()::say));
  }

  private int evaluate(Path out, BootstrapOptions bootstrap) throws IOException {
    EvalProblems problems = new EvalProblems(context.console()::say);
    List<String> given = labelsOrNull();
    Items items = data.read(problems);
    if (force) {
      RunStore.forget(out);
    }
    return switch (items.task()) {
      case RETRIEVAL -> new EvalRetrieval(context, data, model, figures, bootstrap, out, json, problems)
          .run(items, given != null, dataFacts(items));
      case MULTICLASS, MULTILABEL, ANNOTATION -> classify(items, given, bootstrap, out, problems);
    };
  }

  /** What results depend on of the data. */
  private SequencedMap<String, String> dataFacts(Items items) {
    SequencedMap<String, String> facts = new LinkedHashMap<>();
    facts.put(EvalFacts.TASK, items.task().label());
    facts.put("data", "sha256 " + RunStore.hash(items.file()));
    facts.put("images", data.images(items));
    facts.put(EvalFacts.SPLIT, data.validationFile().map(file -> "sha256 " + RunStore.hash(file))
        .or(() -> data.validationColumn().map(column -> "column " + column)).orElse("none"));
    return facts;
  }

  private int classify(Items items, List<String> given, BootstrapOptions bootstrap, Path out, EvalProblems problems) throws IOException {
    List<PromptTemplate> templates = model.templates(items.task(), new Stdin(context.console().in()));
    List<EvalDataOptions.Work> work = new ArrayList<>(data.work(items, "", false, problems));
    if (data.validationFile().isPresent()) {
      // The file is part of the keys, so that scores of another validation table are never taken for those of this one.
      String prefix = "v" + RunStore.hash(data.validationFile().get()).substring(0, 16) + "-";
      work.addAll(data.work(data.readValidation(problems), prefix, true, problems));
    }
    List<String> names = names(items, given, work);
    work = new EvalLabels(names, items.task(), data.separator()).known(work, problems);
    EvalScorer scorer = new EvalScorer(context, out, model, items.task(), names, templates, dataFacts(items), problems);
    Map<String, double[]> scores = work.isEmpty() ? Map.of() : scorer.score(work);
    if (work.stream().noneMatch(one -> !one.validation() && scores.containsKey(one.key()))) {
      RunStore.forget(out);
      return exitCode(context.console(), 0, problems.count(), true);
    }
    ScoreTable table = scorer.deliver(work, scores, data.separator());
    EvalFigures output = new EvalFigures(context, items.task(), data.separator(), bootstrap, figures.other(), out, json);
    boolean whole = output.deliver(table, EvalFigures.groupings(data.groups(), work.stream()
        .filter(one -> !one.validation() && scores.containsKey(one.key())).map(one -> one.item().metadata()).toList()),
        EvalFigures.about(scorer.facts(), items), problems.count());
    return exitCode(context.console(), table.rows().size(), problems.count(), whole);
  }

  private List<String> names(Items items, List<String> given, List<EvalDataOptions.Work> work) {
    if (given != null) {
      return given;
    }
    List<String> declared = items.labels().isEmpty() ? EvalDataOptions.found(work) : Labels.checked(items.labels());
    if (!declared.isEmpty()) {
      context.console().say("labels, as --labels is missing: " + OneLine.of(String.join(", ", declared), 400));
    }
    return declared;
  }

  /**
   * Says what is missing of the results. Returns the exit code.
   *
   * @param whole whether all headline figures are defined
   */
  static int exitCode(Console console, int done, int failed, boolean whole) {
    if (done == 0) {
      console.say("no item could be evaluated" + (failed > 0 ? "; the messages above say why" : ""));
      return ExitCode.BAD_INPUT;
    }
    if (failed > 0) {
      console.say(failed + " of " + (done + failed) + " items could not be evaluated; the messages above say why");
    }
    if (!whole) {
      console.say("the items are of one class, so the figures that compare classes are missing");
    }
    return failed > 0 || !whole ? ExitCode.PARTLY_DONE : ExitCode.DONE;
  }
}
