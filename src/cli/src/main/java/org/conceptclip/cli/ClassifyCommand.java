package org.conceptclip.cli;

import java.util.List;
import java.util.concurrent.Callable;
import org.conceptclip.Classifier;
import org.conceptclip.ConceptClip;
import org.conceptclip.ConceptClipOptions;
import org.conceptclip.catalog.OpenModel;
import org.conceptclip.task.Labels;
import org.conceptclip.task.PromptTemplate;
import org.conceptclip.task.ScoringOptions;
import org.conceptclip.util.OneLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

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

  @Mixin private PictureOptions images;

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

  @Mixin private ScoringArguments scoring;

  @Option(names = "--json", description = "print one JSON object per image, each on a line of its own, as soon as it is known")
  private boolean json;

  @Mixin private ModelOptions model;

  @Mixin private BackendOptions backend;

  @Mixin private ContextOptions contextOptions;

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
    images.requireSome();
    ScoringOptions options = scoring.options();
    Stdin stdin = new Stdin(context.console().in());
    names = labels == null ? null : Labels.checked(LabelTexts.of(labels, stdin, context.console()::say));
    List<PromptTemplate> prompts = templates.stream().map(PromptTemplate::parse).toList();
    try (Pictures pictures = pictures(stdin)) {
      // Asked for before a model is loaded, which may take long.
      return pictures.hasNext()
          ? classify(pictures, prompts, options)
          : ImageReport.exitCode(context.console(), 0, pictures.problems(), ClassifyRun.VERB);
    }
  }

  private int classify(Pictures pictures, List<PromptTemplate> prompts, ScoringOptions options) {
    ConceptClipOptions.Builder library = backend.library(context).engine(imageOptions.engine()).inspection(this::inspect);
    model.choose(library);
    contextOptions.choose(library);
    try (ConceptClip clip = ConceptClip.open(library.build())) {
      Classifier classifier = clip.classifier(names, prompts, options);
      for (String label : classifier.truncated()) {
        context.console().say("label " + OneLine.quoted(label, 40) + ": its prompt was cut to " + promptTokens + " tokens");
      }
      Classifications results = json
          ? new JsonClassifications(context.console().out(), modelName, clip.backend(), classifier.labels())
          : new TableClassifications(context.console().out(), classifier.labels(), images.isOneFile());
      return new ClassifyRun(context.console(), classifier, results).run(pictures, images.comeAgain() ? () -> pictures(null) : null);
    }
  }

  /** Checks the options that depend on the model, before its weights are read. */
  private void inspect(OpenModel found) {
    modelName = found.name();
    if (names == null) {
      names = found.defaultLabels()
          .orElseThrow(() -> new UsageException("--labels is missing; only the embedded demo model has labels of its own"));
    }
    promptTokens = contextOptions.tokens(found);
    found.requireTokenizer();
  }

  private Pictures pictures(Stdin stdin) {
    return images.pictures(stdin, context.console()::say);
  }
}
