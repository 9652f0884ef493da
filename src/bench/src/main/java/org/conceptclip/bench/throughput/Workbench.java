package org.conceptclip.bench.throughput;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.Backends;
import org.conceptclip.batch.BatchListener;
import org.conceptclip.batch.Engine;
import org.conceptclip.batch.EngineOptions;
import org.conceptclip.batch.WorkKind;
import org.conceptclip.catalog.OpenModel;
import org.conceptclip.runtime.Encoder;
import org.conceptclip.util.Closer;

/** Owns models on backends. Each is opened at its first use and kept for the sections that follow. Not thread-safe. */
public final class Workbench implements AutoCloseable {
  private final Backends backends;
  private final Consumer<String> notices;
  private final Map<Object, Backend> opened = new HashMap<>();
  private final Map<Object, Encoder> encoders = new HashMap<>();
  private final Closer owned = new Closer();

  /** @param notices gets lines for people: which backend was taken, and why */
  public Workbench(Backends backends, Consumer<String> notices) {
    this.backends = backends;
    this.notices = notices;
  }

  /**
   * The setup with the backend that {@code auto} stands for here, so that it is chosen, and said, once.
   *
   * @throws org.conceptclip.backend.BackendUnavailableException if the one that was asked for cannot start
   */
  public Setup resolve(Setup setup) {
    Backend backend = backend(setup);
    Setup resolved = setup.withBackend(backend.name());
    opened.put(key(resolved), backend);
    return resolved;
  }

  private static Object key(Setup setup) {
    return List.of(setup.backend(), setup.request());
  }

  /** The setup's backend; it stays this workbench's. */
  Backend backend(Setup setup) {
    return opened.computeIfAbsent(key(setup), absent -> {
      Backends.Choice choice = backends.open(setup.backend(), setup.request().withNotices(notices));
      owned.own(choice.backend());
      choice.note().ifPresent(notices);
      return choice.backend();
    });
  }

  /** The setup's model on its backend; it stays this workbench's. */
  Encoder encoder(Setup setup) {
    Backend backend = backend(setup);
    return encoders.computeIfAbsent(List.of(backend, setup.model()), absent -> {
      try (OpenModel model = OpenModel.open(setup.model())) {
        return owned.own(model.load(backend, notices));
      }
    });
  }

  /** A warm engine over the setup's encoder. The caller closes it. */
  Engine engine(Setup setup, List<BatchListener<WorkKind>> listeners) {
    return engine(setup, listeners, true);
  }

  /** An engine that the rounds have to warm up: none of its batch sizes has been run. The caller closes it. */
  Engine coldEngine(Setup setup) {
    return engine(setup, List.of(), false);
  }

  private Engine engine(Setup setup, List<BatchListener<WorkKind>> listeners, boolean warm) {
    return Engine.open(List.of(encoder(setup)), EngineOptions.builder().batching(setup.batching()).batchImages(setup.batch())
        .listeners(listeners).warmUp(warm).build());
  }

  /** For rows. */
  Subject subject(Setup setup) {
    Backend backend = backend(setup);
    return new Subject(setup.model(), backend.name(), backend.description(), backend.precision().label(),
        backend.name().equals("cpu") ? setup.usedThreads() : null, null);
  }

  @Override
  public void close() {
    owned.close();
  }
}
