package org.conceptclip.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.conceptclip.probe.ClassLabels;
import org.conceptclip.probe.CrossValidation;
import org.conceptclip.probe.FeatureRows;
import org.conceptclip.probe.FeatureScale;
import org.conceptclip.probe.FeatureSource;
import org.conceptclip.probe.LabelTable;
import org.conceptclip.probe.LinearProbe;
import org.conceptclip.probe.LogisticRegression;
import org.conceptclip.probe.ProbeFacts;
import org.conceptclip.tensor.BadInputException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code probe train}: fits a linear probe and writes it. */
@Command(
    name = "train",
    description = "Fits logistic regression on features of labelled images (or of --features) and writes it.",
    sortOptions = false,
    footer = {
      "",
      "Examples:",
      "  conceptclip probe train --data train.csv --out probe.safetensors --model DIR",
      "  conceptclip probe train scans/*.png --labels labels.csv --out probe.safetensors",
      "  conceptclip probe train --features F.npy --labels L.csv --out probe.safetensors --c 0.316 --fraction 10"
    })
final class ProbeTrainCommand implements Callable<Integer> {
  private final Context context;

  @Mixin private FeatureOptions inputs;

  @Option(names = "--labels", paramLabel = "L.csv",
      description = "table of labels: one a row of --features, or with a column of images for IMAGE...")
  private Path labels;

  @Option(names = "--label-column", paramLabel = "NAME", defaultValue = "label",
      description = "column of labels in a table (default: ${DEFAULT-VALUE})")
  private String labelColumn;

  @Option(names = "--out", required = true, paramLabel = "P.safetensors", description = "the probe")
  private Path out;

  @Mixin private TrainingOptions training;

  @Option(names = "--json", description = "print one JSON object instead of a table")
  private boolean json;

  ProbeTrainCommand(Context context) {
    this.context = context;
  }

  /** What is trained on. */
  private record Items(FeatureRows rows, List<String> labels, FeatureSource source, String where, long failed) {}

  @Override
  public Integer call() {
    inputs.requireOne();
    training.check();
    if ((inputs.dataOrNull() == null) == (labels == null)) {
      throw new UsageException(labels == null ? "missing: --labels L.csv" : "--labels " + Names.readable(labels)
          + ": the table of --data has the labels");
    }
    OutputFiles.requirePlace("--out", out);
    Items items = inputs.areOfFile() ? ofFile() : ofImages();
    ClassLabels all = ClassLabels.of(items.labels);
    all.requireTwo(items.where);
    int[] chosen = training.fraction(items.rows.rows());
    ClassLabels classes = all.choose(chosen);
    List<String> lost = all.names().stream().filter(name -> !classes.names().contains(name)).toList();
    if (!lost.isEmpty()) {
      context.console().say(
          lost.size() + " of " + all.names().size() + " classes have no item in this fraction, so the probe does not know them");
    }
    classes.requireTwo(items.where + (chosen.length < items.labels.size() ? ", " + training.fractionText() : ""));
    FeatureRows rows = chosen.length < items.labels.size() ? items.rows.choose(chosen) : items.rows;
    train(rows, classes, items);
    return items.failed == 0 ? ExitCode.DONE : ExitCode.PARTLY_DONE;
  }

  private void train(FeatureRows rows, ClassLabels classes, Items items) {
    long start = System.nanoTime();
    CrossValidation.Result chosenOrNull = training.isCFixed() ? null : validate(rows, classes);
    LogisticRegression.Options options = training.options(chosenOrNull == null ? null : chosenOrNull.best().c());
    FeatureScale scaleOrNull = training.standardised() ? FeatureScale.of(rows) : null;
    LogisticRegression.Fit fit =
        new LogisticRegression(rows, classes.classes(), classes.names().size(), scaleOrNull).fit(options);
    if (!fit.converged()) {
      context.console().say(String.format(Locale.ROOT, "the fit ended before it converged: gradient %.2g after %d iterations, expected at"
          + " most %.2g (--max-iterations, --tolerance); the probe is written all the same",
          fit.gradient(), fit.iterations(), options.tolerance()));
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    ProbeFacts facts = new ProbeFacts(classes.names(), items.source, facts(fit, options, chosenOrNull, rows));
    LinearProbe probe = new LinearProbe(fit.weights(), fit.intercepts(), scaleOrNull, facts);
    double accuracy = probe.accuracy(rows, classes.classes());
    probe.with("training_accuracy", Double.toString(accuracy)).write(out);
    new TrainingReport(facts, classes, rows, fit, chosenOrNull, accuracy, seconds).print(context.console().out(), json);
    context.console().say("wrote " + Names.readable(out));
  }

  private CrossValidation.Result validate(FeatureRows rows, ClassLabels classes) {
    CrossValidation validation = new CrossValidation(rows, classes, training.standardised(), training.options(null));
    try (Progress progress = new Progress(context.console(), "fits", (long) training.folds() * training.grid().size())) {
      return validation.run(training.grid(), training.folds(), training.seed(), training.score(), () -> progress.advance(1));
    }
  }

  /** What the file tells people about the training. Nothing that differs between runs: the same training makes the same file. */
  private Map<String, String> facts(LogisticRegression.Fit fit, LogisticRegression.Options options, CrossValidation.Result chosenOrNull,
      FeatureRows rows) {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("items", Integer.toString(rows.rows()));
    facts.put("c", Double.toString(options.c()));
    facts.put("class_weight", options.balanced() ? "balanced" : "none");
    facts.put("standardized", Boolean.toString(training.standardised()));
    facts.put("fraction", training.fractionText());
    facts.put("iterations", Integer.toString(fit.iterations()));
    facts.put("converged", Boolean.toString(fit.converged()));
    facts.put("gradient", Double.toString(fit.gradient()));
    if (chosenOrNull != null) {
      facts.put("folds", Integer.toString(chosenOrNull.folds()));
      facts.put("cv_log_loss", Double.toString(chosenOrNull.best().logLoss()));
      facts.put("cv_accuracy", Double.toString(chosenOrNull.best().accuracy()));
    }
    return facts;
  }

  private Items ofFile() {
    // Small, and wrong more often: read before the features.
    List<String> read = LabelTable.read(labels, labelColumn).labels();
    FeatureOptions.OfFile file = inputs.read();
    if (read.size() != file.rows().rows()) {
      throw new BadInputException(inputs.fileName() + ": " + file.rows().rows() + " rows of features, and " + Names.readable(labels)
          + " has " + read.size() + " labels, expected one label a row");
    }
    return new Items(file.rows(), read, file.source(), Names.readable(labels), 0);
  }

  private Items ofImages() {
    Path file = labels == null ? inputs.dataOrNull() : labels;
    String name = Names.readable(file);
    LabelTable table = LabelTable.read(file, labelColumn, inputs.imageColumn());
    // Before images are computed for nothing.
    ClassLabels.of(table.labels()).requireTwo(name);
    ImageFeatures features = new ImageFeatures(context, inputs, source -> { });
    if (labels == null) {
      ImageFeatures.Result result = features.of(inputs.listed(table.images()), () -> 0);
      return new Items(result.rows(), result.places().stream().map(table.labels()::get).toList(), result.source(), name, result.failed());
    }
    try (Pictures pictures = inputs.pictures(context, context.console()::say)) {
      LabelledPictures labelled = new LabelledPictures(pictures, new ImageLabels(file, table), name, context.console()::say);
      ImageFeatures.Result result = features.of(labelled, labelled::problems);
      return new Items(result.rows(), result.places().stream().map(labelled.labels()::get).toList(), result.source(), name,
          result.failed());
    }
  }
}
