package org.conceptclip.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import org.conceptclip.data.Item;
import org.conceptclip.data.Items;
import org.conceptclip.data.Task;
import org.conceptclip.evaluate.BootstrapOptions;
import org.conceptclip.results.RunStore;
import org.conceptclip.results.ScoreTable;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.Labelled;
import org.conceptclip.util.OneLine;

/** {@code eval --from-scores}: figures from stored scores, with groups from a table of the items if there is one. */
record EvalFromScores(Context context, EvalDataOptions data, EvalFigureOptions figures, BootstrapOptions bootstrap, Path file, Path out,
    boolean json) {

  /** @param labelsOrNull the classes that the scores have to be of */
  int run(List<String> labelsOrNull) throws IOException {
    if (data.file().isEmpty() && (!data.groups().isEmpty() || data.validationColumn().isPresent())) {
      throw new UsageException("--group and --validation-column: the columns are those of --data FILE, which is missing");
    }
    ScoreTable table = ScoreTable.read(file);
    if (labelsOrNull != null && !labelsOrNull.equals(table.labels())) {
      throw new BadInputException(Names.readable(file) + ": scores of " + OneLine.of(String.join(", ", table.labels()), 400)
          + ", expected those of --labels in their order: " + OneLine.of(String.join(", ", labelsOrNull), 400));
    }
    SequencedMap<String, String> about = recorded();
    Task task = data.task().orElseGet(() -> Labelled.find(Task.class, about.get(EvalFacts.TASK)).orElse(Task.MULTICLASS));
    if (task == Task.RETRIEVAL) {
      throw new UsageException("--task retrieval: expected multiclass, multilabel or annotation with --from-scores");
    }
    about.put(EvalFacts.TASK, task.label());
    about.putFirst("scores file", Names.readable(file));
    EvalProblems problems = new EvalProblems(context.console()::say);
    List<List<String>> metadata = new ArrayList<>();
    List<ScoreTable.ScoreRow> evaluated = new ArrayList<>(table.rows());
    List<ScoreTable.ScoreRow> validation = new ArrayList<>();
    if (data.file().isPresent()) {
      about.put("data file", Names.readable(data.file().get()));
      evaluated.clear();
      join(table, data.read(problems), problems, evaluated, metadata, validation);
    }
    if (evaluated.isEmpty()) {
      return EvalCommand.exitCode(context.console(), 0, problems.count(), true);
    }
    ScoreTable scored = new ScoreTable(table.labels(), evaluated);
    Path copy = out.resolve(EvalFacts.SCORES);
    if (!Files.exists(copy) || !Files.isSameFile(file, copy)) {
      RunStore.forget(out);
      scored.write(copy);
      Files.deleteIfExists(out.resolve(EvalFacts.VALIDATION));
    }
    boolean whole = new EvalFigures(context, task, data.separator(), bootstrap, figures.other(), out, json).deliver(
        scored, EvalFigures.groupings(data.groups(), metadata), validation(table, validation, about), about, problems.count());
    return EvalCommand.exitCode(context.console(), evaluated.size(), problems.count(), whole);
  }

  /** What was recorded about the run that wrote the file, if it is still that file; else nothing. */
  private SequencedMap<String, String> recorded() {
    Path folder = file.toAbsolutePath().getParent();
    Optional<RunStore.Stored> stored = RunStore.find(folder).filter(RunStore.Stored::complete);
    boolean same = stored.map(run -> run.files().get(String.valueOf(file.getFileName())))
        .filter(one -> one.sha256().equals(RunStore.hash(file))).isPresent();
    return same ? new LinkedHashMap<>(stored.get().facts()) : new LinkedHashMap<>();
  }

  private ScoreTable validation(ScoreTable table, List<ScoreTable.ScoreRow> ofColumn, SequencedMap<String, String> about) {
    if (data.validationFile().isPresent()) {
      about.put(EvalFacts.SPLIT, Names.readable(data.validationFile().get()));
      return ScoreTable.read(data.validationFile().get());
    }
    if (data.validationColumn().isPresent()) {
      about.put(EvalFacts.SPLIT, "column " + data.validationColumn().get());
      return ofColumn.isEmpty() ? null : new ScoreTable(table.labels(), ofColumn);
    }
    Path beside = file.resolveSibling(EvalFacts.VALIDATION);
    return !about.getOrDefault(EvalFacts.SPLIT, "none").equals("none") && Files.exists(beside) ? ScoreTable.read(beside) : null;
  }

  /** Finds the row of each item of the scores: rows of equal image and labels in their order, for an image may be there several times. */
  private void join(ScoreTable table, Items items, EvalProblems problems, List<ScoreTable.ScoreRow> evaluated,
      List<List<String>> metadata, List<ScoreTable.ScoreRow> validation) {
    Map<List<String>, Deque<Item>> rows = new HashMap<>();
    for (Item item : items.items()) {
      rows.computeIfAbsent(List.of(item.image(), String.join(data.separator(), item.labels())), key -> new ArrayDeque<>()).add(item);
    }
    for (int i = 0; i < table.rows().size(); i++) {
      ScoreTable.ScoreRow row = table.rows().get(i);
      Deque<Item> found = rows.get(List.of(row.image(), row.label()));
      Item item = found == null ? null : found.poll();
      if (item == null) {
        problems.accept(Names.readable(file) + ", row " + (i + 1) + ": image " + OneLine.quoted(row.image(), 200) + " of "
            + OneLine.quoted(row.label(), 60) + ", expected one that --data lists");
      } else if (data.isValidation(item)) {
        validation.add(row);
      } else {
        evaluated.add(row);
        metadata.add(item.metadata());
      }
    }
  }
}
