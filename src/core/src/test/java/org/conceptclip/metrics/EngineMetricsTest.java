package org.conceptclip.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.conceptclip.batch.BatchListener.Ending;
import org.conceptclip.batch.BatchReport;
import org.conceptclip.batch.Priority;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a listener is told comes out of the registry, under the names that the guide promises. */
@Timeout(30)
class EngineMetricsTest {
  private final MeterRegistry registry = new SimpleMeterRegistry();

  @Test
  void requestsAreCountedByTheirEnd() {
    try (EngineMetrics<String> metrics = metrics("a")) {
      for (int i = 0; i < 5; i++) {
        metrics.admitted("image", Priority.NORMAL, 729);
      }
      metrics.refused("image", Priority.BULK, 729);
      metrics.ended("image", Priority.NORMAL, Ending.DONE, 3_000_000, 7_000_000);
      metrics.ended("image", Priority.NORMAL, Ending.DONE, 5_000_000, 9_000_000);
      metrics.ended("image", Priority.NORMAL, Ending.EXPIRED, 0, 1_000_000);

      assertEquals(2, registry.get("conceptclip.requests.active").tag("kind", "image").gauge().value());
      assertEquals(2, total(Ending.DONE).count());
      assertEquals(16, total(Ending.DONE).totalTime(TimeUnit.MILLISECONDS), 1e-9);
      assertEquals(1, total(Ending.EXPIRED).count());
      assertEquals(0, total(Ending.FAILED).count());
      assertEquals(8, registry.get("conceptclip.requests.wait").tag("priority", "normal").timer().totalTime(TimeUnit.MILLISECONDS), 1e-9);
      assertEquals(1, registry.get("conceptclip.requests.refused").tag("priority", "bulk").counter().count());
      assertEquals(0, registry.get("conceptclip.requests.refused").tag("priority", "normal").counter().count());
    }
  }

  @Test
  void batchesAreMeteredByReplicaAndKind() {
    try (EngineMetrics<String> metrics = metrics("a")) {
      metrics.replica("cpu-0", 1000);
      metrics.replica("cpu-1", 2000);
      metrics.batchBegan("text", "cpu-0", 3, 60);
      metrics.batchBegan("text", "cpu-1", 1, 20);
      metrics.batchEnded(new BatchReport<>("cpu-0", "text", 3, 60, 80, 2_000_000, 10_000_000, false, null));
      assertEquals(0, registry.get("conceptclip.batches.active").tag("replica", "cpu-0").gauge().value());
      assertEquals(1, registry.get("conceptclip.batches.active").tag("replica", "cpu-1").gauge().value());
      metrics.batchEnded(
          new BatchReport<>("cpu-1", "text", 1, 20, 80, 4_000_000, 5_000_000, true, new IllegalStateException("planted")));

      assertEquals(10, registry.get("conceptclip.batches").tags("replica", "cpu-0", "kind", "text", "outcome", "done").timer()
          .totalTime(TimeUnit.MILLISECONDS), 1e-9);
      assertEquals(1, registry.get("conceptclip.batches").tags("replica", "cpu-1", "outcome", "failed").timer().count());
      assertEquals(1, registry.get("conceptclip.batch.fill").summary().totalAmount(), 1e-12);
      assertEquals(0.75, registry.get("conceptclip.batch.fill").summary().max(), 1e-12);
      assertEquals(4, registry.get("conceptclip.batch.requests").summary().totalAmount());
      assertEquals(80, registry.get("conceptclip.batch.tokens").summary().totalAmount());
      assertEquals(6, registry.get("conceptclip.batch.wait").timer().totalTime(TimeUnit.MILLISECONDS), 1e-9);
      assertEquals(1, registry.get("conceptclip.batch.retries").counter().count());
      assertEquals(1, registry.get("conceptclip.batch.errors").tag("exception", "IllegalStateException").counter().count());
      assertEquals(2000, registry.get("conceptclip.weights").tag("replica", "cpu-1").gauge().value());

      assertEquals(2, registry.get("conceptclip.replicas").gauge().value());
      metrics.replicaLost("cpu-1", new IllegalStateException("planted"));
      assertEquals(1, registry.get("conceptclip.replicas").gauge().value());
    }
  }

  @Test
  void enginesOfOneRegistryAreToldApartAndTakeTheirMetersWithThem() {
    EngineMetrics<String> first = metrics("first");
    try (EngineMetrics<String> second = metrics("second")) {
      assertTrue(assertThrows(IllegalArgumentException.class, () -> metrics("first")).getMessage().contains("\"first\""));
      first.admitted("image", Priority.NORMAL, 729);
      second.admitted("image", Priority.NORMAL, 729);
      second.admitted("image", Priority.NORMAL, 729);
      assertEquals(1, registry.get("conceptclip.requests.active").tag("engine", "first").gauge().value());
      assertEquals(2, registry.get("conceptclip.requests.active").tag("engine", "second").gauge().value());

      first.close();
      assertNull(registry.find("conceptclip.requests.active").tag("engine", "first").gauge());
      assertNotNull(registry.find("conceptclip.requests.active").tag("engine", "second").gauge());
      metrics("first").close();
    }
    assertEquals(Set.of(), names());
  }

  /** Of the meters that this package makes by itself; those of a whole engine are compared where there is one. */
  @Test
  void theGuideNamesEveryMeter() throws IOException {
    try (EngineMetrics<String> metrics = metrics("a")) {
      metrics.replica("cpu", 1);
      metrics.admitted("image", Priority.NORMAL, 1);
      metrics.batchBegan("image", "cpu", 1, 1);
      metrics.batchEnded(new BatchReport<>("cpu", "image", 1, 1, 1, 0, 0, false, new IllegalStateException("planted")));
      Set<String> missing = new TreeSet<>(names());
      assertFalse(missing.isEmpty());
      missing.removeAll(MetricsGuide.meters());
      assertEquals(Set.of(), missing, "meters that docs/metrics.md does not name");
    }
  }

  private EngineMetrics<String> metrics(String engine) {
    return new EngineMetrics<>(registry, engine, Function.identity());
  }

  private io.micrometer.core.instrument.Timer total(Ending ending) {
    return registry.get("conceptclip.requests").tags("engine", "a", "kind", "image", "priority", "normal")
        .tag("outcome", KindMeters.lower(ending)).timer();
  }

  private Set<String> names() {
    Set<String> names = new TreeSet<>();
    registry.getMeters().stream().map(Meter::getId).map(Meter.Id::getName).forEach(names::add);
    return names;
  }
}
