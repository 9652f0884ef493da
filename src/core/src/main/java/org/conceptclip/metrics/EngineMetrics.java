package org.conceptclip.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import org.conceptclip.batch.BatchListener;
import org.conceptclip.batch.BatchReport;
import org.conceptclip.batch.Priority;

/**
 * Reports the events of an engine as Micrometer meters. All of them have the tag {@code engine}. docs/metrics.md lists their names,
 * units and tags.
 *
 * <p>Times are measured with {@link System#nanoTime}. {@link #close} removes the meters from the registry. Thread-safe.
 *
 * @param <K> kind of work
 */
public final class EngineMetrics<K> implements BatchListener<K>, AutoCloseable {
  private final Function<? super K, String> kindNames;
  private final OwnedMeters meters;
  private final Tags tags;
  private final LongAdder replicas = new LongAdder();
  private final Map<String, KindMeters> kinds = new ConcurrentHashMap<>();
  private final Map<String, ReplicaMeters> replicaMeters = new ConcurrentHashMap<>();
  private final Map<Tags, Counter> errors = new ConcurrentHashMap<>();

  /**
   * Registers the meters of an engine.
   *
   * @param registry the caller's registry; it is not closed here
   * @param engine value of the tag {@code engine}, which must differ between the engines of a registry
   * @param kindNames gives the value of the tag {@code kind} for a kind of work; must have few different values
   * @throws IllegalArgumentException if the registry already has an engine of this name
   */
  public EngineMetrics(MeterRegistry registry, String engine, Function<? super K, String> kindNames) {
    this.kindNames = Objects.requireNonNull(kindNames, "kindNames");
    this.meters = new OwnedMeters(registry);
    this.tags = Tags.of("engine", engine);
    // Without the lock, two engines of one name that open at once would share meters unnoticed.
    synchronized (registry) {
      if (registry.find("conceptclip.replicas").tags(tags).gauge() != null) {
        throw new IllegalArgumentException(
            "metrics: the registry already has an engine named \"" + engine + "\", expected a different name for each engine");
      }
      meters.gauge("replicas", null, "replicas that can compute", tags, replicas, LongAdder::sum);
    }
  }

  /**
   * Registers the meters of a replica. To be called before the engine's first batch.
   *
   * @param name the replica's name in {@link BatchReport#replica}
   * @param weightBytes size of its prepared weights in the backend's memory
   */
  public void replica(String name, long weightBytes) {
    replicas.increment();
    gauge("weights", "bytes", "memory of a replica's prepared weights", weightBytes, Long::doubleValue, "replica", name);
  }

  /**
   * Registers a gauge that reads a value of the engine.
   *
   * @param name name without the prefix {@code conceptclip.}
   * @param unitOrNull base unit; {@code null} for none
   * @param moreTags further tags, as alternating names and values
   */
  public <T> void gauge(String name, String unitOrNull, String description, T source, ToDoubleFunction<T> value, String... moreTags) {
    meters.gauge(name, unitOrNull, description, tags.and(moreTags), source, value);
  }

  @Override
  public void admitted(K kind, Priority priority, int cost) {
    of(kind).active.increment();
  }

  @Override
  public void refused(K kind, Priority priority, int cost) {
    of(kind).refused(priority).increment();
  }

  @Override
  public void ended(K kind, Priority priority, Ending ending, long waitNanos, long totalNanos) {
    KindMeters of = of(kind);
    of.active.decrement();
    of.total(priority, ending).record(totalNanos, TimeUnit.NANOSECONDS);
    if (ending == Ending.DONE) {
      of.waitOf(priority).record(waitNanos, TimeUnit.NANOSECONDS);
    }
  }

  @Override
  public void batchBegan(K kind, String replica, int requests, long cost) {
    replica(replica).active.increment();
  }

  @Override
  public void batchEnded(BatchReport<K> report) {
    String kind = kindNames.apply(report.kind());
    KindMeters of = of(report.kind());
    ReplicaMeters replica = replica(report.replica());
    replica.active.decrement();
    boolean failed = report.failureOrNull() != null;
    replica.compute(kind, failed).record(report.computeNanos(), TimeUnit.NANOSECONDS);
    of.batchRequests.record(report.requests());
    of.batchTokens.record(report.cost());
    of.batchFill.record((double) report.cost() / report.maxCost());
    of.batchWait.record(report.oldestWaitNanos(), TimeUnit.NANOSECONDS);
    if (report.retry()) {
      of.retries.increment();
    }
    if (failed) {
      error(kind, report.failureOrNull()).increment();
    }
  }

  @Override
  public void replicaLost(String replica, Throwable cause) {
    replicas.decrement();
  }

  /** Removes the meters from the registry. To be called after the engine was closed. */
  @Override
  public void close() {
    meters.close();
  }

  private KindMeters of(K kind) {
    return kinds.computeIfAbsent(kindNames.apply(kind), name -> new KindMeters(meters, tags.and("kind", name)));
  }

  private ReplicaMeters replica(String name) {
    return replicaMeters.computeIfAbsent(name, key -> new ReplicaMeters(tags.and("replica", key)));
  }

  private Counter error(String kind, Throwable failure) {
    Tags own = tags.and("kind", kind, "exception", failure.getClass().getSimpleName());
    return errors.computeIfAbsent(own, key -> meters.counter("batch.errors", "batches that failed", key));
  }

  /** The meters of one replica. */
  private final class ReplicaMeters {
    final LongAdder active = new LongAdder();
    private final Tags own;
    private final Map<String, Timer> computed = new ConcurrentHashMap<>();
    private final Map<String, Timer> failed = new ConcurrentHashMap<>();

    ReplicaMeters(Tags own) {
      this.own = own;
      meters.gauge("batches.active", null, "batches that a replica computes or prepares", own, active, LongAdder::sum);
    }

    Timer compute(String kind, boolean failure) {
      return (failure ? failed : computed).computeIfAbsent(kind, name -> meters.timer("batches",
          "from a batch's start on a replica to its end", own.and("kind", name, "outcome", failure ? "failed" : "done")));
    }
  }
}
