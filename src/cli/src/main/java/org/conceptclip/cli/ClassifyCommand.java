package org.conceptclip.cli;

import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.conceptclip.backend.Backend;
import org.conceptclip.catalog.OpenModel;
import org.conceptclip.image.DecodeLimits;
import org.conceptclip.image.ImageDecoder;
import org.conceptclip.runtime.Encoder;
import org.conceptclip.task.ClassVectors;
import org.conceptclip.task.Labels;
import org.conceptclip.task.PromptTemplate;
import org.conceptclip.task.Scoring;
import org.conceptclip.task.ScoringOptions;
import org.conceptclip.task.ZeroShotClassifier;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.text.TextTokenizer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code classify}: which of the given classes does each image show? */
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
  /** Decoded together and scored together; the encoder cuts it into passes of its own. */
  private static final int IMAGES_PER_BATCH = 8;

  private final Context context;

  @Parameters(arity = "1..*", paramLabel = "IMAGE", description = "JPEG, PNG, BMP, GIF, TIFF or WebP files")
  private List<Path> images;

  @Option(
      names = "--labels",
      paramLabel = "A,B,C",
      description = "class names, separated by commas; or @FILE with one a line (default: the demo model's eight modalities)")
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
      description = "patches that a local score averages over (default: ${DEFAULT-VALUE})")
  private int topK;

  @Option(
      names = "--alpha",
      paramLabel = "A",
      defaultValue = "0.5",
      description = "weight of the local probability in an ensemble, 0 to 1 (default: ${DEFAULT-VALUE})")
  private double alpha;

  @Option(names = "--json", description = "one JSON object a line and image")
  private boolean json;

  @Mixin private ModelOptions model;

  @Mixin private BackendOptions backend;

  @Option(names = "--max-tokens", paramLabel = "N", description = "tokens a prompt is cut to (default: the model's, 77)")
  private Integer maxTokens;

  @Mixin private ImageOptions imageOptions;

  ClassifyCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    ScoringOptions options = options();
    DecodeLimits limits = imageOptions.limits();
    List<String> names = labels == null ? null : Labels.checked(labelList());
    List<PromptTemplate> prompts = templates.stream().map(PromptTemplate::parse).toList();
    try (StartingBackend starting = backend.start(context);
        OpenModel open = model.open(context.console())) {
      if (names == null) {
        names = open.defaultLabels()
            .orElseThrow(() -> new UsageException("--labels is missing; only the embedded demo model has labels of its own"));
      }
      try (TextTokenizer tokenizer = open.tokenizer(checkedMaxTokens(open));
          Encoder encoder = open.load(starting.await(), context.console()::say)) {
        ClassVectors classes =
            ClassVectors.encode(encoder, tokenizer::encode, names, prompts, scoring.usesConcepts());
        for (String label : classes.truncated()) {
          context.console().say("label \"" + shortened(label) + "\": its prompt was cut to " + tokenizer.maxTokens() + " tokens");
        }
        ZeroShotClassifier classifier = new ZeroShotClassifier(encoder, classes, options);
        return classify(classifier, encoder, new ImageDecoder(limits), report(open, encoder.backend(), classes));
      }
    }
  }

  private Integer checkedMaxTokens(OpenModel open) {
    int positions = open.config().text().maxPositions();
    if (maxTokens != null && (maxTokens < 3 || maxTokens > positions)) {
      throw new UsageException("--max-tokens " + maxTokens + ": expected 3 to the model's " + positions + " positions");
    }
    return maxTokens;
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

  private Classifications report(OpenModel open, Backend started, ClassVectors classes) {
    return json
        ? new JsonClassifications(context.console().out(), open.name(), started.name(), classes.labels())
        : new TableClassifications(context.console().out(), classes.labels());
  }

  private int classify(ZeroShotClassifier classifier, Encoder encoder, ImageDecoder decoder, Classifications report) {
    int size = encoder.config().vision().geometry().imageSize();
    int failed = 0;
    try (Progress progress = new Progress(context.console(), "classify", images.size())) {
      for (int first = 0; first < images.size(); first += IMAGES_PER_BATCH) {
        List<Path> files = images.subList(first, Math.min(images.size(), first + IMAGES_PER_BATCH));
        PixelBatch batch = PixelBatch.decode(files, decoder, size, context.console());
        failed += files.size() - batch.files().size();
        if (!batch.files().isEmpty()) {
          double[][] probabilities = classifier.classify(batch.pixels());
          for (int i = 0; i < probabilities.length; i++) {
            report.add(batch.files().get(i).toString(), probabilities[i]);
          }
        }
        progress.advance(files.size());
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
      context.console().say(failed + " of " + images.size() + " images could not be used, as said above");
    }
    return failed == images.size() ? ExitCode.BAD_INPUT : ExitCode.PARTLY_DONE;
  }

  private List<String> labelList() {
    if (!labels.startsWith("@")) {
      return List.of(labels.split(",", -1));
    }
    Path file = Path.of(labels.substring(1));
    List<String> lines = new ArrayList<>();
    try {
      Files.readAllLines(file, StandardCharsets.UTF_8).stream().filter(line -> !line.isBlank()).forEach(lines::add);
    } catch (MalformedInputException e) {
      throw new BadInputException(file + ": found bytes that are not UTF-8, expected a text file with one label a line", e);
    } catch (IOException e) {
      throw new BadInputException(file + ": cannot be read (" + Failures.reason(e) + "), expected a file with one label a line", e);
    }
    return lines;
  }

  private static String shortened(String label) {
    return label.length() <= 40 ? label : label.substring(0, 40) + "...";
  }
}
