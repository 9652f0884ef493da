package org.conceptclip;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.IntStream;
import org.conceptclip.backend.BackendRequest;
import org.conceptclip.backend.Backends;
import org.conceptclip.batch.BatchListener;
import org.conceptclip.batch.Engine;
import org.conceptclip.batch.EngineOptions;
import org.conceptclip.batch.WorkKind;
import org.conceptclip.catalog.OpenModel;
import org.conceptclip.metrics.BatchEvents;
import org.conceptclip.metrics.EngineMetrics;
import org.conceptclip.runtime.Encoder;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.text.TextTokenizer;
import org.conceptclip.util.Closer;
import org.conceptclip.util.Failures;

/**
 * The parts of a {@link ConceptClip}: model, tokenizer, a backend and an encoder for each replica, metrics and engine. Owns them. When
 * opening fails, everything that was opened before is closed; a backend that is still starting, when it has started.
 */
final class Assembly implements AutoCloseable {
  private final ConceptClipOptions options;
  private final Backends backends;
  private final Closer resources = new Closer();
  private final List<Encoder> encoders = new ArrayList<>();
  private String description;
  private Optional<String> tokenizerAbsence;
  private TextTokenizer tokenizerOrNull;
  private Engine engine;

  private Assembly(ConceptClipOptions options, Backends backends) {
    this.options = options;
    this.backends = backends;
  }

  /** Opens everything. */
  static Assembly open(ConceptClipOptions options, Backends backends) {
    Assembly assembly = new Assembly(options, backends);
    try {
      assembly.assemble();
      return assembly;
    } catch (Throwable failure) {
      assembly.resources.closeAfter(failure);
      throw failure;
    }
  }

  private void assemble() {
    BackendRequest request = BackendRequest.DEFAULT.withPrecision(options.precision()).withThreads(threads())
        .withDevice(options.devices().getFirst()).withOptions(options.backendOptions()).withNotices(options.notices());
    CompletableFuture<Backends.Choice> starting = start(request);
    String modelName;
    try (OpenModel model = options.model().map(OpenModel::open).orElseGet(OpenModel::embedded)) {
      modelName = model.name();
      model.notice().ifPresent(options.notices());
      options.inspection().accept(model);
      openTokenizer(model);
      openReplicas(model, request, started(starting));
    }
    String copies = encoders.size() == 1 ? "" : encoders.size() + " replicas, the first on ";
    description = "model " + modelName + " on " + copies + encoder().backend().description();
    List<BatchListener<WorkKind>> listeners = new ArrayList<>(options.engine().listeners());
    // Not with map: linking a lambda that takes a registry would need Micrometer, which programs without metrics do not have.
    Optional<EngineMetrics<WorkKind>> metrics = options.meters().isEmpty()
        ? Optional.empty()
        : Optional.of(new EngineMetrics<>(options.meters().get(), options.name().orElse(modelName), WorkKind::label));
    metrics.ifPresent(meters -> listeners.add(resources.own(meters)));
    BatchEvents.<WorkKind>ifAvailable(WorkKind::label).ifPresent(listeners::add);
    EngineOptions engineOptions = options.engine().toBuilder().listeners(listeners).build();
    engine = resources.own(Engine.open(encoders, engineOptions));
    metrics.ifPresent(this::describe);
  }

  /** Starts the first backend on a thread of its own: loading its native libraries takes as long as opening a small model. */
  private CompletableFuture<Backends.Choice> start(BackendRequest request) {
    CompletableFuture<Backends.Choice> starting = CompletableFuture.supplyAsync(
        () -> backends.open(options.backend(), request),
        task -> Thread.ofPlatform().daemon().name("conceptclip-open").start(task));
    return resources.own(starting, () -> close(starting));
  }

