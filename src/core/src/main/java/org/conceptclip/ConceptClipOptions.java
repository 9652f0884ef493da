package org.conceptclip;

import io.micrometer.core.instrument.MeterRegistry;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.conceptclip.backend.Precision;
import org.conceptclip.batch.EngineOptions;
import org.conceptclip.calibration.Calibration;
import org.conceptclip.catalog.OpenModel;
import org.conceptclip.util.FileNames;

/**
 * Options of {@link ConceptClip#open(ConceptClipOptions)}. The defaults suit most programs; usually only the model has to be given.
 * Immutable.
 *
 * {@snippet file="org/conceptclip/LibraryExamples.java" region="options"}
 *
 * @param model folder with {@code model.safetensors}, {@code config.json} and tokenizer files; or {@code synthetic:tiny} or {@code
 *     synthetic:full}, generated weights without a tokenizer; empty for the demo model of {@code conceptclip-demo}, which was trained
 *     on drawings only
 * @param name name in metrics; empty for the model's name
 * @param backend {@code auto} or the name of a backend on the class path: {@code cuda}, {@code cpu}, {@code reference} or {@code
 *     emulated}. {@code auto} uses CUDA if it starts, else the CPU, and sends a notice that says which and why
 * @param precision number format of the computation; empty for the backend's default: fp16 with CUDA, fp32 on the CPU
 * @param threads threads of a CPU replica; 0 to divide all cores among the replicas
 * @param devices indices of CUDA devices among those that {@code CUDA_VISIBLE_DEVICES} leaves visible; each gets its replicas. When {@code
 *     auto} chooses the CPU, there is one device
 * @param replicas copies of the model on each device. One keeps a device busy; several are useful in tests and on machines with
 *     several CPU sockets
 * @param backendOptions settings of single backends, by name: {@code cuda-libs} is the folder of the CUDA libraries, {@code calibration}
 *     the file that {@link Precision#FP8} needs
 * @param maxTokens length in tokens to which texts are cut; 0 for the model's context length, 77
 * @param engine options of batching, decoding and warm-up
 * @param meters registry for the meters of docs/metrics.md; empty for none. It is not closed
 * @param notices receives one line of text for each event worth knowing that is not a failure: which backend was chosen and why, or that
 *     passes became smaller for lack of device memory. Called by several threads. By default the lines go to a {@link System.Logger} named
 *     {@code org.conceptclip}, at level INFO
 * @param inspection receives the model that was found, before its weights are read, and may reject it: an exception that it throws is
 *     thrown by {@link ConceptClip#open(ConceptClipOptions)}. It must not keep or close the model
 */
public record ConceptClipOptions(
    Optional<String> model,
    Optional<String> name,
    String backend,
    Optional<Precision> precision,
    int threads,
    List<Integer> devices,
    int replicas,
    Map<String, String> backendOptions,
    int maxTokens,
    EngineOptions engine,
    Optional<MeterRegistry> meters,
    Consumer<String> notices,
    Consumer<OpenModel> inspection) {
  /** All defaults: the demo model. */
  public static final ConceptClipOptions DEFAULT = builder().build();

  public ConceptClipOptions {
    Objects.requireNonNull(model, "model");
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(backend, "backend");
    Objects.requireNonNull(precision, "precision");
    backendOptions = Map.copyOf(backendOptions);
    Objects.requireNonNull(engine, "engine");
    Objects.requireNonNull(meters, "meters");
    Objects.requireNonNull(notices, "notices");
    Objects.requireNonNull(inspection, "inspection");
    devices = List.copyOf(devices);
    if (devices.isEmpty() || devices.stream().anyMatch(device -> device < 0) || devices.stream().distinct().count() < devices.size()) {
      throw new IllegalArgumentException("devices are " + devices + ", expected different ones, at least one, counted from 0");
    }
    if (replicas < 1 || threads < 0 || maxTokens < 0) {
      throw new IllegalArgumentException(replicas + " replicas of " + threads + " threads, texts of " + maxTokens
          + " tokens: expected at least 1 replica, and 0 (the default) or more of the others");
    }
  }

  /** A builder that starts with the defaults. */
  public static Builder builder() {
    return new Builder();
  }

  /** The defaults with this model. */
  public static ConceptClipOptions of(String model) {
    return builder().model(model).build();
  }

  /** A builder that starts with these options. */
  public Builder toBuilder() {
    Builder builder = new Builder();
    builder.model = model;
    builder.name = name;
    builder.backend = backend;
    builder.precision = precision;
    builder.threads = threads;
    builder.devices = devices;
    builder.replicas = replicas;
    builder.backendOptions.putAll(backendOptions);
    builder.maxTokens = maxTokens;
    builder.engine = engine;
    builder.meters = meters;
    builder.notices = notices;
    builder.inspection = inspection;
    return builder;
  }

  /** Collects options. A method without a comment sets the component of its name in {@link ConceptClipOptions}. Not thread-safe. */
  public static final class Builder {
    private Optional<String> model = Optional.empty();
    private Optional<String> name = Optional.empty();
    private String backend = "auto";
    private Optional<Precision> precision = Optional.empty();
    private int threads;
    private List<Integer> devices = List.of(0);
    private int replicas = 1;
    private final Map<String, String> backendOptions = new TreeMap<>();
    private int maxTokens;
    private EngineOptions engine = EngineOptions.DEFAULT;
    private Optional<MeterRegistry> meters = Optional.empty();
    private Consumer<String> notices = line -> System.getLogger("org.conceptclip").log(System.Logger.Level.INFO, line);
    private Consumer<OpenModel> inspection = model -> {};

    private Builder() {}

    /** A model folder, or {@code synthetic:tiny} or {@code synthetic:full}. */
    public Builder model(String value) {
      model = Optional.of(value);
      return this;
    }

    /** A model folder. */
    public Builder model(Path folder) {
      return model(FileNames.text(folder));
    }

    public Builder name(String value) {
      name = Optional.of(value);
      return this;
    }

    public Builder backend(String value) {
      backend = value;
      return this;
    }

    public Builder precision(Precision value) {
      precision = Optional.of(value);
      return this;
    }

    public Builder threads(int value) {
      threads = value;
      return this;
    }

    public Builder devices(int... values) {
      devices = IntStream.of(values).boxed().toList();
      return this;
    }

    public Builder replicas(int value) {
      replicas = value;
      return this;
    }

    /** Adds a setting that only some backends have, as in {@code backendOption("cuda-libs", "/opt/cuda/lib64")}. */
    public Builder backendOption(String name, String value) {
      backendOptions.put(name, value);
      return this;
    }

    /**
     * Names the file that {@code conceptclip calibrate} has written for this model, which {@link Precision#FP8} needs. Opening fails if it
     * is of another model or advises against fp8.
     */
    public Builder calibration(Path file) {
      return backendOption(Calibration.OPTION, FileNames.text(file));
    }

    public Builder maxTokens(int value) {
      maxTokens = value;
      return this;
    }

    public Builder engine(EngineOptions value) {
      engine = value;
      return this;
    }

    public Builder meters(MeterRegistry value) {
      meters = Optional.of(value);
      return this;
    }

    public Builder notices(Consumer<String> value) {
      notices = value;
      return this;
    }

    public Builder inspection(Consumer<OpenModel> value) {
      inspection = value;
      return this;
    }

    public ConceptClipOptions build() {
      return new ConceptClipOptions(model, name, backend, precision, threads, devices, replicas, backendOptions, maxTokens, engine, meters,
          notices, inspection);
    }
  }
}
