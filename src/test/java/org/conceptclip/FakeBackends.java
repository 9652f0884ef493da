package org.conceptclip;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;
import org.conceptclip.app.BackendFactory;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.BackendRequest;
import org.conceptclip.backend.BackendUnavailableException;
import org.conceptclip.backend.Backends;
import org.conceptclip.backend.Execution;
import org.conceptclip.op.DecoratedBackend;
import org.conceptclip.op.ForwardingParameters;
import org.conceptclip.op.Parameters;

/** The CPU backend under any name, with faults at chosen places, and a count of what is open. */
final class FakeBackends implements Backends {
  /** Backends and stores of weights that were opened and not closed. */
  final AtomicInteger open = new AtomicInteger();

  final List<BackendRequest> requests = new ArrayList<>();

  /** Backend that does not start, counted from 1; 0 for none. */
  int refusedBackend;

  /** Store of weights that cannot be opened, counted from 1; 0 for none. */
  int refusedWeights;

  /** Gets a backend's number, from 1, before each of its executions. */
  volatile IntConsumer beforeExecution = backend -> { };

  private final AtomicInteger weights = new AtomicInteger();

  @Override
  public Choice open(BackendRequest request) {
    requests.add(request);
    if (requests.size() == refusedBackend) {
      throw new BackendUnavailableException("planted: backend " + refusedBackend + " does not start");
    }
    Backend cpu = new BackendFactory().open(BackendRequest.of("cpu", Optional.empty(), 1)).backend();
    open.incrementAndGet();
    return new Choice(new Counted(cpu, request.name().equals("auto") ? "cpu" : request.name(), requests.size()), "a note");
  }

  @Override
  public List<Status> probe(Optional<Path> cudaLibraries) {
    return List.of();
  }

  @Override
  public Map<String, String> cuda(Optional<Path> cudaLibraries) {
    return Map.of();
  }

  private final class Counted extends DecoratedBackend {
    private final String name;
    private final int number;

    Counted(Backend inner, String name, int number) {
      super(inner);
      this.name = name;
      this.number = number;
    }

    @Override
    public String name() {
      return name;
    }

    @Override
    protected Parameters decorate(Parameters parameters) {
      if (weights.incrementAndGet() == refusedWeights) {
        parameters.close();
        throw new OutOfMemoryError("planted: no memory for weights");
      }
      open.incrementAndGet();
      return new ForwardingParameters(parameters) {
        @Override
        public void close() {
          super.close();
          open.decrementAndGet();
        }
      };
    }

    @Override
    public Execution openExecution() {
      beforeExecution.accept(number);
      return super.openExecution();
    }

    @Override
    public void close() {
      super.close();
      open.decrementAndGet();
    }
  }
}
