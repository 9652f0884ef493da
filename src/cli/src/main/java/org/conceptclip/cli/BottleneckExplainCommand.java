package org.conceptclip.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.conceptclip.ConceptClip;
import org.conceptclip.explain.Interpolation;
import org.conceptclip.explain.Overlay;
import org.conceptclip.probe.Bottleneck;
import org.conceptclip.probe.BottleneckFile;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code bottleneck explain}: which concepts led to a bottleneck's decision about each image, and what if they were others. */
@Command(
    name = "explain",
    description = "Explains the decisions of a concept bottleneck: what each concept contributes to each image's classes, with heatmaps,"
        + " and a page with sliders to set concepts by hand.",
    sortOptions = false,
    footer = {
      "",
      "Writes DIR/index.html, DIR/contributions.csv, and DIR/STEM/CONCEPT.png of the leading concepts of each image.",
      "",
      "Example:",
      "  conceptclip bottleneck explain --bottleneck b.safetensors scans/*.png --out explained"
    })
final class BottleneckExplainCommand implements Callable<Integer> {
  private final Context context;

  @Option(names = "--bottleneck", paramLabel = "B.safetensors", required = true, description = "what bottleneck train has written")
  private Path file;

  @Mixin private BottleneckImages images;

  @Option(names = "--out", paramLabel = "DIR", required = true, description = "folder for the page, the table and the heatmaps")
  private Path folder;

  @Option(names = "--top", paramLabel = "N", defaultValue = "5",
      description = "number of concepts in an image's table, and of its heatmaps (default: ${DEFAULT-VALUE})")
  private int top;

  @Option(names = "--json", description = "print one JSON object per image, each on a line of its own, as soon as it is known")
  private boolean json;

  @Mixin private BottleneckModel model;

  BottleneckExplainCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    if (top < 1) {
      throw new UsageException("--top " + top + ": expected 1 or more");
    }
    Path similarities = images.similaritiesOrImages();
    Bottleneck bottleneck = BottleneckFile.read(file);
    OutputFiles.requireFolder("--out", folder, BottleneckExplanations.TABLE);
    BottleneckRun run = new BottleneckRun(context.console(), "explain");
    if (similarities != null) {
      BottleneckExplanations found = explanations(bottleneck, Optional.empty());
      double[][] rows = BottleneckRun.similarities(similarities, bottleneck.layer().concepts().size());
      for (int i = 0; i < rows.length; i++) {
        found.add("row " + i, rows[i]);
      }
      found.finish(List.of());
      context.console().say(BottleneckRun.origin(bottleneck));
      return ExitCode.DONE;
    }
    try (Pictures pictures = images.pictures(new Stdin(context.console().in()), context.console()::say)) {
      if (pictures.hasNext()) {
        explain(bottleneck, pictures, run);
      }
      run.lose(pictures.problems());
    }
    if (run.done() > 0) {
      context.console().say(BottleneckRun.origin(bottleneck));
    }
    return run.exitCode();
  }

  private void explain(Bottleneck bottleneck, Pictures pictures, BottleneckRun run) {
    try (ConceptClip clip = model.open(context, _ -> bottleneck.requireModel(Names.readable(file), model.id()))) {
      Overlay overlay = new Overlay(model.geometry(), Interpolation.BICUBIC, Overlay.DEFAULT_OPACITY, model.caption());
      BottleneckExplanations found = explanations(bottleneck, Optional.of(overlay));
      run.over(clip, pictures.stream(), Function.identity(), bottleneck.similarity().usesPatches(), Progress.UNKNOWN,
          found::add);
      if (run.done() > 0) {
        found.finish(model.notices());
      }
    }
  }

  private BottleneckExplanations explanations(Bottleneck bottleneck, Optional<Overlay> overlay) {
    return new BottleneckExplanations(context.console().out(), bottleneck, new ConceptFolder(folder, bottleneck.layer().concepts()),
        overlay, model.limits(), top, json);
  }
}
