package org.conceptclip.cli;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.nio.file.Path;
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
    description = "Reports the machine, the JDK, the backends (and why one is not usable), the model and the versions of libraries.",
    sortOptions = false)
final class DoctorCommand implements Callable<Integer> {
  private final Context context;

  @Option(names = "--json", description = "print one JSON object")
  private boolean json;

  @Option(names = "--model", paramLabel = "DIR", description = "check this model instead of the embedded demo model")
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
    JsonObject report = report();
    if (json) {
      context.console().out().println(new GsonBuilder().disableHtmlEscaping().serializeNulls().create().toJson(report));
    } else {
      print(report);
    }
    return ExitCode.DONE;
  }

  private JsonObject report() {
    JsonObject report = new JsonObject();
    report.addProperty("version", Versions.ours());
    report.add("machine", object(Facts.machine()));
    report.add("jdk", object(Facts.jdk()));
    JsonArray backends = new JsonArray();
    BackendRequest request = BackendOptions.libraries(BackendRequest.DEFAULT, cudaLibraries);
    for (BackendProvider.Status status : context.backends().probe(request)) {
      JsonObject backend = new JsonObject();
      backend.addProperty("name", status.name());
      backend.addProperty("usable", status.usable());
      backend.addProperty("detail", status.detail());
      backends.add(backend);
    }
    report.add("backends", backends);
    context.backends().facts(request).forEach((backend, facts) -> report.add(backend, object(facts)));
    report.add("images", object(Map.of("jpeg", ImageDecoder.jpegDecoder())));
    report.add("model", model());
    report.add("libraries", object(Libraries.versions()));
    return report;
  }

  private JsonObject model() {
    JsonObject result = new JsonObject();
    result.addProperty("name", model == null ? "demo (embedded, trained on drawings)" : model);
    try (OpenModel open = model == null ? OpenModel.embedded() : OpenModel.open(model)) {
      ModelConfig config = open.config();
      result.addProperty("found", true);
      result.addProperty("weights", open.origin());
      result.addProperty("parameters", ModelLayout.of(config).values().stream().mapToLong(Shape::elements).sum());
      int size = config.vision().geometry().imageSize();
      result.addProperty("image", size + "x" + size + ", " + config.vision().tokens() + " patches, width "
          + config.vision().width() + ", " + config.vision().depth() + " blocks");
      result.addProperty("text", "vocabulary " + config.text().vocabulary() + ", context " + config.text().contextLength()
          + ", width " + config.text().width() + ", " + config.text().depth() + " layers");
      result.addProperty("tokenizer", tokenizer(open));
    } catch (BadInputException e) {
      result.addProperty("found", false);
      result.addProperty("problem", e.getMessage());
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

  private static JsonObject object(Map<String, String> values) {
    JsonObject object = new JsonObject();
    values.forEach(object::addProperty);
    return object;
  }

  private void print(JsonObject report) {
    report.asMap().forEach((section, facts) -> {
      switch (facts) {
        case JsonObject values -> {
          heading(section);
          values.asMap().forEach((name, value) -> line("  " + name, value.getAsString()));
        }
        case JsonArray backends -> {
          heading(section);
          backends.forEach(backend -> backend(backend.getAsJsonObject()));
        }
        default -> line("conceptclip", facts.getAsString()); // the version
      }
    });
  }

  private void backend(JsonObject backend) {
    String usable = backend.get("usable").getAsBoolean() ? "usable: " : "not usable: ";
    line("  " + backend.get("name").getAsString(), usable + backend.get("detail").getAsString());
  }

  private void heading(String text) {
    context.console().out().println();
    context.console().out().println(text);
  }

  private void line(String name, String value) {
    context.console().out().println(String.format("%-22s%s", name, value));
  }
}
