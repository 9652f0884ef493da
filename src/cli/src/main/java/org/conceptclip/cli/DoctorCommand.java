package org.conceptclip.cli;

import com.google.gson.GsonBuilder;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.conceptclip.backend.BackendProvider;
import org.conceptclip.backend.BackendRequest;
import org.conceptclip.catalog.OpenModel;
import org.conceptclip.image.ImageDecoder;
import org.conceptclip.model.ModelConfig;
import org.conceptclip.model.ModelLayout;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.Shape;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code doctor}: reports what this machine and this build can do, and what is missing. */
@Command(
    name = "doctor",
    description = "Reports the machine, the JDK, the places of files, the backends (and why one is not usable), the model and the"
        + " versions of libraries.",
    sortOptions = false)
final class DoctorCommand implements Callable<Integer> {
  private final Context context;

  @Option(names = "--json", description = "print one JSON object")
  private boolean json;

  @Option(
      names = "--model",
      paramLabel = "DIR",
      converter = Arguments.MayNameFile.class,
      description = "check this model instead of the embedded demo model")
  private String model;

  @Option(
      names = "--cuda-libs",
      paramLabel = "DIR",
      description = "search for the CUDA libraries in this folder instead of the usual places")
  private Path cudaLibraries;

  DoctorCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    Map<String, Object> report = report();
    if (json) {
      context.console().out().line(new GsonBuilder().disableHtmlEscaping().serializeNulls().create().toJson(report));
    } else {
      report.forEach(this::print);
    }
    return ExitCode.DONE;
  }

  /** Facts by section: a text, a map from names to values, or the states of the backends. */
  private Map<String, Object> report() {
    Map<String, Object> report = new LinkedHashMap<>();
    report.put("version", Versions.ours());
    report.put("machine", Facts.machine());
    report.put("jdk", Facts.jdk());
    report.put("places", Facts.places());
    BackendRequest request = BackendOptions.libraries(BackendRequest.DEFAULT, cudaLibraries);
    report.put("backends", context.backends().probe(request));
    report.putAll(context.backends().facts(request));
    report.put("images", Map.of("jpeg", ImageDecoder.jpegDecoder()));
    report.put("model", model());
    report.put("libraries", Libraries.versions());
    return report;
  }

  private Map<String, Object> model() {
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("name", model == null ? "demo (embedded, trained on drawings)" : model);
    try (OpenModel open = model == null ? OpenModel.embedded() : OpenModel.open(model)) {
      ModelConfig config = open.config();
      result.put("found", true);
      result.put("weights", open.origin());
      result.put("parameters", ModelLayout.of(config).values().stream().mapToLong(Shape::elements).sum());
      int size = config.vision().geometry().imageSize();
      result.put("image", size + "x" + size + ", " + config.vision().tokens() + " patches, width "
          + config.vision().width() + ", " + config.vision().depth() + " blocks");
      result.put("text", "vocabulary " + config.text().vocabulary() + ", context " + config.text().contextLength()
          + ", width " + config.text().width() + ", " + config.text().depth() + " layers");
      result.put("tokenizer", tokenizer(open));
    } catch (BadInputException e) {
      result.put("found", false);
      result.put("problem", e.getMessage());
      if (context.console().traces()) {
        e.printStackTrace(context.console().err());
      }
    }
    return result;
  }

  private static String tokenizer(OpenModel open) {
    try (var tokenizer = open.tokenizer(null)) {
      return open.folder().isPresent() ? tokenizer.description() : "on the class path (vocab.txt)";
    } catch (BadInputException e) {
      return "none: " + e.getMessage();
    }
  }

  private void print(String section, Object facts) {
    if (facts instanceof String version) {
      line("conceptclip", version);
      return;
    }
    context.console().out().line("");
    context.console().out().line(section);
    if (facts instanceof Map<?, ?> values) {
      values.forEach((name, value) -> line("  " + name, value));
    } else if (facts instanceof List<?> backends) {
      backends.forEach(backend -> print((BackendProvider.Status) backend));
    }
  }

  private void print(BackendProvider.Status backend) {
    line("  " + backend.name(), (backend.usable() ? "usable: " : "not usable: ") + backend.detail());
  }

  private void line(String name, Object value) {
    context.console().out().line(String.format("%-22s%s", name, value));
  }
}