  /**
   * Closes a backend. One that still starts is closed by its thread once it has started: that takes seconds on some devices, and a program
   * must not wait for it to learn that its model cannot be opened.
   */
  private static void close(CompletableFuture<Backends.Choice> starting) {
    CompletableFuture<Void> closing = starting.handle((choice, failure) -> {
      if (choice != null) { // null if it did not start: started() throws the reason
        choice.backend().close();
      }
      return null;
    });
    if (closing.isDone()) {
      started(closing);
    } else {
      closing.exceptionally(failure -> {
        Failures.report(failure);
        return null;
      });
    }
  }

  private static <T> T started(CompletableFuture<T> starting) {
    try {
      return starting.join();
    } catch (CompletionException e) {
      throw Calls.unchecked(e.getCause());
    }
  }

  /** A model without a tokenizer still embeds images; calls with texts report what is missing. */
  private void openTokenizer(OpenModel model) {
    tokenizerAbsence = model.tokenizerAbsence();
    if (tokenizerAbsence.isEmpty()) {
      tokenizerOrNull = resources.own(model.tokenizer(options.maxTokens() == 0 ? null : options.maxTokens()));
    }
  }

  private void openReplicas(OpenModel model, BackendRequest request, Backends.Choice first) {
    first.note().ifPresent(options.notices());
    openEncoder(model, first);
    // All replicas are of one kind, so that an embedding does not depend on which of them computed it.
    BackendRequest alike = request.withPrecision(first.backend().precision()).withOptions(first.own(request.options()));
    boolean hostInstead = first.note().isPresent() && !first.provider().hasDevices();
    List<Integer> devices = hostInstead ? List.of(0) : options.devices();
    IntStream.range(0, options.replicas()).boxed().flatMap(copy -> devices.stream()).skip(1).forEach(device -> {
      Backends.Choice next = backends.open(first.provider().name(), alike.withDevice(device));
      resources.own(next.backend());
      openEncoder(model, next);
    });
  }

  private void openEncoder(OpenModel model, Backends.Choice choice) {
    encoders.add(resources.own(model.load(choice.backend(), options.notices())));
  }

  /** Replicas on one host share its cores. */
  private int threads() {
    return options.threads() > 0 || options.replicas() == 1
        ? options.threads()
        : Math.max(1, Runtime.getRuntime().availableProcessors() / options.replicas());
  }

  private void describe(EngineMetrics<WorkKind> metrics) {
    for (int i = 0; i < encoders.size(); i++) {
      metrics.replica(engine.replicaNames().get(i), encoders.get(i).weightBytes());
    }
    metrics.gauge("pixels", "bytes", "host memory for decoded images", engine, Engine::pixelBytes);
    metrics.gauge("pixels.slots", null, "decoded images that are held", engine, Engine::leasedSlots);
    String queue = "requests by state";
    metrics.gauge("queue", null, queue, engine, all -> all.snapshot().preparing(), "state", "preparing");
    metrics.gauge("queue", null, queue, engine, all -> all.snapshot().ready(), "state", "ready");
    metrics.gauge("queue", null, queue, engine, all -> all.snapshot().computing(), "state", "computing");
  }

  /** One line of text: model, replicas, backend. Also available after closing. */
  String description() {
    return description;
  }

  Engine engine() {
    return engine;
  }

  /**
   * The model's tokenizer.
   *
   * @throws BadInputException if it has none
   */
  TextTokenizer tokenizer() {
    if (tokenizerAbsence.isPresent()) {
      throw new BadInputException(tokenizerAbsence.get());
    }
    return tokenizerOrNull;
  }

  /** The encoder of the first replica; all replicas are alike. */
  Encoder encoder() {
    return encoders.getFirst();
  }

  /** Number of images that keeps all replicas busy: those in computation, those in the queue, and one batch on its way to the caller. */
  int imageWindow() {
    return window(engine.batchImages());
  }

  /** As {@link #imageWindow}, for texts; few texts have less than 8 tokens. */
  int textWindow() {
    return window(engine.batchTokens() / 8 + 1);
  }

  private int window(int batch) {
    return (int) Math.clamp(Math.ceil((2 + options.engine().batching().queueBatches()) * batch * encoders.size()), 2, 1 << 16);
  }

  @Override
  public void close() {
    resources.close();
  }
}
