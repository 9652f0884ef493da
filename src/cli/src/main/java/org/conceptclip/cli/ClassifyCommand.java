package org.conceptclip.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import org.conceptclip.Classifier;
import org.conceptclip.ConceptClip;
import org.conceptclip.ConceptClipOptions;
import org.conceptclip.batch.BatcherOptions;
import org.conceptclip.batch.EngineOptions;
import org.conceptclip.catalog.OpenModel;
import org.conceptclip.task.Labels;
import org.conceptclip.task.PromptTemplate;
import org.conceptclip.task.Scoring;
import org.conceptclip.task.ScoringOptions;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.OneLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code classify}: zero-shot classification of image files. */
@Command(
    name = "classify",
    description = "Zero-shot classification: the probability of each label for each image.",
    sortOptions = false,
    footer = {
      "",
      "Example:",
      "  conceptclip classify scan.png --labels \"chest X-ray,brain MRI,skin lesion\""
    })
final class ClassifyCommand implements Callable<Integer> {
  private final Context context;

  @Parameters(
      arity = "0..*",
      paramLabel = "IMAGE",
      description = "JPEG, PNG, BMP, GIF, TIFF or WebP files; - for one on stdin; folders, for the pictures in them (by the ends of their"
          + " names; hidden ones are skipped); patterns such as 'scans/**/*.png' in quotes")
  private List<Path> images = List.of();

  @Option(
      names = "--images-from",
      paramLabel = "FILE",
      description = "also take the images and folders that this file names, one on each line or (as find -print0 writes them) each with a"
          + " zero byte behind it; - reads the names from stdin")
  private Path list;

  @Option(names = {"-r", "--recursive"}, description = "also take the pictures in folders of folders")
  private boolean recursive;

  @Option(
      names = "--labels",
      paramLabel = "A,B,C",
      converter = Arguments.MayNameFile.class,
      description = "class names, separated by commas, in double quotes where they hold a comma; or @FILE (@- for stdin) with one per line"
          + " (default: the demo model's eight modalities)")
  private String labels;

  @Option(
      names = "--template",
      paramLabel = "T",
      description = "sentence with {} for the class name; may be given several times (default: \"" + PromptTemplate.DEFAULT_TEXT + "\")")
  private List<String> templates = List.of(PromptTemplate.DEFAULT_TEXT);

  @Option(
      names = "--scoring",
      paramLabel = "S",
      defaultValue = "global",
      description = "global (whole image), local (best patches) or ensemble (default: ${DEFAULT-VALUE})")
  private Scoring scoring;

  @Option(
      names = "--top-k",
      paramLabel = "K",
      defaultValue = "128",
      description = "number of patches that a local score is averaged over (default: ${DEFAULT-VALUE})")
  private int topK;

  @Option(
      names = "--alpha",
      paramLabel = "A",
      defaultValue = "0.5",
      description = "weight of the local probability in an ensemble, 0 to 1 (default: ${DEFAULT-VALUE})")
  private double alpha;

  @Option(names = "--json", description = "print one JSON object per image, each on a line of its own, as soon as it is known")
  private boolean json;

  @Mixin private ModelOptions model;

  @Mixin private BackendOptions backend;

  @Option(names = "--max-tokens", paramLabel = "N", description = "length in tokens to which prompts are cut (default: the model's, 77)")
  private Integer maxTokens;

  @Mixin private ImageOptions imageOptions;

  // Set when the model has been found.
  private List<String> names;
  private String modelName;
  private int promptTokens;

  ClassifyCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    if (images.isEmpty() && list == null) {
      throw new UsageException("missing: IMAGE (a file, a folder, or - for stdin) or --images-from FILE");
    }
    ScoringOptions options = options();
    Stdin stdin = new Stdin(context.console().in());
    names = labels == null ? null : Labels.checked(LabelTexts.of(labels, stdin, context.console()::say));
    List<PromptTemplate> prompts = templates.stream().map(PromptTemplate::parse).toList();
    try (Pictures pictures = pictures(stdin)) {
      // Asked for before a model is loaded, which may take long.
      return pictures.hasNext() ? classify(pictures, prompts, options) : ClassifyRun.exitCode(context.console(), 0, pictures.problems());
    }
  }

  private int classify(Pictures pictures, List<PromptTemplate> prompts, ScoringOptions options) {
    // A warm-up, and waiting for further requests of a batch, would cost a short command more time than they save.
    EngineOptions engine = EngineOptions.builder()
        .decodeLimits(imageOptions.limits())
        .warmUp(false)
        .batching(new BatcherOptions(Duration.ZERO, BatcherOptions.DEFAULT.queueBatches()))
        .build();
    ConceptClipOptions.Builder library =
        backend.library(context).maxTokens(maxTokens == null ? 0 : Math.max(0, maxTokens)).engine(engine).inspection(this::inspect);
    model.choose(library);
    try (ConceptClip clip = ConceptClip.open(library.build())) {
      Classifier classifier = clip.classifier(names, prompts, options);
      for (String label : classifier.truncated()) {
        context.console().say("label " + OneLine.quoted(label, 40) + ": its prompt was cut to " + promptTokens + " tokens");
      }
      Classifications results = json
          ? new JsonClassifications(context.console().out(), modelName, clip.backend(), classifier.labels())
          : new TableClassifications(context.console().out(), classifier.labels(), isOneImage());
      boolean comeAgain = list == null && images.stream().noneMatch(Stdin::isMeant);
      return new ClassifyRun(context.console(), classifier, results).run(pictures, comeAgain ? () -> pictures(null) : null);
    }
  }

  /** Checks the options that depend on the model, before its weights are read. */
  private void inspect(OpenModel found) {
    modelName = found.name();
    if (names == null) {
      names = found.defaultLabels()
          .orElseThrow(() -> new UsageException("--labels is missing; only the embedded demo model has labels of its own"));
    }
    int positions = found.config().text().maxPositions();
    if (maxTokens != null && (maxTokens < 3 || maxTokens > positions)) {
      throw new UsageException("--max-tokens " + maxTokens + ": expected 3 to the model's " + positions + " positions");
    }
    promptTokens = maxTokens == null ? found.config().text().contextLength() : maxTokens;
    found.tokenizerAbsence().ifPresent(absence -> {
      throw new BadInputException(absence);
    });
  }

  private ScoringOptions options() {
    if (topK < 1) {
      throw new UsageException("--top-k " + topK + ": expected 1 or more");
    }
    if (!(alpha >= 0 && alpha <= 1)) {
      throw new UsageException("--alpha " + alpha + ": expected a number from 0 to 1");
    }
    return new ScoringOptions(scoring, topK, alpha);
  }

  /** Whether one file was named: then the table ranks all labels. */
  private boolean isOneImage() {
    return list == null && images.size() == 1 && !Files.isDirectory(images.getFirst())
        && (Files.exists(images.getFirst()) || !Globs.isOne(images.getFirst()));
  }

  private Pictures pictures(Stdin stdin) {
    Pictures pictures = new Pictures(recursive, stdin, context.console()::say).named(images);
    return list == null ? pictures : pictures.listed(NameList.open(list, stdin));
  }
}
