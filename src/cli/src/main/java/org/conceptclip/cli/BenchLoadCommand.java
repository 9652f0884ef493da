package org.conceptclip.cli;

import java.util.List;
import java.util.concurrent.Callable;
import org.conceptclip.backend.Backend;
import org.conceptclip.bench.throughput.LoadSection;
import org.conceptclip.bench.throughput.Subject;
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

  @Mixin private BenchOutput output;

  BenchLoadCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    try (Backend backend = backendOptions.open(context, false);
        BenchOutput sink = output.begin(context.console(), 1)) {
      Subject subject = new Subject(model, backend.name(), backend.description(), backend.precision().label(), null, null);
      sink.rows(List.of(LoadSection.run(subject, () -> {
        try (OpenModel open = OpenModel.open(model)) {
          return open.load(backend);
        }
      })));
      return sink.finish();
    }
  }
}
