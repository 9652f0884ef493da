package org.conceptclip.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.conceptclip.ConceptClip;
import org.conceptclip.ConceptClipOptions;
import org.conceptclip.catalog.OpenModel;
import org.conceptclip.explain.ConceptAnnotator;
import org.conceptclip.explain.ConceptScoring;
import org.conceptclip.explain.ContactSheet;
import org.conceptclip.explain.Interpolation;
import org.conceptclip.explain.OfficialAnnotation;
import org.conceptclip.explain.OfficialScoring;
import org.conceptclip.explain.Overlay;
import org.conceptclip.explain.TopPatches;
import org.conceptclip.op.PatchGeometry;
import org.conceptclip.task.PromptTemplate;
import org.conceptclip.util.OneLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code concepts}: where in images concepts are, and how strongly the images show them. */
@Command(
    name = "concepts",
    description = "Concept annotation: a heatmap and a score of each concept for each image, and a page of all of them.",
    sortOptions = false,
    footer = {
      "",
      "Writes DIR/STEM/CONCEPT.png and .npy of each image and concept, DIR/scores.csv and DIR/index.html.",
      "",
      "Example:",
      "  conceptclip concepts scans/*.png --concepts \"pleural effusion,nodule\" --out maps"
    })
final class ConceptsCommand implements Callable<Integer> {
  private final Context context;

  @Mixin private PictureOptions images;

  @Mixin private PhraseOptions concepts;

  @Option(names = "--out", paramLabel = "DIR", description = "folder for the maps, the scores and the page; made if it is not there")
  private Path folder;

  @Option(
      names = "--top-k",
      paramLabel = "K",
      description = "number of patches that a score is averaged over (default: 128 of 729, or that share of the model's patches)")
  private Integer topK;

  @Option(
      names = "--protocol",
      paramLabel = "P",
      defaultValue = "patches",
      description = "patches: mean cosine of the best patches; official: the official script's annotation by a positive and a negative"
          + " prompt (default: ${DEFAULT-VALUE})")
  private Protocol protocol;

  @Option(
      names = "--padding",
      paramLabel = "N",
      description = "official protocol: 77, or longest for the longer of the two prompts (default: 77)")
  private String padding;

  @Option(
      names = "--positive-template",
      paramLabel = "T",
      description = "official protocol: sentence with {} for the concept (default: \"" + OfficialScoring.POSITIVE_TEMPLATE + "\")")
  private String positive;

  @Option(
      names = "--negative-template",
      paramLabel = "T",
      description = "official protocol: sentence without a concept (default: \"" + OfficialScoring.NEGATIVE_PROMPT + "\")")
  private String negative;

  @Option(names = "--alpha", paramLabel = "A", description = "official protocol: weight of the whole image, 0 to 1 (default: 0.5)")
  private Double alpha;

  @Option(
      names = "--scale",
      paramLabel = "S",
      defaultValue = "image",
      description = "what shares one range of colours: image (each map has its own), concept (all maps of a concept) or all (default:"
          + " ${DEFAULT-VALUE})")
  private ContactSheet.Scale scale;

  @Option(
      names = "--interpolation",
      paramLabel = "I",
      defaultValue = "bicubic",
      description = "between the middles of patches: bilinear or bicubic (default: ${DEFAULT-VALUE})")
  private Interpolation interpolation;

  @Option(
      names = "--opacity",
      paramLabel = "O",
      defaultValue = "" + Overlay.DEFAULT_OPACITY,
      description = "of the colours over the picture, 0 to 1 (default: ${DEFAULT-VALUE})")
  private double opacity;

  @Option(names = "--json", description = "print one JSON object per image and concept, each on a line of its own, as soon as it is known")
  private boolean json;

  @Mixin private ModelOptions model;

  @Mixin private BackendOptions backend;

  @Mixin private ContextOptions contextOptions;

  @Mixin private ImageOptions imageOptions;

  // Set when the model has been found.
  private String modelName;
  private List<String> notices = List.of();
  private PatchGeometry geometry;
  private int promptTokens;
  private int positions;

  /** How scores are computed. */
  private enum Protocol { PATCHES, OFFICIAL }

  ConceptsCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    checkOptions();
    Stdin stdin = new Stdin(context.console().in());
    List<String> phrases = ConceptAnnotator.checked(concepts.phrases(stdin, context.console()));
    List<PromptTemplate> prompts = concepts.templates();
    PromptTemplate positivePrompt = PromptTemplate.parse(positive == null ? OfficialScoring.POSITIVE_TEMPLATE : positive);
    OutputFiles.requireFolder("--out", folder, ConceptFolder.SCORES);
    try (Pictures pictures = pictures(stdin)) {
      // Asked for before a model is loaded, which may take long.
      return pictures.hasNext()
          ? annotate(pictures, phrases, prompts, positivePrompt)
          : ImageReport.exitCode(context.console(), 0, pictures.problems(), ConceptsRun.VERB);
    }
  }

  private int annotate(Pictures pictures, List<String> phrases, List<PromptTemplate> prompts, PromptTemplate positivePrompt) {
    ConceptClipOptions.Builder library = backend.library(context).engine(imageOptions.engine()).inspection(this::inspect);
    model.choose(library);
    contextOptions.choose(library);
    try (ConceptClip clip = ConceptClip.open(library.build())) {
      ConceptAnnotator annotator = ConceptAnnotator.of(clip, phrases, prompts, scoring(clip, phrases, positivePrompt));
      for (String concept : annotator.truncated()) {
        context.console().say("concept " + OneLine.quoted(concept, 40) + ": its prompt was cut to " + promptTokens + " tokens");
      }
      Overlay overlay = new Overlay(geometry, interpolation, opacity, modelName + (notices.isEmpty() ? "" : DemoNotice.SHORT));
      ConceptResults results = new ConceptResults(context.console().out(), phrases, json);
      ContactSheet.Head head = new ContactSheet.Head(overlay.model(), facts(), notices);
      return new ConceptsRun(context.console(), clip, annotator, overlay, scale, new ConceptFolder(folder, phrases), imageOptions.limits(),
          results, head).run(pictures, images.comeAgain() ? () -> pictures(null) : null);
    }
  }

  private ConceptScoring scoring(ConceptClip clip, List<String> phrases, PromptTemplate positivePrompt) {
    if (protocol == Protocol.PATCHES) {
      return topK == null ? TopPatches.officialShare(geometry.tokens()) : new TopPatches(topK);
    }
    int padded = padded();
    return OfficialScoring.of(clip, phrases, positivePrompt, negative == null ? OfficialScoring.NEGATIVE_PROMPT : negative, padded,
        alpha == null ? OfficialAnnotation.OFFICIAL_ALPHA : alpha);
  }

  /** Tokens to which the official protocol pads; 0 for the longer prompt of each pair. */
  private int padded() {
    if ("longest".equals(padding)) {
      return 0;
    }
    if (positions >= OfficialScoring.PADDED_TOKENS) {
      return OfficialScoring.PADDED_TOKENS;
    }
    context.console().say("this model has " + positions + " positions: prompts are padded to its context of " + promptTokens
        + " tokens instead of " + OfficialScoring.PADDED_TOKENS);
    return promptTokens;
  }

  private List<Map.Entry<String, String>> facts() {
    List<Map.Entry<String, String>> facts = new ArrayList<>();
    facts.add(Map.entry("templates", concepts.templates().stream().map(PromptTemplate::toString).collect(Collectors.joining("; "))));
    facts.add(Map.entry("interpolation", interpolation.name().toLowerCase(Locale.ROOT) + " between the middles of "
        + geometry.grid() + " x " + geometry.grid() + " patches"));
    return facts;
  }

  /** Checks the options that depend on the model, before its weights are read. */
  private void inspect(OpenModel opened) {
    modelName = opened.name();
    notices = DemoNotice.of(opened).stream().toList();
    geometry = opened.config().vision().geometry();
    positions = opened.config().text().maxPositions();
    promptTokens = contextOptions.tokens(opened);
    boolean to77 = protocol == Protocol.OFFICIAL && !"longest".equals(padding);
    if (to77 && promptTokens > OfficialScoring.PADDED_TOKENS) {
      throw new UsageException("prompts of up to " + promptTokens + " tokens cannot be padded to " + OfficialScoring.PADDED_TOKENS
          + "; expected --max-tokens " + OfficialScoring.PADDED_TOKENS + " or --padding longest");
    }
    opened.requireTokenizer();
  }

  private void checkOptions() {
    images.requireSome();
    concepts.requireSome();
    if (folder == null) {
      throw new UsageException("missing: --out DIR");
    }
    if (topK != null && topK < 1) {
      throw new UsageException("--top-k " + topK + ": expected 1 or more");
    }
    if (!(opacity >= 0 && opacity <= 1)) {
      throw new UsageException("--opacity " + opacity + ": expected a number from 0 to 1");
    }
    if (protocol == Protocol.OFFICIAL) {
      if (topK != null) {
        throw new UsageException("--top-k: the official protocol takes the mean of all patches; expected it without this option");
      }
      if (alpha != null && !(alpha >= 0 && alpha <= 1)) {
        throw new UsageException("--alpha " + alpha + ": expected a number from 0 to 1");
      }
      if (padding != null && !padding.equals("77") && !padding.equals("longest")) {
        throw new UsageException("--padding " + OneLine.of(padding) + ": expected 77 or longest");
      }
    } else {
      refuseWithout("--padding", padding);
      refuseWithout("--positive-template", positive);
      refuseWithout("--negative-template", negative);
      refuseWithout("--alpha", alpha);
    }
  }

  private static void refuseWithout(String option, Object valueOrNull) {
    if (valueOrNull != null) {
      throw new UsageException(option + ": expected only with --protocol official");
    }
  }

  private Pictures pictures(Stdin stdin) {
    return images.pictures(stdin, context.console()::say);
  }
}
