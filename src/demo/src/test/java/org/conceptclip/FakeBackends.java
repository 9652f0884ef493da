package org.conceptclip;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.BackendProvider;
import org.conceptclip.backend.BackendRequest;
import org.conceptclip.backend.BackendUnavailableException;
import org.conceptclip.backend.Backends;
import org.conceptclip.backend.Execution;
import org.conceptclip.backend.Precision;
import org.conceptclip.backend.cpu.CpuBackend;
import org.conceptclip.op.DecoratedBackend;
import org.conceptclip.op.ForwardingWeightStore;
import org.conceptclip.op.WeightStore;

/** The CPU backend under any name, with faults at chosen places, and a count of what is open. */
final class FakeBackends {
  /** Backends and stores of weights that were opened and not closed. */
  final AtomicInteger open = new AtomicInteger();

  final List<BackendRequest> requests = new ArrayList<>();

  /** Requests so far, for other threads than the one that opens backends. */
  final AtomicInteger started = new AtomicInteger();

  /** Backend that does not start, counted from 1; 0 for none. */
  int refusedBackend;

  /** Store of weights that cannot be opened, counted from 1; 0 for none. */
  int refusedWeights;

  /** Gets a backend's number, from 1, before each of its executions. */
  volatile IntConsumer beforeExecution = backend -> { };

  /** Runs before a backend starts. */
  volatile Runnable beforeStart = () -> { };

  private final AtomicInteger weights = new AtomicInteger();

  /** {@code cpu}, which {@code auto} takes, and {@code cuda}, which has several devices; both compute on the CPU. */
  Backends all() {
    return new Backends(List.of(new Provider("cpu", OptionalInt.of(1)), new Provider("cuda", OptionalInt.empty())));
  }

  private final class Provider implements BackendProvider {
    private final String name;
    private final OptionalInt rank;

    Provider(String name, OptionalInt rank) {
      this.name = name;
      this.rank = rank;
    }

    @Override
    public String name() {
      return name;
    }

    @Override
    public OptionalInt automaticRank() {
      return rank;
    }

    @Override
    public boolean hasDevices() {
      return name.equals("cuda");
    }

    @Override
    public Backend open(BackendRequest request) {
      requests.add(request);
      started.incrementAndGet();
      beforeStart.run();
      if (requests.size() == refusedBackend) {
        throw new BackendUnavailableException("planted: backend " + refusedBackend + " does not start");
      }
      Backend cpu = new CpuBackend(Precision.FP32, 1);
      open.incrementAndGet();
      return new Counted(cpu, name, requests.size());
    }
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
    protected WeightStore decorate(WeightStore parameters) {
      if (weights.incrementAndGet() == refusedWeights) {
        parameters.close();
        throw new OutOfMemoryError("planted: no memory for weights");
      }
      open.incrementAndGet();
      return new ForwardingWeightStore(parameters) {
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
