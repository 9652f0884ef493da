package org.conceptclip;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.conceptclip.batch.EngineOptions;
import org.conceptclip.batch.OverloadedException;
import org.conceptclip.metrics.MetricsGuide;
import org.conceptclip.tensor.BadInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Meters and events of an engine under load add up to what was asked of it. */
@Timeout(120)
class ConceptClipMetricsTest {
  private static final Path XRAY = Path.of("examples/chest-xray-normal.png");
  private static final int IMAGES = 50;
  private static final int TEXTS = 3;

  private final MeterRegistry registry = new SimpleMeterRegistry();
  private final FakeBackends backends = new FakeBackends();

  @TempDir private Path folder;

  @Test
  void metersAndEventsAddUp() throws IOException {
    AtomicInteger executions = new AtomicInteger();
    backends.beforeExecution = backend -> {
      if (executions.incrementAndGet() == 3) {
        throw new IllegalStateException("planted");
      }
    };
    try (Recording recording = new Recording(); ConceptClip clip = open()) {
      recording.enable("conceptclip.RequestRefused").with("throttle", "off");
      recording.start();
      long failed;
      try (Stream<Outcome<Path, float[]>> outcomes = clip.embedImages(Stream.generate(() -> XRAY).limit(IMAGES))) {
        failed = outcomes.filter(outcome -> !outcome.isDone()).count();
      }
      clip.embedTexts(IntStream.range(0, TEXTS).mapToObj(i -> "text " + i).toList());
      assertThrows(BadInputException.class, () -> clip.embedImage(folder));
      int more = overload(clip);
      awaitQuiet();

      assertEquals(IMAGES - failed + more, total("images", "done").count());
      assertEquals(failed + 1, total("images", "failed").count(), "the directory, and what the planted fault hit alone");
      assertEquals(TEXTS, total("texts", "done").count());
      assertEquals(1, registry.get("conceptclip.requests.refused").tags("kind", "images", "priority", "normal").counter().count());
      assertEquals(1, registry.get("conceptclip.batch.errors").tag("exception", "IllegalStateException").counter().count());
      assertTrue(total("images", "done").totalTime(TimeUnit.NANOSECONDS) > waited(), "requests waited longer than they took");
      assertEquals(1, registry.get("conceptclip.replicas").gauge().value());
      assertTrue(registry.get("conceptclip.weights").gauge().value() > 1e6, "the demo model has 700,000 weights");
      assertTrue(registry.get("conceptclip.pixels").gauge().value() > 0);
      assertEquals(0, registry.get("conceptclip.pixels.slots").gauge().value());
      assertEquals(0, registry.get("conceptclip.queue").tag("state", "ready").gauge().value());
      assertEquals(0, registry.get("conceptclip.batches.active").gauge().value());
      assertEquals(MetricsGuide.meters(), names());

      recording.stop();
      recording.dump(folder.resolve("load.jfr"));
    }
    assertEvents(RecordingFile.readAllEvents(folder.resolve("load.jfr")));
    assertEquals(List.of(), registry.getMeters(), "a closed engine left meters behind");
  }

  private static void assertEvents(List<RecordedEvent> events) {
    List<RecordedEvent> batches =
        events.stream().filter(event -> event.getEventType().getName().equals("conceptclip.Batch")).toList();
    int texts = batches.stream().filter(event -> event.getString("kind").equals("texts")).mapToInt(event -> event.getInt("requests")).sum();
    assertTrue(batches.stream().filter(event -> event.getString("failure") != null).count() == 1, "one batch was made to fail");
    assertEquals(TEXTS, texts);
    assertEquals(1, events.stream().filter(event -> event.getEventType().getName().equals("conceptclip.RequestRefused")).count());
  }

  private ConceptClip open() {
    return ConceptClip.open(ConceptClipOptions.builder()
        .backend("cpu")
        .meters(registry)
        .engine(EngineOptions.builder().warmUp(false).build())
        .notices(notice -> { })
        .build(), backends.all());
  }

  /** Images until one is refused; returns how many were not. */
  private static int overload(ConceptClip clip) {
    List<CompletableFuture<float[]>> accepted = new ArrayList<>();
    assertThrows(OverloadedException.class, () -> {
      while (accepted.size() < 10_000) {
        accepted.add(clip.submitImage(XRAY));
      }
    });
    accepted.forEach(CompletableFuture::join);
    return accepted.size();
  }

  /** A listener hears of an end about when its caller does: in no order. */
  private void awaitQuiet() {
    while (registry.get("conceptclip.requests.active").gauges().stream().anyMatch(gauge -> gauge.value() > 0)
        || registry.get("conceptclip.batches.active").gauge().value() > 0) {
      Thread.onSpinWait();
    }
  }

  private double waited() {
    return registry.get("conceptclip.requests.wait").tags("kind", "images", "priority", "normal").timer().totalTime(TimeUnit.NANOSECONDS);
  }

  private Timer total(String kind, String outcome) {
    return registry.get("conceptclip.requests").tags("engine", "demo", "kind", kind, "priority", "normal", "outcome", outcome).timer();
  }

  private Set<String> names() {
    Set<String> names = new TreeSet<>();
    registry.getMeters().stream().map(Meter::getId).map(Meter.Id::getName).forEach(names::add);
    return names;
  }
}
