package org.conceptclip.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.conceptclip.ConceptClip;
import org.conceptclip.probe.Bottleneck;
import org.conceptclip.probe.BottleneckFile;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code bottleneck apply}: the probabilities of a bottleneck's classes for images. */
@Command(
    name = "apply",
    description = "Classifies images by a concept bottleneck: the probability of each of its classes.",
    sortOptions = false,
    footer = {
      "",
      "Example:",
      "  conceptclip bottleneck apply --bottleneck b.safetensors scans/*.png"
    })
final class BottleneckApplyCommand implements Callable<Integer> {
  private final Context context;

  @Option(names = "--bottleneck", paramLabel = "B.safetensors", required = true, description = "what bottleneck train has written")
  private Path file;

  @Mixin private BottleneckImages images;

  @Option(names = "--json", description = "print one JSON object per image, each on a line of its own, as soon as it is known")
  private boolean json;

  @Mixin private BottleneckModel model;

  BottleneckApplyCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    Path similarities = images.similaritiesOrImages();
    Bottleneck bottleneck = BottleneckFile.read(file);
    BottleneckResults results = new BottleneckResults(context.console().out(), bottleneck, json);
    if (similarities != null) {
      double[][] rows = BottleneckRun.similarities(similarities, bottleneck.layer().concepts().size());
      for (int i = 0; i < rows.length; i++) {
        results.add(i, rows[i]);
      }
      context.console().say(BottleneckRun.origin(bottleneck));
      return ExitCode.DONE;
    }
    BottleneckRun run = new BottleneckRun(context.console(), "apply");
    try (Pictures pictures = images.pictures(new Stdin(context.console().in()), context.console()::say)) {
      if (pictures.hasNext()) {
        apply(bottleneck, pictures, run, results);
      }
      run.lose(pictures.problems());
    }
    if (run.done() > 0) {
      context.console().say(BottleneckRun.origin(bottleneck));
    }
    return run.exitCode();
  }

  private void apply(Bottleneck bottleneck, Pictures pictures, BottleneckRun run, BottleneckResults results) {
    try (ConceptClip clip = model.open(context, _ -> bottleneck.requireModel(Names.readable(file), model.id()))) {
      float[][] vectors = bottleneck.vectors().orElseThrow();
      run.over(clip, pictures.stream().peek(picture -> results.expect(picture.name())), Function.identity(),
          bottleneck.similarity().usesPatches(), Progress.UNKNOWN,
          (picture, image) -> results.add(picture.name(), bottleneck.similarity().of(picture.name(), image, vectors)));
    }
  }
}
