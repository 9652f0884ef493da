package org.conceptclip.batch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.conceptclip.backend.Backend;
import org.conceptclip.catalog.OpenModel;
import org.conceptclip.image.DecodeLimits;
import org.conceptclip.image.ImageDecoder;
import org.conceptclip.image.Preprocessor;
import org.conceptclip.op.TokenBatch;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoder;
import org.conceptclip.runtime.Encoding;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.text.TokenizedText;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What an engine answers is what its encoder answers alone, bit for bit, however it came and whatever it shared a batch with. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class EngineTest {
  private static List<Path> examples() throws IOException {
    try (Stream<Path> files = Files.list(EngineFixture.EXAMPLES)) {
      List<Path> images = files.sorted().toList();
      assertEquals(12, images.size());
      return images;
    }
  }

  @Test
  void imageFilesAreDecodedAsTheDecoderDoes() throws Exception {
    try (EngineFixture fixture = new EngineFixture(EngineFixture.PLAIN, EngineFixture.cpu())) {
      List<CompletableFuture<Encoding>> fromFiles = new ArrayList<>();
      List<CompletableFuture<Encoding>> fromBytes = new ArrayList<>();
      for (Path file : examples()) {
        fromFiles.add(
            fixture.engine.submitImageWhenRoom(new ImageInput.File(file), Detail.FEATURES, RequestOptions.DEFAULT));
        ImageInput encoded = new ImageInput.Encoded(Files.readAllBytes(file), file.toString());
        fromBytes.add(fixture.engine.submitImageWhenRoom(encoded, Detail.TOKENS, RequestOptions.DEFAULT));
      }
      for (int i = 0; i < fromFiles.size(); i++) {
        HostTensor pixels =
            Preprocessor.toPixels(new ImageDecoder(DecodeLimits.DEFAULT).decode(examples().get(i)), EngineFixture.SIZE);
        Encoding expected = fixture.encoders.getFirst().encodeImages(List.of(pixels), Detail.TOKENS, nanos -> {});
        Encoding found = fromBytes.get(i).join();
        assertArrayEquals(expected.features().toFloatArray(), fromFiles.get(i).join().features().toFloatArray());
        assertEquals(Set.of(Encoding.Output.FEATURES), fromFiles.get(i).join().outputs().keySet());
        assertThrows(IllegalStateException.class, fromFiles.get(i).join()::tokenFeatures);
        assertArrayEquals(expected.features().toFloatArray(), found.features().toFloatArray());
        assertArrayEquals(expected.tokenFeatures().toFloatArray(), found.tokenFeatures().toFloatArray());
        assertEquals(List.of(16L, 144L), extents(found.tokenFeatures()));
      }
      assertTrue(fixture.engine.pixelBytes() > 0);
    }
  }

  private static List<Long> extents(HostTensor tensor) {
    return Arrays.stream(tensor.shape().toArray()).boxed().toList();
  }

  @Test
  void textsArePackedWithoutPadding() throws Exception {
    try (EngineFixture fixture = new EngineFixture(EngineFixture.PLAIN, EngineFixture.cpu())) {
      List<TokenizedText> texts = new ArrayList<>();
      List<CompletableFuture<Encoding>> futures = new ArrayList<>();
      for (int i = 0; i < 60; i++) {
        texts.add(EngineFixture.text(i, 1 + i % 24));
        futures.add(fixture.engine.submitTextWhenRoom(texts.getLast(), Detail.TOKENS, RequestOptions.DEFAULT));
      }
      for (int i = 0; i < texts.size(); i++) {
        Encoding found = futures.get(i).join();
        Encoding expected =
            fixture.encoders.getFirst().encodeTexts(TokenBatch.packed(List.of(texts.get(i).ids())), Detail.TOKENS);
        assertArrayEquals(expected.features().toFloatArray(), found.features().toFloatArray());
        assertArrayEquals(expected.tokenFeatures().toFloatArray(), found.tokenFeatures().toFloatArray());
      }
      StageReport report = fixture.engine.report();
      assertEquals(texts.stream().mapToLong(TokenizedText::length).sum(), report.tokensWanted());
      assertEquals(report.tokensWanted(), report.tokensComputed());
    }
  }

  @Test
  void scoresShareBatchesOfEqualTargets() throws Exception {
    List<Integer> batches = Collections.synchronizedList(new ArrayList<>());
    EngineOptions options = EngineFixture.PLAIN.toBuilder().listeners(List.of(new BatchListener<WorkKind>() {
      @Override
      public void batchEnded(BatchReport<WorkKind> report) {
        batches.add(report.requests());
      }
    })).build();
    try (EngineFixture fixture = new EngineFixture(options, EngineFixture.cpu())) {
      Encoder encoder = fixture.encoders.getFirst();
      HostTensor classes = encoder.encodeImages(
          List.of(EngineFixture.pixels(91), EngineFixture.pixels(92)), Detail.FEATURES, nanos -> {}).features();
      ScoreTargets both = new ScoreTargets(classes, classes, 3);
      ScoreTargets globalAlone = new ScoreTargets(classes, null, 3);
      List<CompletableFuture<Encoding>> futures = new ArrayList<>();
      for (int i = 0; i < 16; i++) {
        futures.add(fixture.engine.submitScoresWhenRoom(
            EngineFixture.input(i), i % 2 == 0 ? both : globalAlone, RequestOptions.DEFAULT));
      }
      for (int i = 0; i < 16; i++) {
        Encoding expected = encoder.scoreImages(List.of(EngineFixture.pixels(i)), classes, classes, 3, nanos -> {});
        assertArrayEquals(expected.globalLogits().toDoubleArray(), futures.get(i).join().globalLogits().toDoubleArray());
        if (i % 2 == 0) {
          assertArrayEquals(expected.localLogits().toDoubleArray(), futures.get(i).join().localLogits().toDoubleArray());
        } else {
          assertFalse(futures.get(i).join().has(Encoding.Output.LOCAL_LOGITS));
        }
      }
    }
    assertTrue(batches.stream().anyMatch(requests -> requests > 1), () -> "batches of " + batches);
  }

  @Test
  void replicasShareTheWork() throws Exception {
    Set<String> busy = new ConcurrentSkipListSet<>();
    EngineOptions options = EngineFixture.PLAIN.toBuilder().warmUp(true).listeners(List.of(new BatchListener<WorkKind>() {
      @Override
      public void batchBegan(WorkKind kind, String replica, int requests, long cost) {
        busy.add(replica);
      }
    })).build();
    try (EngineFixture fixture = new EngineFixture(options, EngineFixture.cpu(), EngineFixture.cpu())) {
      List<CompletableFuture<Encoding>> futures = new ArrayList<>();
      for (int i = 0; i < 64; i++) {
        futures.add(fixture.submit(i));
      }
      for (int i = 0; i < futures.size(); i++) {
        assertArrayEquals(EngineFixture.alone(fixture.encoders.get(i % 2), i), futures.get(i).join().features().toFloatArray());
      }
      assertEquals(List.of("cpu-0", "cpu-1"), fixture.engine.replicaNames());
    }
    assertEquals(Set.of("cpu-0", "cpu-1"), busy);
  }

  @Test
  void badInputIsRefusedAtOnce() {
    try (EngineFixture fixture = new EngineFixture(EngineFixture.PLAIN, EngineFixture.cpu())) {
      Engine engine = fixture.engine;
      HostTensor small = HostTensor.allocate(Arena.ofAuto(), DType.U8, 60, 61, 3);
      assertThrows(BadInputException.class,
          () -> engine.submitImage(new ImageInput.Pixels(small), Detail.FEATURES, RequestOptions.DEFAULT));
      assertThrows(BadInputException.class,
          () -> engine.submitText(EngineFixture.text(1, 0), Detail.FEATURES, RequestOptions.DEFAULT));
      assertThrows(BadInputException.class,
          () -> engine.submitText(EngineFixture.text(1, 41), Detail.FEATURES, RequestOptions.DEFAULT));
      TokenizedText foreign = new TokenizedText(new int[] {2, 200, 3}, new int[3], new int[3], false);
      assertEquals("token 1: id 200 is outside the vocabulary, expected 0 to 199", assertThrows(BadInputException.class,
          () -> engine.submitText(foreign, Detail.FEATURES, RequestOptions.DEFAULT)).getMessage());
      ScoreTargets narrow = new ScoreTargets(HostTensor.of(new float[3], 1, 3), null, 1);
      assertThrows(BadInputException.class, () -> engine.submitScores(EngineFixture.input(1), narrow, RequestOptions.DEFAULT));
      assertThrows(IllegalArgumentException.class,
          () -> engine.submitImage(EngineFixture.input(1), Detail.STATES, RequestOptions.DEFAULT));
      assertEquals(0, engine.snapshot().heldBatches());
    }
  }

  @Test
  void modelsMustBeCopiesOfOne() {
    try (Backend backend = EngineFixture.cpu();
        Encoder tiny = EngineFixture.load(backend);
        OpenModel model = OpenModel.embedded();
        Encoder demo = model.load(backend)) {
      assertThrows(IllegalArgumentException.class, () -> Engine.open(List.of(), EngineFixture.PLAIN));
      String message =
          assertThrows(IllegalArgumentException.class, () -> Engine.open(List.of(tiny, demo), EngineFixture.PLAIN)).getMessage();
      assertEquals("encoder 1 has a model of another architecture than encoder 0, expected copies of one model", message);
    }
    assertEquals(List.of(), EngineFixture.engineThreads());
  }

  @Test
  void reportSaysWhereTimeWent() throws Exception {
    try (EngineFixture fixture = new EngineFixture(EngineFixture.PLAIN, EngineFixture.cpu())) {
      StageReport before = fixture.engine.report();
      List<CompletableFuture<Encoding>> futures = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        futures.add(fixture.engine.submitImageWhenRoom(new ImageInput.File(examples().get(i)), Detail.FEATURES, RequestOptions.DEFAULT));
      }
      futures.forEach(CompletableFuture::join);
      while (fixture.engine.report().since(before).row(Stage.COMPLETE).busyNanos() == 0) {
        // Callers are told before the time that this took is known.
        Thread.onSpinWait();
      }
      StageReport report = fixture.engine.report().since(before);
      for (Stage stage : Stage.values()) {
        assertEquals(8, report.row(stage).items(), stage.name());
        assertTrue(report.row(stage).busyNanos() > 0, stage.name());
        assertEquals(0, report.row(stage).queueDepth(), stage.name());
      }
      assertEquals(2, report.row(Stage.DECODE).threads());
      assertTrue(report.row(Stage.COMPUTE).busyNanos() <= report.windowNanos());
      List<String> lines = report.lines();
      assertEquals(1 + Stage.values().length, lines.size());
      assertEquals(1, lines.stream().filter(line -> line.endsWith("<- limits")).count());
    }
  }

  @Test
  void busiestThreadsLimit() {
    List<StageReport.Row> rows = List.of(
        new StageReport.Row(Stage.DECODE, 4, 300, 1, 0),
        new StageReport.Row(Stage.WAIT, 0, 100_000, 1, 0),
        new StageReport.Row(Stage.PACK, 1, 10, 1, 0),
        new StageReport.Row(Stage.COMPUTE, 1, 80, 1, 0),
        new StageReport.Row(Stage.COMPLETE, 2, 5, 1, 0));
    StageReport report = new StageReport(100, rows, 0, 0);
    assertEquals(Stage.COMPUTE, report.limitingStage());
    assertEquals(100, report.row(Stage.DECODE).idleNanos(100));
    assertEquals(0.75, report.row(Stage.DECODE).utilisation(100));
  }
}
