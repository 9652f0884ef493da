package org.conceptclip.cli;

import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
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
  /** How long a process that is told to end waits for the folder to be taken back. */
  private static final int LONGEST_WAIT_SECONDS = 10;

  private final Context context;

  @Parameters(
      paramLabel = "SRC",
      converter = Arguments.MayNameFile.class,
      description = "model folder, safetensors file, synthetic:full or synthetic:tiny")
  private String source;

  @Option(names = "--out", required = true, paramLabel = "DIR", description = "folder to write; appears when it is complete")
  private Path target;

  @Option(
      names = "--dtype",
      paramLabel = "T",
      defaultValue = "fp32",
      description = "fp32, fp16 or bf16 (default: ${DEFAULT-VALUE})")
  private String dtype;

  @Option(names = "--force", description = "replace a model that convert has written to the folder")
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
      long bytes = write(open, type);
      context.console().say("wrote " + FileNames.readable(target) + ": " + open.config().name() + " as "
          + dtype.toLowerCase(Locale.ROOT) + ", " + String.format(Locale.ROOT, "%.1f MB", bytes / 1e6));
      return ExitCode.DONE;
    } catch (CancellationException e) {
      context.console().say(e.getMessage());
      return ExitCode.INTERNAL_ERROR; // for form's sake: the process ends with the code of the signal
    }
  }

  /** Writes the folder. When the process is told to end, the writing stops and takes back what it has written, and only then it ends. */
  private long write(OpenModel open, DType type) {
    AtomicBoolean ending = new AtomicBoolean();
    CountDownLatch settled = new CountDownLatch(1);
    Thread ender = new Thread(() -> {
      ending.set(true);
      await(settled);
    }, "conceptclip-convert-end");
    Runtime.getRuntime().addShutdownHook(ender);
    long elements = ModelLayout.of(open.config()).values().stream().mapToLong(Shape::elements).sum();
    try (Progress progress = new Progress(context.console(), "convert", elements)) {
      return open.write(target, type, force, done -> {
        if (ending.get()) {
          throw new CancellationException("stopped: " + FileNames.readable(target) + " is as it was before");
        }
        progress.reach(done);
      });
    } finally {
      settled.countDown();
      if (!ending.get()) {
        forget(ender);
      }
    }
  }

  private static void await(CountDownLatch settled) {
    try {
      settled.await(LONGEST_WAIT_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void forget(Thread ender) {
    try {
      Runtime.getRuntime().removeShutdownHook(ender);
    } catch (IllegalStateException e) { // the process has begun to end since: the hook runs, and has nothing to wait for
      return;
    }
  }
}
