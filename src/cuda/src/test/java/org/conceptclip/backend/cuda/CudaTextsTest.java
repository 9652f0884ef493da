package org.conceptclip.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.conceptclip.backend.OnEmulator;
import org.conceptclip.backend.cuda.ForwardingDriver.Call;
import org.conceptclip.backend.cuda.driver.emulated.EmulatedDevice;
import org.conceptclip.op.TokenBatch;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoder;
import org.conceptclip.runtime.Encoding;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Passes of texts of any lengths are graphs, and a text's features do not depend on the pass it was in. */
@OnEmulator
class CudaTextsTest {
  private static final int CONTEXT = SmallModel.CONFIG.text().contextLength();
  private static final int VOCABULARY = SmallModel.CONFIG.text().vocabulary();
  private static final int BUDGET = 256;
  private static final int PASSES = 100;

  private CountingDriver driver;
  private CudaBackend backend;
  private Encoder encoder;

  @BeforeEach
  void open() {
    driver = new CountingDriver(SmallModel.device(EmulatedDevice.ofCapability(90)));
    backend = new CudaBackend("test", driver, CudaOptions.defaults());
    encoder = SmallModel.load(backend, notice -> {});
  }

  @AfterEach
  void close() {
    encoder.close();
    backend.close();
  }

  /** Texts of random lengths, of at most so many tokens in all. */
  private static List<int[]> texts(Random random, int most) {
    List<int[]> texts = new ArrayList<>();
    int[] next = text(random);
    for (int total = 0; total + next.length <= most || texts.isEmpty(); next = text(random)) {
      texts.add(next);
      total += next.length;
    }
    return texts;
  }

  private static int[] text(Random random) {
    return random.ints(1 + random.nextInt(CONTEXT), 0, VOCABULARY).toArray();
  }

  private long calls(Call call) {
    return driver.calls().getOrDefault(call, 0L);
  }

  @Test
  void streamsOfRandomTextsAreGraphs() {
    encoder.warmUp(List.of(1), BUDGET);
    Random random = new Random(7);
    for (int pass = 0; pass < 40; pass++) {
      encoder.encodeTexts(TokenBatch.packed(texts(random, 1 + random.nextInt(BUDGET))), Detail.FEATURES);
    }
    driver.reset();
    for (int pass = 0; pass < PASSES; pass++) {
      encoder.encodeTexts(TokenBatch.packed(texts(random, 1 + random.nextInt(BUDGET))), Detail.FEATURES);
    }
    assertTrue(calls(Call.LAUNCH_GRAPH) >= 0.99 * PASSES, calls(Call.LAUNCH_GRAPH) + " of " + PASSES + " passes were graphs");
    for (Call call : List.of(Call.ALLOCATE, Call.ALLOCATE_PINNED, Call.FREE, Call.FREE_PINNED)) {
      assertEquals(0, calls(call), call.name());
    }
  }

  /** Full passes, as an engine makes them under load, are graphs from the first on. */
  @Test
  void fullPassesAreGraphsAfterTheWarmUp() {
    encoder.warmUp(List.of(1), BUDGET);
    Random random = new Random(8);
    driver.reset();
    for (int pass = 0; pass < 20; pass++) {
      encoder.encodeTexts(TokenBatch.packed(texts(random, BUDGET)), Detail.FEATURES);
    }
    assertEquals(20, calls(Call.LAUNCH_GRAPH));
    assertEquals(0, calls(Call.LAUNCH));
    assertEquals(0, calls(Call.BEGIN_CAPTURE));
  }

  @Test
  void featuresDoNotDependOnTheBucket() {
    Random random = new Random(9);
    List<int[]> texts = texts(random, 150);
    Encoding all = encoder.encodeTexts(TokenBatch.packed(texts), Detail.STATES);
    assertEquals(texts.size(), all.features().rows(), "results have the texts' own rows");
    assertEquals(TokenBatch.packed(texts).ids().length, all.tokenStates().rows());
    int row = 0;
    for (int i = 0; i < texts.size(); i += 3) {
      List<int[]> some = texts.subList(i, Math.min(texts.size(), i + 3));
      Encoding part = encoder.encodeTexts(TokenBatch.packed(some), Detail.STATES);
      int tokens = some.stream().mapToInt(text -> text.length).sum();
      assertArrayEquals(all.features().rows(i, some.size()).toFloatArray(), part.features().toFloatArray());
      assertArrayEquals(all.rawFeatures().rows(i, some.size()).toFloatArray(), part.rawFeatures().toFloatArray());
      assertArrayEquals(all.tokenFeatures().rows(row, tokens).toFloatArray(), part.tokenFeatures().toFloatArray());
      assertArrayEquals(all.tokenStates().rows(row, tokens).toFloatArray(), part.tokenStates().toFloatArray());
      row += tokens;
    }
  }

  /** Rows that nobody reads are finite, whatever the memory held. */
  @Test
  void paddingIsComputedLikeTexts() {
    int[] text = {2, 7, 3};
    float[] alone = encoder.encodeTexts(TokenBatch.packed(List.of(text)), Detail.FEATURES).features().toFloatArray();
    List<int[]> many = new ArrayList<>(texts(new Random(10), 200));
    many.addFirst(text);
    encoder.encodeTexts(TokenBatch.packed(many), Detail.FEATURES);
    assertArrayEquals(alone, encoder.encodeTexts(TokenBatch.packed(List.of(text)), Detail.FEATURES).features().toFloatArray());
    assertTrue(Arrays.equals(alone, Arrays.copyOf(
        encoder.encodeTexts(TokenBatch.packed(many), Detail.FEATURES).features().toFloatArray(), alone.length)));
  }
}
