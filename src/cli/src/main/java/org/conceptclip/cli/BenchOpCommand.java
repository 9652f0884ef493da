package org.conceptclip.cli;

import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.BackendRequest;
import org.conceptclip.backend.cuda.CudaProvider;
import org.conceptclip.batch.BatcherOptions;
import org.conceptclip.bench.OpCheck;
import org.conceptclip.bench.throughput.BenchPlan;
import org.conceptclip.bench.throughput.Session;
import org.conceptclip.bench.throughput.Setup;
import org.conceptclip.bench.throughput.VariantSection;
import org.conceptclip.bench.throughput.Workbench;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code bench op}: one op of a block in one variant, checked and timed. What bench/gpu/lab runs, once for each variant. */
@Command(
    name = "op",
    description = {
      "Checks one op of a block against float64, and times it if it is right. bench/gpu/lab does that for a list of variants.",
      "A variant is a set of backend options, or kernels in a folder: -D" + CudaProvider.KERNELS + "=DIR in CONCEPTCLIP_JAVA_OPTS."
    },
    sortOptions = false,
    footer = {"", "Example:", "  conceptclip bench op --op \"vision attention\" --images 64"})
final class BenchOpCommand implements Callable<Integer> {
  private final Context context;

  @Option(names = "--op", required = true, paramLabel = "NAME",
      description = "vision or text, and qkv, attention, projection, fc1 + GELU, fc2 or add + LayerNorm")
  private String op;

  @Option(names = "--name", paramLabel = "TEXT", defaultValue = "as it is",
      description = "of the variant, for its row (default: ${DEFAULT-VALUE})")
  private String name;

  @Option(names = "--images", paramLabel = "N", defaultValue = "64",
      description = "that a vision op is timed with (default: ${DEFAULT-VALUE})")
  private int images;

  @Option(names = "--texts", paramLabel = "N", defaultValue = "128",
      description = "that a text op is timed with, of 8 tokens to the context length (default: ${DEFAULT-VALUE})")
  private int texts;

  @Option(names = "--model", paramLabel = "M", defaultValue = "synthetic:full",
      description = "whose widths are taken (default: ${DEFAULT-VALUE})")
  private String model;

  @Option(names = "--backend", paramLabel = "NAME", defaultValue = "cuda", description = "default: ${DEFAULT-VALUE}")
  private String backendName;

  @Option(names = "--option", paramLabel = "KEY=VALUE", description = "of the backend; may be repeated")
  private Map<String, String> options = new TreeMap<>();

  @Option(names = "--cuda-libs", paramLabel = "DIR", description = "folder of CUDA's libraries, where they are not found without")
  private Path cudaLibraries;

  @Option(names = "--quick", description = "the least that exercises everything: figures mean nothing")
  private boolean quick;

  @Mixin private BenchOutput output;

  BenchOpCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    if (images < 1 || texts < 1) {
      throw new UsageException("expected --images and --texts of 1 or more");
    }
    BackendRequest request = BackendRequest.DEFAULT;
    for (Map.Entry<String, String> option : options.entrySet()) {
      request = request.withOption(option.getKey(), option.getValue());
    }
    Setup setup = new Setup(model, backendName, BackendOptions.libraries(request, cudaLibraries), images, BatcherOptions.DEFAULT);
    if (!OpCheck.names(setup.config()).contains(op)) {
      throw new UsageException("--op " + op + ": expected one of " + String.join(", ", OpCheck.names(setup.config())));
    }
    BenchPlan plan = BenchPlan.FULL.withTexts(texts);
    try (Workbench bench = new Workbench(context.backends(), context.console()::say);
        Backend reference = context.backends().open("reference", BackendRequest.DEFAULT).backend();
        BenchOutput sink = output.begin(context.console(), 1)) {
      Session session =
          new Session(bench, bench.resolve(setup), quick ? plan.withDeviceOps(BenchPlan.DeviceOps.LEAST) : plan, sink);
      VariantSection.run(session, name, op, parameters(), reference);
      return sink.finish();
    }
  }

  private Map<String, String> parameters() {
    Map<String, String> parameters = new TreeMap<>(options);
    String kernels = System.getProperty(CudaProvider.KERNELS);
    if (kernels != null) {
      parameters.put("kernels", kernels);
    }
    return Collections.unmodifiableMap(parameters);
  }
}
