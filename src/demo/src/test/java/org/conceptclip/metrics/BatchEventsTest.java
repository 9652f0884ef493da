package org.conceptclip.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.conceptclip.ConceptClip;
import org.conceptclip.ConceptClipOptions;
import org.conceptclip.batch.BatchListener;
import org.conceptclip.batch.BatchReport;
import org.conceptclip.batch.Priority;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Events are read back from a recording; and without the recorder's module there is no listener, and no failure. */
@Timeout(60)
class BatchEventsTest {
  @TempDir private Path folder;

  @Test
  void batchesRefusalsAndLossesAreRecorded() throws IOException {
    BatchListener<String> events = BatchEvents.<String>ifAvailable(Function.identity()).orElseThrow();
    List<RecordedEvent> recorded = record("off", () -> {
      events.batchEnded(new BatchReport<>("cpu-0", "text", 3, 60, 80, 2_000_000, 10_000_000, false, null));
      events.batchEnded(new BatchReport<>("cpu-0", "text", 1, 20, 80, 0, 5_000_000, true, new IllegalStateException("planted")));
      events.refused("image", Priority.BULK, 729);
      events.replicaLost("cpu-0", new IllegalStateException("gone"));
    });
    assertEquals(4, recorded.size());

    RecordedEvent batch = recorded.getFirst();
    assertEquals("cpu-0", batch.getString("replica"));
    assertEquals("text", batch.getString("kind"));
    assertEquals(3, batch.getInt("requests"));
    assertEquals(60, batch.getLong("tokens"));
    assertEquals(0.75f, batch.getFloat("fill"));
    assertEquals(Duration.ofMillis(2), batch.getDuration("oldestWait"));
    assertEquals(Duration.ofMillis(10), batch.getDuration("computeTime"));
    assertEquals(false, batch.getBoolean("retry"));
    assertNull(batch.getString("failure"));
    RecordedEvent failed = recorded.get(1);
    assertEquals(true, failed.getBoolean("retry"));
    assertEquals("java.lang.IllegalStateException: planted", failed.getString("failure"));

    RecordedEvent refused = recorded.get(2);
    assertEquals("conceptclip.RequestRefused", refused.getEventType().getName());
    assertEquals("BULK", refused.getString("priority"));
    assertEquals(729, refused.getInt("tokens"));
    assertEquals("java.lang.IllegalStateException: gone", recorded.get(3).getString("cause"));

    Set<String> names = new TreeSet<>();
    recorded.forEach(event -> names.add(event.getEventType().getName()));
    assertEquals(names, MetricsGuide.events());
  }

  /** A million refusals a second must not fill the recording. */
  @Test
  void refusalsAreThrottled() throws IOException {
    BatchListener<String> events = BatchEvents.<String>ifAvailable(Function.identity()).orElseThrow();
    int recorded = record(null, () -> {
      for (int i = 0; i < 100_000; i++) {
        events.refused("image", Priority.BULK, 729);
      }
    }).size();
    assertTrue(recorded >= 1 && recorded < 20_000, recorded + " of 100,000 refusals were recorded");
  }

  /** The modules are those of a small Java runtime that was linked for this library. */
  @Test
  void aRuntimeWithoutTheRecorderOpensAModelAllTheSame() throws IOException, InterruptedException {
    Process child = new ProcessBuilder(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "--limit-modules", "java.base,java.desktop,java.logging,java.management,java.xml,jdk.unsupported",
        "--enable-native-access=ALL-UNNAMED",
        "--sun-misc-unsafe-memory-access=allow",
        "-cp", System.getProperty("java.class.path"),
        WithoutRecorder.class.getName())
        .redirectErrorStream(true)
        .start();
    String output = new String(child.getInputStream().readAllBytes());
    assertEquals(0, child.waitFor(), output);
    assertEquals("no recorder, a vector", output.strip());
  }

  /** @param throttleOrNull instead of the events' own */
  private List<RecordedEvent> record(String throttleOrNull, Runnable work) throws IOException {
    Path file = folder.resolve("events.jfr");
    try (Recording recording = new Recording()) {
      if (throttleOrNull != null) {
        recording.enable("conceptclip.RequestRefused").with("throttle", throttleOrNull);
      }
      recording.start();
      work.run();
      recording.stop();
      recording.dump(file);
    }
    return RecordingFile.readAllEvents(file).stream()
        .filter(event -> event.getEventType().getName().startsWith("conceptclip."))
        .toList();
  }

  /** Runs in a Java runtime that has no flight recorder. */
  static final class WithoutRecorder {
    private WithoutRecorder() {}

    public static void main(String[] arguments) {
      boolean recorder = BatchEvents.<String>ifAvailable(Function.identity()).isPresent();
      ConceptClipOptions options = ConceptClipOptions.builder()
          .backend("cpu")
          .meters(new SimpleMeterRegistry())
          .notices(notice -> { })
          .build();
      try (ConceptClip clip = ConceptClip.open(options)) {
        float[] vector = clip.embedImage(Path.of("examples/brain-mri-tumour.png"));
        System.out.println((recorder ? "a recorder, " : "no recorder, ") + (vector.length > 0 ? "a vector" : "no vector"));
      }
    }
  }
}
