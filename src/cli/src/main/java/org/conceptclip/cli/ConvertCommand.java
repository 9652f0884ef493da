package org.conceptclip.cli;

import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.conceptclip.catalog.OpenModel;
import org.conceptclip.model.ModelLayout;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.Shape;
import org.conceptclip.util.FileNames;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code convert}: writes any accepted checkpoint as one folder with one safetensors file. */
@Command(
    name = "convert",
    description = "Writes any accepted checkpoint as one model folder with one safetensors file under open_clip names.",
    sortOptions = false,
    footer = {"", "Example:", "  conceptclip convert ./ConceptCLIP --out ./conceptclip-bf16 --dtype bf16"})
final class ConvertCommand implements Callable<Integer> {
  private final Context context;

  @Parameters(
      paramLabel = "SRC",
      converter = Arguments.MayNameFile.class,
      description = "model folder, safetensors file, synthetic:full or synthetic:tiny")
  private String source;

  @Option(names = "--out", required = true, paramLabel = "DIR", description = "folder to write; created if it does not exist")
  private Path target;

  @Option(
      names = "--dtype",
      paramLabel = "T",
      defaultValue = "fp32",
      description = "fp32, fp16 or bf16 (default: ${DEFAULT-VALUE})")
  private String dtype;

  @Option(names = "--force", description = "replace a model that is already in the folder")
  private boolean force;

  ConvertCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    DType type = switch (dtype.toLowerCase(Locale.ROOT)) {
      case "fp32" -> DType.F32;
      case "fp16" -> DType.F16;
      case "bf16" -> DType.BF16;
      default -> throw new UsageException("--dtype " + dtype + ": expected fp32, fp16 or bf16");
    };
    try (OpenModel open = OpenModel.open(source)) {
      long elements = ModelLayout.of(open.config()).values().stream().mapToLong(Shape::elements).sum();
      long bytes;
      try (Progress progress = new Progress(context.console(), "convert", elements)) {
        bytes = open.write(target, type, force, progress::reach);
      }
      context.console().say("wrote " + FileNames.readable(target) + ": " + open.config().name() + " as "
          + dtype.toLowerCase(Locale.ROOT) + ", " + String.format(Locale.ROOT, "%.1f MB", bytes / 1e6));
    }
    return ExitCode.DONE;
  }
}
