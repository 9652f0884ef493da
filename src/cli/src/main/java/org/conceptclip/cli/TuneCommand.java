package org.conceptclip.cli;

import com.google.gson.GsonBuilder;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.conceptclip.backend.BackendRequest;
import org.conceptclip.backend.BackendUnavailableException;
import org.conceptclip.backend.cuda.CudaProvider;
import org.conceptclip.backend.cuda.DeviceProvider;
import org.conceptclip.backend.cuda.EmulatedProvider;
import org.conceptclip.backend.cuda.Tuner;
import org.conceptclip.backend.cuda.TuningPlan;
import org.conceptclip.backend.cuda.TuningTable;
import org.conceptclip.catalog.OpenModel;
import org.conceptclip.model.ModelConfig;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.FileNames;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code tune}: measures which engine is the fastest for each matrix product of a model, and stores the table. */
@Command(
    name = "tune",
    description = "Measures on the GPU whether this program's own kernels or cuBLASLt are faster, for each shape of a model's matrix"
        + " products, and where cuDNN may be faster at attention, that too; stores the table for later starts.",
    sortOptions = false,
    footer = {
      "",
      "A table belongs to a kind of device, the versions of its driver and libraries, and this program's kernels; it is used by",
      "--gemm auto and --attention auto, which are the defaults. Another table may change results in the last place."
    })
final class TuneCommand implements Callable<Integer> {
  private static final String EMULATED = "emulated";

  private final Context context;

  @Option(
      names = "--backend",
      paramLabel = "NAME",
      defaultValue = "cuda",
      description = "cuda or emulated, whose times mean nothing (default: ${DEFAULT-VALUE})")
  private String backend;

  @Option(
      names = "--model",
      paramLabel = "DIR",
      converter = Arguments.MayNameFile.class,
      description = "model whose shapes are measured (default: the published model's)")
  private String model;

  @Option(
      names = "--images",
      paramLabel = "N",
      split = ",",
      defaultValue = "1,8,64",
      description = "images of a pass; the times of all numbers are added, so the larger ones weigh more (default: ${DEFAULT-VALUE})")
  private List<Integer> images;

  @Option(
      names = "--text-rows",
      paramLabel = "N",
      split = ",",
      defaultValue = "4096",
      description = "tokens of a pass of texts (default: ${DEFAULT-VALUE})")
  private List<Integer> textRows;

