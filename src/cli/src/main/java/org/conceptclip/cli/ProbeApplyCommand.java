package org.conceptclip.cli;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.conceptclip.data.TableFormat;
import org.conceptclip.data.TableReader;
import org.conceptclip.probe.FeatureSource;
import org.conceptclip.probe.LinearProbe;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.ArgMax;
import org.conceptclip.util.OneLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code probe apply}: probabilities of a probe's classes. */
@Command(
    name = "apply",
    description = "The probabilities of a probe's classes for images (or for --features).",
    sortOptions = false,
    footer = {
      "",
      "Examples:",
      "  conceptclip probe apply --probe probe.safetensors scans/*.png",
      "  conceptclip probe apply --probe probe.safetensors --features F.npy --json"
    })
final class ProbeApplyCommand implements Callable<Integer> {
  private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();

  private final Context context;

  @Mixin private FeatureOptions inputs;

  @Option(names = "--probe", required = true, paramLabel = "P.safetensors", description = "what probe train has written")
  private Path file;

  @Option(names = "--any-model", description = "apply it to features of another model, or of an unknown one, all the same")
  private boolean anyModel;

  @Option(names = "--out", paramLabel = "FILE.csv", description = "also write a table: item, label and a column for each class")
  private Path out;

  @Option(names = "--json", description = "print one JSON object per item, each on a line of its own")
  private boolean json;

  ProbeApplyCommand(Context context) {
    this.context = context;
  }

  /** Items with their probabilities; {@code names} is null for rows of a file, which have numbers. */
  private record Outcomes(double[][] probabilities, List<String> names, FeatureSource source, long failed) {}

  @Override
  public Integer call() {
    inputs.requireOne();
    if (out != null) {
      OutputFiles.requirePlace("--out", out);
    }
    LinearProbe probe = LinearProbe.read(file);
    Outcomes outcomes = inputs.areOfFile() ? ofFile(probe) : ofImages(probe);
    if (out != null) {
      write(probe.facts().classes(), outcomes);
    }
    print(probe.facts().classes(), outcomes);
    context.console().say(OneLine.of("probe of " + probe.facts().training().getOrDefault("items", "an unknown number of") + " items, model "
        + probe.facts().source().name()) + "; for research, not a medical device");
    return outcomes.failed == 0 ? ExitCode.DONE : ExitCode.PARTLY_DONE;
  }

  private Outcomes ofFile(LinearProbe probe) {
    FeatureOptions.OfFile features = inputs.read();
    require(probe.facts().source().mismatch(features.source()).map(mismatch -> inputs.fileName() + ": features " + mismatch));
    if (features.rows().columns() != probe.features()) {
      throw new BadInputException(inputs.fileName() + ": " + features.rows().columns() + " features an item, expected " + probe.features()
          + " as in the training of " + Names.readable(file));
    }
    return new Outcomes(probe.probabilities(features.rows()), null, features.source(), 0);
  }

  private Outcomes ofImages(LinearProbe probe) {
    FeatureSource trained = probe.facts().source();
    if (!trained.isKnown()) {
      require(Optional.of(Names.readable(file) + ": the model that it was trained with is " + FeatureSource.UNKNOWN
          + ", expected a probe that names its model (probe train --model-id)"));
    }
    ImageFeatures computed = new ImageFeatures(context, inputs, source ->
        require(trained.mismatch(source).map(mismatch -> Names.readable(file) + ": asked for features " + mismatch)));
    ImageFeatures.Result result;
    if (inputs.dataOrNull() != null) {
      result = computed.of(inputs.listed(listed()), () -> 0);
    } else {
      try (Pictures pictures = inputs.pictures(context, context.console()::say)) {
        result = computed.of(pictures, pictures::problems);
      }
    }
    if (result.rows().columns() != probe.features()) {
      throw new BadInputException("the model makes " + result.rows().columns() + " features, expected " + probe.features()
          + " as in the training of " + Names.readable(file));
    }
    return new Outcomes(probe.probabilities(result.rows()), result.names(), result.source(), result.failed());
  }

  /** Refuses a mismatch, or says it where the user wants it all the same. */
  private void require(Optional<String> mismatch) {
    mismatch.ifPresent(text -> {
      if (!anyModel) {
        throw new BadInputException(text + "; --any-model applies it all the same");
      }
      context.console().say(text + "; applied all the same, as --any-model says");
    });
  }

  private List<String> listed() {
    List<String> images = new ArrayList<>();
    try (TableReader table = TableReader.open(inputs.dataOrNull(), TableFormat.of(inputs.dataOrNull()))) {
      table.require("--image-column", inputs.imageColumn());
      table.forEachRemaining(row -> images.add(row.text(inputs.imageColumn())));
    }
    return images;
  }

  private void print(List<String> classes, Outcomes outcomes) {
    Results results = context.console().out();
    int width = outcomes.names == null ? Integer.toString(outcomes.probabilities.length).length()
        : outcomes.names.stream().mapToInt(name -> Cells.width(Cells.path(name))).max().orElse(0);
    width = Math.max(width, 5);
    int labelWidth = Math.max(10, classes.stream().mapToInt(name -> Cells.width(OneLine.of(name, Cells.WIDEST))).max().orElse(0));
    if (!json) {
      results.line(Cells.padded(outcomes.names == null ? "item" : "image", width) + "  " + Cells.padded("best label", labelWidth)
          + "  probability");
    }
    for (int i = 0; i < outcomes.probabilities.length; i++) {
      double[] row = outcomes.probabilities[i];
      if (json) {
        results.line(GSON.toJson(object(classes, outcomes, i)));
      } else {
        String item = outcomes.names == null ? Integer.toString(i) : Cells.path(outcomes.names.get(i));
        results.line(Cells.padded(item, width) + "  " + Cells.padded(OneLine.of(classes.get(ArgMax.of(row)), Cells.WIDEST), labelWidth)
            + String.format(Locale.ROOT, "  %9.2f %%", 100 * row[ArgMax.of(row)]));
      }
    }
    results.flush();
  }

  private static JsonObject object(List<String> classes, Outcomes outcomes, int item) {
    double[] row = outcomes.probabilities[item];
    JsonObject object = new JsonObject();
    if (outcomes.names == null) {
      object.addProperty("item", item);
    } else {
      object.addProperty("item", outcomes.names.get(item));
    }
    object.addProperty("label", classes.get(ArgMax.of(row)));
    JsonObject probabilities = new JsonObject();
    for (int k = 0; k < row.length; k++) {
      probabilities.addProperty(classes.get(k), row[k]);
    }
    object.add("probabilities", probabilities);
    return object;
  }

  private void write(List<String> classes, Outcomes outcomes) {
    Stream<String> head = Stream.of(outcomes.names == null ? "item" : "image", "label");
    OutputFiles.replaceTable("--out", out, Stream.concat(head, classes.stream()).toList(),
        IntStream.range(0, outcomes.probabilities.length).mapToObj(i -> {
          double[] row = outcomes.probabilities[i];
          String item = outcomes.names == null ? Integer.toString(i) : outcomes.names.get(i);
          return Stream.concat(Stream.of(item, classes.get(ArgMax.of(row))), Arrays.stream(row).mapToObj(Double::toString)).toList();
        }));
  }
}
