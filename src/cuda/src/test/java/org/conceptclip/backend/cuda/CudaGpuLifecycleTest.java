package org.conceptclip.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.cuda.driver.CudaDriver;
import org.conceptclip.model.ModelConfig;
import org.conceptclip.model.ModelLayout;
import org.conceptclip.model.SyntheticModels;
import org.conceptclip.op.TokenBatch;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoder;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.weights.SyntheticWeights;
import org.conceptclip.weights.WeightSource;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Opening, encoding and closing again and again leaves nothing behind, neither in the driver's counts nor on the device. */
@OnGpu
class CudaGpuLifecycleTest {
  private static final ModelConfig TINY = SyntheticModels.named("synthetic:tiny").orElseThrow();

  /** Cycles before the device's memory is looked at: the driver keeps what it loads once. */
  private static final int SETTLING_CYCLES = 3;

  private static final int CYCLES = 25;

  /** What nvidia-smi's rounding to MiB may hide or add. */
  private static final long SLACK_MIB = 2;

  @Test
  void everythingIsGivenBackAndResultsStayTheSame() {
    float[] first = cycle();
    for (int i = 1; i < SETTLING_CYCLES; i++) {
      assertArrayEquals(first, cycle(), "features of cycle " + i);
    }
  }

  /** By nvidia-smi: an emulated device has no memory that it could tell of, so runs on it leave this tag out. */
  @Test
  @Tag("device-memory")
  void deviceMemoryStaysFlat() throws IOException, InterruptedException {
    for (int i = 0; i < SETTLING_CYCLES; i++) {
      cycle();
    }
    long before = usedMib();
    for (int i = 0; i < CYCLES; i++) {
      cycle();
    }
    long after = usedMib();
    assertTrue(after - before <= SLACK_MIB, () -> "device memory in use grew from " + before + " MiB to " + after + " MiB in "
        + CYCLES + " cycles of open, encode, close");
  }

  /** Raw image features of one life of a backend. */
  private static float[] cycle() {
    CudaDriver driver = GpuUnderTest.openDriver();
    float[] features;
    try (Backend backend = new CudaBackend("cuda", driver, CudaOptions.defaults());
        WeightSource weights = new SyntheticWeights("synthetic:tiny", ModelLayout.of(TINY));
        Encoder encoder = Encoder.load(TINY, weights, backend, notice -> {})) {
      int size = TINY.vision().geometry().imageSize();
      features = encoder.encodeImages(HostTensor.of(new float[2 * 3 * size * size], 2, 3, size, size), Detail.FEATURES)
          .rawFeatures()
          .toFloatArray();
      encoder.encodeTexts(TokenBatch.packed(List.of(new int[] {2, 7, 3}, new int[] {2, 3})), Detail.TOKENS);
    }
    assertEquals(0, driver.allocatedBytes(), "bytes of device memory after closing");
    assertEquals(0, driver.liveObjects(), "streams, events, graphs and blocks after closing");
    return features;
  }

  private static long usedMib() throws IOException, InterruptedException {
    Process process = new ProcessBuilder("nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits", "--id=0")
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
    String answer = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    assertTrue(process.waitFor(20, TimeUnit.SECONDS) && process.exitValue() == 0, "nvidia-smi failed: " + answer);
    return Long.parseLong(answer);
  }
}