  @Option(
      names = "--seconds",
      paramLabel = "S",
      defaultValue = "60",
      description = "time after which no measurement is begun; shapes without one go by the built-in rule (default: ${DEFAULT-VALUE})")
  private double seconds;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description = "write the table here, for --gemm-table, instead of the user's cache folder")
  private Path target;

  @Option(names = "--json", description = "print one JSON object")
  private boolean json;

  @Option(names = "--cuda-libs", paramLabel = "DIR", description = "folder of libcudart and libcublasLt (default: the usual places)")
  private Path cudaLibraries;

  TuneCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    DeviceProvider provider = provider();
    TuningPlan plan = plan();
    BackendRequest request = BackendOptions.libraries(BackendRequest.DEFAULT.withNotices(context.console()::say), cudaLibraries);
    try (Tuner tuner = Tuner.open(provider, request)) {
      context.console().say("tuning the products of model " + plan.model().name() + " on " + tuner.device());
      TuningTable table = tuner.measure(plan, context.console()::say);
      if (table.timings().isEmpty()) {
        throw new BackendUnavailableException("tune: nothing was measured: device memory holds none of the shapes");
      }
      if (backend.equals(EMULATED)) {
        context.console().say("times of the emulator mean nothing about a GPU");
      }
      print(table);
      store(tuner, table);
    }
    return ExitCode.DONE;
  }

  private DeviceProvider provider() {
    return switch (backend) {
      case "cuda" -> new CudaProvider();
      case EMULATED -> new EmulatedProvider();
      default -> throw new UsageException("--backend " + backend + ": expected cuda or emulated, the backends that can be tuned");
    };
  }

  private TuningPlan plan() {
    if (!(seconds > 0) || seconds > Duration.ofDays(1).toSeconds()) {
      throw new UsageException("--seconds " + seconds + ": expected more than 0, and a day at most");
    }
    Duration budget = Duration.ofNanos((long) (seconds * 1e9));
    try {
      return new TuningPlan(config(), images, textRows, budget);
    } catch (IllegalArgumentException e) {
      throw new UsageException("--images or --text-rows: " + e.getMessage());
    }
  }

  private ModelConfig config() {
    if (model == null) {
      return TuningPlan.standard(Duration.ofSeconds(1)).model();
    }
    try (OpenModel open = OpenModel.open(model)) {
      return open.config();
    }
  }

  private void store(Tuner tuner, TuningTable table) {
    try {
      Path file = target;
      if (target == null) {
        file = tuner.store(table);
      } else {
        Tuner.write(table, target);
      }
      context.console().say("wrote tuning table " + table.checksum() + " to " + FileNames.readable(file));
    } catch (IOException e) {
      throw new BadInputException("the tuning table cannot be written"
          + (target == null ? " to the cache folder" : " to " + FileNames.readable(target)) + ": " + Failures.reason(e)
          + (target == null ? "; --out names a file" : ""), e);
    }
  }

  private void print(TuningTable table) {
    if (json) {
      context.console().out().line(new GsonBuilder().disableHtmlEscaping().create().toJson(object(table)));
      return;
    }
    int width = table.choices().keySet().stream().mapToInt(subject -> name(subject).length()).max().orElseThrow();
    List<String> engines = table.timings().stream().map(TuningTable.Timing::engine).distinct().toList();
    context.console().out().line(row("op", width, "rows", engines.stream().map(engine -> engine + " us").toList(), "choice"));
    table.choices().forEach((subject, choice) -> times(table, subject).forEach((rows, times) -> context.console().out().line(
        row(name(subject), width, rows.toString(), engines.stream().map(engine -> cell(times.get(engine))).toList(), choice))));
  }

  /** A product goes by its shape, which says what it is. */
  private static String name(TuningTable.Subject subject) {
    return subject.op().equals("product") ? subject.shape() : subject.op() + " " + subject.shape();
  }

  private static String row(String name, int width, String rows, List<String> cells, String choice) {
    StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "%-" + width + "s  %8s", name, rows));
    cells.forEach(cell -> line.append(String.format(Locale.ROOT, "  %11s", cell)));
    return line + "  " + choice;
  }

  private static String cell(Double microsOrNull) {
    return microsOrNull == null ? "" : String.format(Locale.ROOT, "%.1f", microsOrNull);
  }

  /** Times by rows and engine. */
  private static Map<Integer, Map<String, Double>> times(TuningTable table, TuningTable.Subject subject) {
    Map<Integer, Map<String, Double>> times = new LinkedHashMap<>();
    for (TuningTable.Timing timing : table.timings()) {
      if (timing.subject().equals(subject)) {
        times.computeIfAbsent(timing.rows(), rows -> new LinkedHashMap<>()).put(timing.engine(), timing.micros());
      }
    }
    return times;
  }

  private Map<String, Object> object(TuningTable table) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("table", table.checksum());
    object.put("emulated", backend.equals(EMULATED));
    object.put("device", table.owner().device());
    object.put("capability", table.owner().capability());
    object.put("driver", table.owner().driver());
    object.put("library", table.owner().library());
    object.put("kernels", table.owner().kernels());
    List<Object> shapes = new ArrayList<>();
    table.choices().forEach((subject, choice) -> {
      Map<String, Object> shape = new LinkedHashMap<>();
      shape.put("op", subject.op());
      shape.put("shape", subject.shape());
      shape.put("choice", choice);
      shape.put("micros", times(table, subject));
      shapes.add(shape);
    });
    object.put("choices", shapes);
    return object;
  }
}
