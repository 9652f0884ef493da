package org.conceptclip.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.ToDoubleFunction;

/**
 * Meters in a caller's registry. Their names begin with {@code conceptclip.}; a unit of null means none. Closing removes them from the
 * registry. Thread-safe.
 */
final class OwnedMeters implements AutoCloseable {
  private static final String PREFIX = "conceptclip.";

  private final MeterRegistry registry;
  private final Queue<Meter> meters = new ConcurrentLinkedQueue<>();

  OwnedMeters(MeterRegistry registry) {
    this.registry = registry;
  }

  /** Keeps {@code source} reachable. */
  <T> void gauge(String name, String unitOrNull, String description, Tags tags, T source, ToDoubleFunction<T> value) {
    own(Gauge.builder(PREFIX + name, source, value)
        .strongReference(true)
        .description(description)
        .baseUnit(unitOrNull)
        .tags(tags)
        .register(registry));
  }

  Timer timer(String name, String description, Tags tags) {
    return own(Timer.builder(PREFIX + name).description(description).tags(tags).register(registry));
  }

  Counter counter(String name, String description, Tags tags) {
    return own(Counter.builder(PREFIX + name).description(description).tags(tags).register(registry));
  }

  DistributionSummary summary(String name, String unitOrNull, String description, Tags tags) {
    return own(DistributionSummary.builder(PREFIX + name).description(description).baseUnit(unitOrNull).tags(tags).register(registry));
  }

  private <M extends Meter> M own(M meter) {
    meters.add(meter);
    return meter;
  }

  @Override
  public void close() {
    for (Meter meter = meters.poll(); meter != null; meter = meters.poll()) {
      registry.remove(meter);
    }
  }
}
