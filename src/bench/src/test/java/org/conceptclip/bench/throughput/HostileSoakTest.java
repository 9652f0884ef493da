package org.conceptclip.bench.throughput;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.conceptclip.backend.BackendRequest;
import org.conceptclip.backend.Backends;
import org.conceptclip.batch.BatcherOptions;
import org.conceptclip.batch.ImageInput;
import org.conceptclip.image.DecodeLimits;
import org.conceptclip.image.ImageDecoder;
import org.conceptclip.tensor.BadInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A soak of some seconds with small files: that it measures and gives a verdict. How the worst files do takes minutes and much memory. */
@Timeout(120)
class HostileSoakTest {
  private static final Setup TINY =
      new Setup("synthetic:tiny", "cpu", BackendRequest.DEFAULT.withThreads(1), 2, BatcherOptions.DEFAULT);

  @Test
  void goodRequestsAreAnsweredAndNothingIsHeld() {
    CollectingSink sink = new CollectingSink();
    try (Workbench bench = new Workbench(Backends.discovered(), notice -> {})) {
      new HostileSoak(new Session(bench, TINY, BenchPlan.QUICK, sink), 0.1, 1.5, 400).run();
    }
    assertEquals(3, sink.rows.size());
    BenchRow latencies = sink.rows.getFirst();
    assertTrue(latencies.figures().get("calmRequests") > 5 && latencies.figures().get("hostileRequests") > 5, latencies::toString);
    Threshold held = sink.rows.get(1).thresholds().getLast();
    assertTrue(held.met(), held::toString);
  }

  @Test
  void theFilesAreWhatTheirNamesSay() throws Exception {
    ImageDecoder decoder = new ImageDecoder(DecodeLimits.DEFAULT);
    List<ImageInput.Encoded> files = HostileImages.all(160);
    for (int valid : new int[] {0, 1, 3, 4}) {
      ImageInput.Encoded file = files.get(valid);
      assertTrue(decoder.decode(file.bytes(), file.name()).width() >= 160, file.name());
    }
    ImageDecoder narrow = new ImageDecoder(DecodeLimits.DEFAULT.withMaxPixels(100));
    for (int announced : new int[] {0, 1, 2, 3, 4}) {
      ImageInput.Encoded file = files.get(announced);
      String message = assertThrows(BadInputException.class, () -> narrow.decode(file.bytes(), file.name())).getMessage();
      assertTrue(message.contains("header announces"), message);
    }
  }
}
