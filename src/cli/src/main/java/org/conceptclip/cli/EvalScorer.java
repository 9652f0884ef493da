package org.conceptclip.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.conceptclip.Classifier;
import org.conceptclip.ConceptClip;
import org.conceptclip.Outcome;
import org.conceptclip.batch.ImageInput;
import org.conceptclip.batch.RequestOptions;
import org.conceptclip.data.Task;
import org.conceptclip.explain.OfficialScoring;
import org.conceptclip.results.RunStore;
import org.conceptclip.results.ScoreTable;
import org.conceptclip.task.PromptTemplate;
import org.conceptclip.task.ScoringOptions;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.OneLine;

/** Scores of classes for all items of an evaluation: as far as they are there, from a run that was begun before; else from a model. */
final class EvalScorer {
  private static final int LONGEST_MESSAGE = 8192;

  private final Context context;
  private final Path folder;
  private final EvalModelOptions model;
  private final Task task;
  private final List<String> labels;
  private final List<PromptTemplate> templates;
  private final ScoringOptions scoring;
  private final EvalProblems problems;
  /** What results depend on; complete after {@link #score}. */
  private final SequencedMap<String, String> facts;

  EvalScorer(Context context, Path folder, EvalModelOptions model, Task task, List<String> labels, List<PromptTemplate> templates,
      SequencedMap<String, String> dataFacts, EvalProblems problems) {
    this.context = context;
    this.folder = folder;
    this.model = model;
    this.task = task;
    this.labels = labels;
    this.templates = templates;
    this.scoring = model.scoring();
    this.problems = problems;
    this.facts = new LinkedHashMap<>(dataFacts);
    this.facts.putAll(model.scoringFacts(task, labels, templates));
  }

  SequencedMap<String, String> facts() {
    return facts;
  }

  /**
   * The scores of each item by its key. Items that cannot be scored are reported and missing.
   *
   * @throws BadInputException if the folder holds another run
   */
  Map<String, double[]> score(List<EvalDataOptions.Work> work) {
    Optional<RunStore.Stored> stored = RunStore.find(folder);
    SequencedMap<String, String> kept = stored.map(this::kept).orElseGet(LinkedHashMap::new);
    List<EvalDataOptions.Work> missing = work.stream().filter(one -> !kept.containsKey(one.key())).toList();
    Map<String, double[]> scores = new LinkedHashMap<>();
    if (missing.isEmpty() && stored.isPresent()) {
      model.requireSame(context.console(), stored.get(), facts);
      context.console().say("all " + work.size() + " items have scores in " + Names.readable(folder) + "; nothing is computed anew");
    } else {
      compute(work.size(), missing, stored, kept, scores);
    }
    kept.forEach((key, result) -> scores.put(key, parsed(result)));
    return scores;
  }

  /** Results that are there, by key. Those of a complete run are in its files. */
  private SequencedMap<String, String> kept(RunStore.Stored stored) {
    // Before files are read that another run wrote: what differs is said as such.
    stored.requireSame(EvalFacts.decisive(facts));
    if (!stored.complete()) {
      return stored.kept();
    }
    SequencedMap<String, String> kept = new LinkedHashMap<>();
    for (String name : stored.files().keySet()) {
      List<String> keys = stored.keys(name);
      List<ScoreTable.ScoreRow> rows = ScoreTable.read(folder.resolve(name)).rows();
      for (int i = 0; i < keys.size(); i++) {
        kept.put(keys.get(i), text(rows.get(i).scores()));
      }
    }
    return kept;
  }

  private void compute(int all, List<EvalDataOptions.Work> missing, Optional<RunStore.Stored> stored, SequencedMap<String, String> kept,
      Map<String, double[]> scores) {
    try (ConceptClip clip = model.open(context, facts, stored)) {
      if (missing.size() < all) {
        context.console().say("resuming: " + (all - missing.size()) + " of " + all + " are there");
      }
      try (RunStore store = RunStore.begin(folder, facts, kept)) {
        run(clip, missing, store, scores);
      }
    }
  }

