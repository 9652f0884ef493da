package org.conceptclip.cli;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SequencedMap;
import org.conceptclip.ConceptClip;
import org.conceptclip.ConceptClipOptions;
import org.conceptclip.catalog.OpenModel;
import org.conceptclip.data.Task;
import org.conceptclip.explain.OfficialScoring;
import org.conceptclip.image.Preprocessor;
import org.conceptclip.results.RunStore;
import org.conceptclip.task.PromptTemplate;
import org.conceptclip.task.Scoring;
import org.conceptclip.task.ScoringOptions;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.Closer;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Options of {@code eval} about the model and how it scores. */
final class EvalModelOptions {
  private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();

  @Option(
      names = "--template",
      paramLabel = "T",
      description = "sentence with {} for the class name; may be given several times (default: \"" + PromptTemplate.DEFAULT_TEXT
          + "\"; of annotation \"" + OfficialScoring.POSITIVE_TEMPLATE + "\")")
  private List<String> templates = List.of();

  @Option(
      names = "--templates",
      paramLabel = "@FILE",
      converter = Arguments.MayNameFile.class,
      description = "file with such sentences, one a line; the vectors of a class's prompts are averaged")
  private String templateFile;

  @Option(
      names = "--negative-prompt",
      paramLabel = "TEXT",
      defaultValue = OfficialScoring.NEGATIVE_PROMPT,
      description = "annotation: what is said of an image without the concept (default: \"${DEFAULT-VALUE}\"); --alpha is the weight of"
          + " the global part there")
  private String negativePrompt;

  @Mixin private ScoringArguments scoring;

  @Mixin private ContextOptions contextOptions;

  @Mixin private ModelOptions model;

  @Mixin private BackendOptions backend;

  @Mixin private ImageOptions imageOptions;

  ScoringOptions scoring() {
    return scoring.options();
  }

  boolean hasTemplates() {
    return !templates.isEmpty() || templateFile != null;
  }

  String negativePrompt() {
    return negativePrompt;
  }

  /** All templates, those of the file last. */
  List<PromptTemplate> templates(Task task, Stdin stdin) {
    List<String> texts = new ArrayList<>(templates);
    if (templateFile != null) {
      String file = templateFile.startsWith("@") ? templateFile : "@" + templateFile;
      texts.addAll(LabelTexts.of("template", file, stdin, note -> { }));
    }
    List<PromptTemplate> parsed = texts.stream().distinct().map(PromptTemplate::parse).toList();
    if (task != Task.ANNOTATION) {
      return parsed.isEmpty() ? List.of(PromptTemplate.DEFAULT) : parsed;
    }
    Scoring kind = scoring().scoring();
    if (kind != Scoring.GLOBAL) {
      throw new UsageException("--scoring " + kind.name().toLowerCase(Locale.ROOT) + ": annotation has a scoring of its own,"
          + " expected none");
    }
    if (parsed.size() > 1) {
      throw new UsageException("--template: " + parsed.size() + " of them, expected one; annotation compares one prompt with the"
          + " negative one");
    }
    return parsed.isEmpty() ? List.of(PromptTemplate.parse(OfficialScoring.POSITIVE_TEMPLATE)) : parsed;
  }

  /**
   * What scores of classes depend on, by name. Facts of the model are added by {@link #inspect}.
   *
   * @param labels class names, in their order
   */
  SequencedMap<String, String> scoringFacts(Task task, List<String> labels, List<PromptTemplate> prompts) {
    ScoringOptions options = scoring();
    SequencedMap<String, String> facts = new LinkedHashMap<>();
    facts.put("labels", GSON.toJson(labels));
    facts.put("templates", GSON.toJson(prompts.stream().map(PromptTemplate::toString).toList()));
    if (task == Task.ANNOTATION) {
      facts.put("scoring", "official annotation against \"" + negativePrompt + "\", alpha " + options.alpha());
      return facts;
    }
    facts.put("scoring", switch (options.scoring()) {
      case GLOBAL -> "global";
      case LOCAL -> "local, top " + options.topK() + " patches";
      case ENSEMBLE -> "ensemble, top " + options.topK() + " patches, alpha " + options.alpha();
    });
    return facts;
  }

  /** Checks the options that depend on the model, and adds what results depend on. */
  private void inspect(OpenModel found, SequencedMap<String, String> facts) {
    int textTokens = contextOptions.tokens(found);
    found.requireTokenizer();
    facts.put(EvalFacts.MODEL, found.name());
    facts.put(EvalFacts.NOTICE, DemoNotice.of(found).orElse(""));
    facts.put("model fingerprint", found.fingerprint());
    facts.put("preprocessing", Preprocessor.VERSION);
    facts.put("max tokens", String.valueOf(textTokens));
    facts.put("precision", backend.precision());
    if (!backend.name().equals("auto")) {
      facts.put(EvalFacts.BACKEND, backend.name());
    }
  }

  /**
   * Makes sure that stored results are of this model, without computing anything, and completes the facts.
   *
   * @throws BadInputException if they are of another one
   */
  void requireSame(Console console, RunStore.Stored stored, SequencedMap<String, String> facts) {
    try (OpenModel found = model.open(console)) {
      inspect(found, facts);
    }
    stored.requireSame(EvalFacts.decisive(facts));
    facts.put(EvalFacts.BACKEND, stored.facts().get(EvalFacts.BACKEND));
  }

  /**
   * Opens everything, and completes the facts.
   *
   * @param stored what there is of a run, which has to be of the same model: asked before its weights are read, and of the same backend
   * @throws BadInputException if it is of another run
   */
  ConceptClip open(Context context, SequencedMap<String, String> facts, Optional<RunStore.Stored> stored) {
    ConceptClipOptions.Builder library = backend.library(context).engine(imageOptions.engine()).inspection(found -> {
      inspect(found, facts);
      stored.ifPresent(run -> run.requireSame(EvalFacts.decisive(facts)));
    });
    model.choose(library);
    contextOptions.choose(library);
    Closer opened = new Closer();
    ConceptClip clip = opened.own(ConceptClip.open(library.build()));
    try {
      facts.put(EvalFacts.BACKEND, clip.backend());
      stored.ifPresent(run -> run.requireSame(EvalFacts.decisive(facts)));
      return clip;
    } catch (RuntimeException refused) {
      opened.closeAfter(refused);
      throw refused;
    }
  }
}
