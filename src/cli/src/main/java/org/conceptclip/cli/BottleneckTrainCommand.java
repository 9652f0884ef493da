package org.conceptclip.cli;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.conceptclip.ConceptClip;
import org.conceptclip.batch.ImageInput;
import org.conceptclip.catalog.OpenModel;
import org.conceptclip.probe.Bottleneck;
import org.conceptclip.probe.BottleneckFile;
import org.conceptclip.probe.BottleneckPath;
import org.conceptclip.probe.BottleneckPenalty;
import org.conceptclip.probe.BottleneckReport;
import org.conceptclip.probe.BottleneckSimilarity;
import org.conceptclip.probe.BottleneckSimilarity.Kind;
import org.conceptclip.probe.BottleneckTraining;
import org.conceptclip.probe.ClassLabels;
import org.conceptclip.probe.FeatureSource;
import org.conceptclip.probe.LabelTable;
import org.conceptclip.task.ClassVectors;
import org.conceptclip.task.Labels;
import org.conceptclip.task.PromptTemplate;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.OneLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code bottleneck train}: finds the few concepts that tell classes apart. */
@Command(
    name = "train",
    description = "Trains a concept bottleneck: finds few concepts, and a weight of each for each class, by which labelled images are told"
        + " apart.",
    sortOptions = false,
    footer = {
      "",
      "Examples:",
      "  conceptclip bottleneck train --data items.csv --concepts @concepts.txt --out b.safetensors --report b.html",
      "  conceptclip bottleneck train --similarities S.npy --labels L.csv --concepts @concepts.txt --out b.safetensors"
    })
final class BottleneckTrainCommand implements Callable<Integer> {
  private final Context context;

  @Mixin private BottleneckImages images;

  @Option(
      names = "--data",
      paramLabel = "FILE.csv",
      description = "a table of images and labels instead of images on the command line; names of images are relative to the table")
  private Path data;

  @Option(names = "--image-column", paramLabel = "COLUMN", defaultValue = "image",
      description = "the table's column of images (default: ${DEFAULT-VALUE})")
  private String imageColumn;

  @Option(names = "--labels", paramLabel = "L.csv",
      description = "table of labels: one a row of --similarities, or with a column of images for IMAGE...")
  private Path labels;

  @Option(names = "--label-column", paramLabel = "COLUMN", defaultValue = "label",
      description = "the table's column of labels (default: ${DEFAULT-VALUE})")
  private String labelColumn;

  @Mixin private PhraseOptions concepts;

  @Option(names = "--out", paramLabel = "B.safetensors", description = "the file of the bottleneck")
  private Path target;

  @Option(names = "--report", paramLabel = "FILE.html", description = "also write a page with the concepts that decide each class")
  private Path report;

  @Option(
      names = "--similarity",
      paramLabel = "S",
      description = "global (the whole image with the phrase in its template) or local (the best patches with the phrase itself; default)")
  private Kind similarity;

  @Option(
      names = "--top-k",
      paramLabel = "K",
      description = "number of patches that a local similarity is averaged over (default: one in twenty of the model's patches)")
  private Integer topK;

  @Option(
      names = "--penalty",
      paramLabel = "P",
      defaultValue = "nonnegative",
      description = "nonnegative (no concept speaks against a class by being seen) or l1 (weights of either sign; default:"
          + " ${DEFAULT-VALUE})")
  private BottleneckPenalty penalty;

  @Option(
      names = "--lambda",
      paramLabel = "L",
      description = "strength of the penalty: the larger, the fewer concepts (default: the largest whose held-out loss is within one"
          + " standard error of the smallest, by cross-validation)")
  private Double lambda;

  @Option(names = "--folds", paramLabel = "N", defaultValue = "5",
      description = "folds of the cross-validation (default: ${DEFAULT-VALUE})")
  private int folds;

  @Option(names = "--seed", paramLabel = "N", defaultValue = "0",
      description = "decides which image is in which fold (default: ${DEFAULT-VALUE})")
  private long seed;

  @Option(names = "--json", description = "print one JSON object")
  private boolean json;

  @Mixin private BottleneckModel model;

  private BottleneckRun run;

  /** An image with its label. */
  private record Labelled(ImageInput image, String label) {}

  /** What the layer is trained on. */
  private record Rows(double[][] similarities, List<String> labels) {}

  BottleneckTrainCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    checkOptions();
    run = new BottleneckRun(context.console(), "similarities");
    Stdin stdin = new Stdin(context.console().in());
    List<String> phrases = Labels.checked("concepts", "number", "name", concepts.phrases(stdin, context.console()));
    List<PromptTemplate> prompts = concepts.templates();
    OutputFiles.requirePlace("--out", target);
    if (report != null) {
      OutputFiles.requirePlace("--report", report);
    }
    if (images.similaritiesOrNull() != null) {
      double[][] rows = BottleneckRun.similarities(images.similaritiesOrNull(), phrases.size());
      List<String> names = LabelTable.read(labels, labelColumn).labels();
      if (rows.length != names.size()) {
        throw new BadInputException(Names.readable(images.similaritiesOrNull()) + ": " + rows.length + " rows of similarities, and "
            + Names.readable(labels) + " has " + names.size() + " labels, expected one label a row");
      }
      ClassLabels.of(names).requireTwo(Names.readable(labels));
      finish(new Rows(rows, names), phrases, new BottleneckSimilarity(Kind.GIVEN, 0), Optional.empty(), Optional.empty());
      return ExitCode.DONE;
    }
    return trainOnImages(items(stdin), phrases, prompts);
  }

  private int trainOnImages(List<Labelled> items, List<String> phrases, List<PromptTemplate> prompts) {
    if (items.isEmpty()) {
      return run.exitCode();
    }
    // Asked before a model is loaded, which may take long.
    ClassLabels.of(items.stream().map(Labelled::label).toList()).requireTwo(Names.readable(data == null ? labels : data));
    try (ConceptClip clip = model.open(context, OpenModel::requireTokenizer)) {
      Kind kind = similarity == null ? Kind.LOCAL : similarity;
      int patches = topK == null ? BottleneckSimilarity.defaultTopK(model.geometry().tokens()) : topK;
      BottleneckSimilarity compare = new BottleneckSimilarity(kind, kind == Kind.LOCAL ? patches : 0);
      ClassVectors vectors = clip.classVectors(phrases, prompts);
      vectors.truncated().forEach(concept ->
          context.console().say("concept " + OneLine.quoted(concept, 40) + ": its prompt was cut to the model's context"));
      float[][] rows = (kind == Kind.LOCAL ? vectors.concepts() : vectors.textFeatures()).toFloatRows();
      List<double[]> found = new ArrayList<>();
      List<String> names = new ArrayList<>();
      run.over(clip, items.stream(), Labelled::image, compare.usesPatches(), items.size(), (item, image) -> {
        found.add(compare.of(item.image().name(), image, rows));
        names.add(item.label());
      });
      if (run.done() > 0) {
        ClassLabels.of(names).requireTwo("images that could be read");
        finish(new Rows(found.toArray(double[][]::new), names), phrases, compare, Optional.of(rows), Optional.of(model.id()));
      }
    }
    return run.exitCode();
  }

  private void finish(Rows rows, List<String> phrases, BottleneckSimilarity compare, Optional<float[][]> vectors,
      Optional<FeatureSource> id) {
    ClassLabels classes = ClassLabels.of(rows.labels());
    BottleneckTraining training = new BottleneckTraining(penalty, Optional.ofNullable(lambda), folds, seed);
    BottleneckTraining.Result result;
    try (Progress progress = new Progress(context.console(), "lambdas", BottleneckPath.STEPS)) {
      result = training.train(rows.similarities(), classes.classes(), classes.names(), phrases,
          line -> progress.aside(() -> context.console().say(line)), () -> progress.advance(1));
    }
    OptionalDouble heldOut = result.path().map(BottleneckTrainCommand::heldOut).orElse(OptionalDouble.empty());
    Bottleneck bottleneck = new Bottleneck(result.layer(), vectors, compare, penalty, result.lambda(), id,
        new Bottleneck.Training(rows.labels().size(), result.accuracy(), heldOut));
    BottleneckFile.write(target, bottleneck);
    if (report != null) {
      OutputFiles.replace("--report", report,
          BottleneckReport.html(bottleneck, result.path(), model.notices()).getBytes(StandardCharsets.UTF_8));
    }
    new BottleneckTrainOutput(context.console().out(), bottleneck, result.path(), classes.counts()).print(json);
    context.console().say("wrote " + Names.readable(target) + (report == null ? "" : " and " + Names.readable(report)));
  }

  private static OptionalDouble heldOut(BottleneckPath path) {
    return OptionalDouble.of(path.points().get(path.chosen()).accuracy());
  }

  private List<Labelled> items(Stdin stdin) {
    if (data != null) {
      LabelTable table = LabelTable.read(data, labelColumn, imageColumn);
      return IntStream.range(0, table.labels().size())
          .mapToObj(i -> new Labelled(Pictures.ofTable(data, table.images().get(i)), table.labels().get(i))).toList();
    }
    ImageLabels known = new ImageLabels(labels, LabelTable.read(labels, labelColumn, imageColumn));
    List<Labelled> found = new ArrayList<>();
    try (Pictures pictures = images.pictures(stdin, context.console()::say)) {
      LabelledPictures labelled = new LabelledPictures(pictures, known, Names.readable(labels), context.console()::say);
      while (labelled.hasNext()) {
        ImageInput picture = labelled.next();
        found.add(new Labelled(picture, labelled.labels().getLast()));
      }
      run.lose(labelled.problems());
    }
    return found;
  }

  private void checkOptions() {
    int sources = (images.isEmpty() ? 0 : 1) + (data == null ? 0 : 1) + (images.similaritiesOrNull() == null ? 0 : 1);
    if (sources != 1) {
      throw new UsageException((sources == 0 ? "missing: " : "more than one of: ")
          + "--data FILE.csv, IMAGE... with --labels L.csv, or --similarities S.npy with --labels L.csv");
    }
    if ((data == null) == (labels == null)) {
      throw new UsageException(data == null ? "missing: --labels L.csv" : "--labels: the table of --data holds the labels, expected it"
          + " without this option");
    }
    concepts.requireSome();
    if (target == null) {
      throw new UsageException("missing: --out B.safetensors");
    }
    boolean given = images.similaritiesOrNull() != null;
    if (similarity == Kind.GIVEN || given && similarity != null) {
      throw new UsageException("--similarity: expected global or local, and images");
    }
    if (topK != null && (topK < 1 || given || similarity == Kind.GLOBAL)) {
      throw new UsageException("--top-k " + topK + ": expected 1 or more, with --similarity local");
    }
    if (lambda != null && !(lambda > 0 && lambda < Double.POSITIVE_INFINITY)) {
      throw new UsageException("--lambda " + lambda + ": expected a number above 0");
    }
    if (folds < 2) {
      throw new UsageException("--folds " + folds + ": expected 2 or more");
    }
  }
}
