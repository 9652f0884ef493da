package org.conceptclip.cli;

import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.conceptclip.Classification;
import org.conceptclip.Classifier;
import org.conceptclip.ConceptClip;
import org.conceptclip.ConceptClipOptions;
import org.conceptclip.Outcome;
import org.conceptclip.batch.BatcherOptions;
import org.conceptclip.batch.EngineOptions;
import org.conceptclip.batch.ImageInput;
import org.conceptclip.batch.RequestOptions;
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

  @Parameters(arity = "1..*", paramLabel = "IMAGE", description = "JPEG, PNG, BMP, GIF, TIFF or WebP files")
  private List<Path> images;

  @Option(
      names = "--labels",
      paramLabel = "A,B,C",
      description = "class names, separated by commas; or @FILE with one per line (default: the demo model's eight modalities)")
  private String labels;

  @Option(
      names = "--template",
      paramLabel = "T",
      description = "sentence with {} for the class name; may be given several times (default: \"a medical image of {}\")")
  private List<String> templates = List.of("a medical image of {}");

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
    ScoringOptions options = options();
    names = labels == null ? null : Labels.checked(labelList());
    List<PromptTemplate> prompts = templates.stream().map(PromptTemplate::parse).toList();
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
      return classify(classifier, json
          ? new JsonClassifications(context.console().out(), modelName, clip.backend(), classifier.labels())
          : new TableClassifications(context.console().out(), names.size() > 1));
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

  private int classify(Classifier classifier, Classifications report) {
    int failed = 0;
    try (Progress progress = new Progress(context.console(), "classify", images.size());
        Stream<Outcome<ImageInput, Classification>> outcomes =
            classifier.classify(images.stream().map(ImageInput.File::new), RequestOptions.DEFAULT)) {
      for (Outcome<ImageInput, Classification> outcome : (Iterable<Outcome<ImageInput, Classification>>) outcomes::iterator) {
        if (outcome.failureOrNull() instanceof BadInputException failure) {
          context.console().fail(failure.getMessage(), failure);
          failed++;
        } else {
          report.add(outcome.input().name(), outcome.orThrow());
        }
        progress.advance(1);
      }
    }
    report.finish();
    return exitCode(failed);
  }

  private int exitCode(int failed) {
    if (failed == 0) {
      return ExitCode.DONE;
    }
    if (images.size() > 1) {
      context.console().say(failed + " of " + images.size() + " images could not be classified; the messages above say why");
    }
    return failed == images.size() ? ExitCode.BAD_INPUT : ExitCode.PARTLY_DONE;
  }

  private List<String> labelList() {
    if (!labels.startsWith("@")) {
      return List.of(labels.split(",", -1));
    }
    Path file = Path.of(labels.substring(1));
    try {
      return Files.readAllLines(file).stream().filter(line -> !line.isBlank()).toList();
    } catch (MalformedInputException e) {
      throw new BadInputException(file + ": found bytes that are not UTF-8, expected a text file with one label per line", e);
    } catch (IOException e) {
      throw new BadInputException(file + ": cannot be read (" + Failures.reason(e) + "), expected a file with one label per line", e);
    }
  }
}
