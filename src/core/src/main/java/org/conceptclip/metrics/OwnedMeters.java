package org.conceptclip.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** The meters that were added to a caller's registry. Closing removes them from it. Thread-safe. */
final class OwnedMeters implements AutoCloseable {
  private final MeterRegistry registry;
  private final Queue<Meter> meters = new ConcurrentLinkedQueue<>();

  OwnedMeters(MeterRegistry registry) {
    this.registry = registry;
  }

  Gauge add(Gauge.Builder<?> builder) {
    return own(builder.register(registry));
  }

  Timer add(Timer.Builder builder) {
    return own(builder.register(registry));
  }

  Counter add(Counter.Builder builder) {
    return own(builder.register(registry));
  }

  DistributionSummary add(DistributionSummary.Builder builder) {
    return own(builder.register(registry));
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
