package org.conceptclip.batch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.conceptclip.image.DecodeCheckpoint;
import org.conceptclip.op.TokenBatch;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoder;
import org.conceptclip.runtime.Encoding;
import org.conceptclip.tensor.BadInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What goes wrong before a batch, and what is given up. The fixture checks after each that no slot and no thread is left. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class EngineDecodingTest {
  private static final EngineOptions ONE_DECODER = EngineFixture.PLAIN.toBuilder().decodeThreads(1).build();

  /** A reader whose images are what their names say, and which notes what it read. */
  private static final class NamedImages implements ImageReader {
    private final List<String> read = Collections.synchronizedList(new ArrayList<>());
    private final CountDownLatch held = new CountDownLatch(1);
    private final CountDownLatch open = new CountDownLatch(1);

    @Override
    public void read(ImageInput input, int size, MemorySegment target, DecodeCheckpoint checkpoint) {
      read.add(input.name());
      switch (input.name()) {
        case "held" -> hold();
        case "no memory" -> throw new OutOfMemoryError("planted");
        case "interrupted" -> Thread.currentThread().interrupt();
        default -> { }
      }
      target.copyFrom(EngineFixture.pixels(input.name().hashCode()).data());
    }

    private void hold() {
      held.countDown();
      try {
        open.await();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }

    @Override
    public void close() {}
  }

  private static CompletableFuture<Encoding> submit(EngineFixture fixture, String name, RequestOptions options)
      throws InterruptedException {
    return fixture.engine.submitImageWhenRoom(new ImageInput.Encoded(new byte[0], name), Detail.FEATURES, options);
  }

  private static void assertAlone(EngineFixture fixture, String name, CompletableFuture<Encoding> future) {
    assertArrayEquals(EngineFixture.alone(fixture.encoders.getFirst(), name.hashCode()), future.join().features().toFloatArray(), name);
  }

  @Test
  void corruptImageFailsAlone() throws Exception {
    byte[] good = Files.readAllBytes(EngineFixture.EXAMPLES.resolve("skin-lesion-nevus.jpg"));
    byte[] cut = Arrays.copyOf(good, 30);
    try (EngineFixture fixture = new EngineFixture(EngineFixture.PLAIN, EngineFixture.cpu())) {
      List<CompletableFuture<Encoding>> futures = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        futures.add(fixture.engine.submitImageWhenRoom(
            new ImageInput.Encoded(i == 7 ? cut : good, "image " + i), Detail.FEATURES, RequestOptions.DEFAULT));
      }
      CompletableFuture<Encoding> absent = fixture.engine.submitImageWhenRoom(
          new ImageInput.File(EngineFixture.EXAMPLES.resolve("absent.jpg")), Detail.FEATURES, RequestOptions.DEFAULT);
      String message = EngineFixture.failure(BadInputException.class, futures.get(7)).getMessage();
      assertTrue(message.startsWith("image 7: ") && !message.contains("\n"), message);
      assertTrue(EngineFixture.failure(BadInputException.class, absent).getMessage().contains("absent.jpg"));
      float[] expected = futures.getFirst().join().features().toFloatArray();
      for (int i = 0; i < futures.size(); i++) {
        if (i != 7) {
          assertArrayEquals(expected, futures.get(i).join().features().toFloatArray());
        }
      }
    }
  }

  @Test
  void errorsAndInterruptsLoseNoRequest() throws Exception {
    NamedImages images = new NamedImages();
    try (EngineFixture fixture = new EngineFixture(ONE_DECODER, images, EngineFixture.cpu())) {
      CompletableFuture<Encoding> before = submit(fixture, "a", RequestOptions.DEFAULT);
      CompletableFuture<Encoding> failing = submit(fixture, "no memory", RequestOptions.DEFAULT);
      CompletableFuture<Encoding> interrupted = submit(fixture, "interrupted", RequestOptions.DEFAULT);
      CompletableFuture<Encoding> after = submit(fixture, "b", RequestOptions.DEFAULT);
      assertAlone(fixture, "a", before);
      assertEquals("planted", EngineFixture.failure(OutOfMemoryError.class, failing).getMessage());
      assertAlone(fixture, "interrupted", interrupted);
      assertAlone(fixture, "b", after);
    }
  }

  @Test
  void whatIsOverIsNotDecodedAndPrioritiesGoFirst() throws Exception {
    NamedImages images = new NamedImages();
    EngineOptions roomy = ONE_DECODER.toBuilder().batching(new BatcherOptions(Duration.ofMillis(2), 8)).build();
    try (EngineFixture fixture = new EngineFixture(roomy, images, EngineFixture.cpu())) {
      CompletableFuture<Encoding> held = submit(fixture, "held", RequestOptions.DEFAULT);
      images.held.await();
      CompletableFuture<Encoding> normal = submit(fixture, "normal", RequestOptions.DEFAULT);
      CompletableFuture<Encoding> cancelled = submit(fixture, "cancelled", RequestOptions.DEFAULT);
      CompletableFuture<Encoding> expired =
          submit(fixture, "expired", RequestOptions.DEFAULT.withTimeout(Duration.ofMillis(5)));
      CompletableFuture<Encoding> urgent =
          submit(fixture, "urgent", RequestOptions.DEFAULT.withPriority(Priority.INTERACTIVE));
      assertTrue(cancelled.cancel(false));
      // A caller need not wait for a decoder to learn that its time is over.
      EngineFixture.failure(DeadlineExceededException.class, expired);
      images.open.countDown();
      assertAlone(fixture, "held", held);
      assertAlone(fixture, "normal", normal);
      assertAlone(fixture, "urgent", urgent);
      assertThrows(CancellationException.class, cancelled::join);
    }
    assertEquals(List.of("held", "urgent", "normal"), images.read);
  }

  @Test
  void overloadIsRefusedBeforeAnythingIsRead() throws Exception {
    NamedImages images = new NamedImages();
    try (EngineFixture fixture = new EngineFixture(ONE_DECODER, images, EngineFixture.cpu())) {
      List<CompletableFuture<Encoding>> accepted = new ArrayList<>();
      accepted.add(submit(fixture, "held", RequestOptions.DEFAULT));
      images.held.await();
      assertThrows(OverloadedException.class, () -> {
        while (true) {
          accepted.add(fixture.engine.submitImage(
              new ImageInput.Encoded(new byte[0], "image"), Detail.FEATURES, RequestOptions.DEFAULT));
        }
      });
      assertEquals(List.of("held"), images.read);
      assertEquals(1, fixture.engine.leasedSlots());
      images.open.countDown();
      accepted.forEach(CompletableFuture::join);
      assertEquals(accepted.size(), images.read.size());
    }
  }

  @Test
  void thousandsOfCancelsLeaveNothing() throws Exception {
    byte[] file = Files.readAllBytes(EngineFixture.EXAMPLES.resolve("skin-lesion-nevus.jpg"));
    Random random = new Random(11);
    try (EngineFixture fixture = new EngineFixture(EngineFixture.PLAIN, EngineFixture.cpu())) {
      List<CompletableFuture<Encoding>> futures = new ArrayList<>();
      List<Integer> kept = new ArrayList<>();
      for (int i = 0; i < 4000; i++) {
        CompletableFuture<Encoding> future = switch (i % 3) {
          case 0 -> fixture.engine.submitImageWhenRoom(
              new ImageInput.Encoded(file, "image " + i), Detail.FEATURES, RequestOptions.DEFAULT);
          case 1 -> fixture.submit(i);
          default -> fixture.engine.submitTextWhenRoom(
              EngineFixture.text(i, 1 + i % 24), Detail.FEATURES, RequestOptions.DEFAULT);
        };
        futures.add(future);
        if (random.nextInt(20) == 0) {
          kept.add(i);
        } else {
          future.cancel(true);
        }
      }
      assertTrue(kept.size() > 100, kept.size() + " were kept");
      float[] decoded = fixture.engine.submitImageWhenRoom(
          new ImageInput.Encoded(file, "image"), Detail.FEATURES, RequestOptions.DEFAULT).join().features().toFloatArray();
      Encoder encoder = fixture.encoders.getFirst();
      for (int i : kept) {
        float[] expected = switch (i % 3) {
          case 0 -> decoded;
          case 1 -> EngineFixture.alone(encoder, i);
          default -> encoder.encodeTexts(
              TokenBatch.packed(List.of(EngineFixture.text(i, 1 + i % 24).ids())), Detail.FEATURES).features().toFloatArray();
        };
        assertArrayEquals(expected, futures.get(i).join().features().toFloatArray(), "request " + i);
      }
      // Of the others some were answered before they were cancelled; nothing else may have become of them.
      for (CompletableFuture<Encoding> future : futures) {
        assertTrue(future.isCancelled() || future.state() == Future.State.SUCCESS, future.toString());
      }
    }
  }

  @Test
  void slotsAreUsedAgainAndGuarded() {
    PixelPool pool = new PixelPool(4);
    PixelPool.Slot first = pool.lease();
    PixelPool.Slot second = pool.lease();
    assertEquals(2, pool.leasedSlots());
    assertFalse(first.pixels().overlaps(second.pixels()));
    first.close();
    assertTrue(pool.lease().pixels().sameMemory(first.pixels()));
    assertEquals(2 * 48, pool.bytes());
    assertTrue(assertThrows(IllegalStateException.class, pool::close).getMessage().contains("2 slots leased"));
    first.close();
    assertThrows(IllegalStateException.class, first::close);
    second.close();
    pool.close();
    assertThrows(IllegalStateException.class, pool::lease);
  }
}