  private void run(ConceptClip clip, List<EvalDataOptions.Work> missing, RunStore store, Map<String, double[]> scores) {
    Stream<ImageInput> images = missing.stream().map(one -> Pictures.file(one.image()));
    try (Progress progress = new Progress(context.console(), "eval", missing.size());
        Stream<Outcome<ImageInput, double[]>> outcomes = outcomes(clip, images)) {
      Iterator<EvalDataOptions.Work> work = missing.iterator();
      for (Outcome<ImageInput, double[]> outcome : (Iterable<Outcome<ImageInput, double[]>>) outcomes::iterator) {
        EvalDataOptions.Work one = work.next();
        String failure = ImageReport.failureOrNull(outcome.input(), outcome.failureOrNull());
        if (failure == null) {
          double[] result = outcome.orThrow();
          store.add(one.key(), text(result));
          scores.put(one.key(), result);
        } else {
          progress.aside(() -> problems.accept(OneLine.of(one.item().where() + ": " + failure, LONGEST_MESSAGE)));
        }
        progress.advance(1);
      }
    }
  }

  private Stream<Outcome<ImageInput, double[]>> outcomes(ConceptClip clip, Stream<ImageInput> images) {
    if (task == Task.ANNOTATION) {
      OfficialScoring official = OfficialScoring.of(
          clip, labels, templates.getFirst(), model.negativePrompt(), OfficialScoring.PADDED_TOKENS, scoring.alpha());
      return clip.imageTokens(images, Function.<ImageInput>identity(), RequestOptions.DEFAULT)
          .map(outcome -> mapped(outcome, image -> official.scores(image, List.of())));
    }
    Classifier classifier = clip.classifier(labels, templates, scoring);
    for (String label : classifier.truncated()) {
      context.console().say("label " + OneLine.quoted(label, 40) + ": a prompt of it was cut to " + facts.get("max tokens") + " tokens");
    }
    if (task == Task.MULTILABEL) {
      return classifier.classifyIndependently(images, RequestOptions.DEFAULT);
    }
    return classifier.classify(images, RequestOptions.DEFAULT).map(outcome ->
        mapped(outcome, found -> labels.stream().mapToDouble(found.asMap()::get).toArray()));
  }

  private static <R> Outcome<ImageInput, double[]> mapped(Outcome<ImageInput, R> outcome, Function<R, double[]> scores) {
    return new Outcome<>(
        outcome.input(), outcome.isDone() ? scores.apply(outcome.resultOrNull()) : null, outcome.failureOrNull());
  }

  private static String text(double[] scores) {
    return Arrays.stream(scores).mapToObj(Double::toString).collect(Collectors.joining(" "));
  }

  private double[] parsed(String result) {
    try {
      double[] scores = Arrays.stream(result.split(" ")).mapToDouble(Double::parseDouble).toArray();
      if (scores.length == labels.size()) {
        return scores;
      }
    } catch (NumberFormatException e) {
      // Said below: a line that is whole but holds something else was not written by this program.
    }
    throw new BadInputException(Names.readable(folder.resolve(RunStore.PART)) + ": damaged, found " + OneLine.quoted(result, 60)
        + ", expected " + labels.size() + " numbers; --force starts anew");
  }

  /** Writes the files of scores, whole, and records that the run is complete. Returns the table of the evaluated items. */
  ScoreTable deliver(List<EvalDataOptions.Work> work, Map<String, double[]> scores, String separator) throws IOException {
    Map<String, List<String>> keys = new LinkedHashMap<>();
    ScoreTable evaluated = write(EvalFacts.SCORES, work, false, scores, separator, keys);
    write(EvalFacts.VALIDATION, work, true, scores, separator, keys);
    RunStore.complete(folder, facts, keys);
    return evaluated;
  }

  private ScoreTable write(String name, List<EvalDataOptions.Work> work, boolean validation, Map<String, double[]> scores,
      String separator, Map<String, List<String>> keys) throws IOException {
    List<EvalDataOptions.Work> scored =
        work.stream().filter(one -> one.validation() == validation && scores.containsKey(one.key())).toList();
    List<ScoreTable.ScoreRow> rows = new ArrayList<>();
    scored.forEach(one -> rows.add(new ScoreTable.ScoreRow(
        one.item().image(), String.join(separator, one.item().labels()), scores.get(one.key()))));
    ScoreTable table = new ScoreTable(labels, rows);
    if (rows.isEmpty()) {
      Files.deleteIfExists(folder.resolve(name));
      return table;
    }
    table.write(folder.resolve(name));
    keys.put(name, scored.stream().map(EvalDataOptions.Work::key).toList());
    return table;
  }
}
