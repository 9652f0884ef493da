package org.conceptclip.cli;

import com.google.gson.Gson;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.conceptclip.backend.Backend;
import org.conceptclip.bench.LoadMeasurement;
import org.conceptclip.bench.Machine;
import org.conceptclip.catalog.OpenModel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code bench load}: time and memory of loading a model. */
@Command(
    name = "load",
    description = "Measures time and peak memory of loading a model. Run it twice: the second time the files are in the page cache.",
    sortOptions = false)
final class BenchLoadCommand implements Callable<Integer> {
  private final Context context;

  @Option(names = "--model", required = true, paramLabel = "DIR", description = "model folder")
  private String model;

  @Mixin private BackendOptions backendOptions;

  @Option(names = "--json", description = "one JSON object")
  private boolean json;

  BenchLoadCommand(Context context) {
    this.context = context;
  }

  /** As a line of a results file. */
  private record Result(Machine machine, String model, String backend, String precision, LoadMeasurement load) {}

  @Override
  public Integer call() {
    try (StartingBackend starting = backendOptions.start(context)) {
      Backend backend = starting.await();
      LoadMeasurement load = LoadMeasurement.of(() -> {
        try (OpenModel open = OpenModel.open(model)) {
          return open.load(backend);
        }
      });
      Result result = new Result(Machine.current(), model, backend.name(), backend.precision().label(), load);
      context.console().out().println(json ? new Gson().toJson(result) : String.format(Locale.ROOT,
          "%s on %s (%s): loaded in %.2f s; weights %.3f GB, peak growth of resident memory %.3f GB (%.2fx)",
          model, backend.name(), backend.precision().label(), load.seconds(), load.weightBytes() / 1e9,
          load.peakBytes() / 1e9, (double) load.peakBytes() / load.weightBytes()));
    }
    return ExitCode.DONE;
  }
}
