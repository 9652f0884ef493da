package org.conceptclip.batch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.Precision;
import org.conceptclip.backend.cpu.CpuBackend;
import org.conceptclip.catalog.OpenModel;
import org.conceptclip.image.DecodeLimits;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoder;
import org.conceptclip.runtime.Encoding;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;
import org.conceptclip.text.TokenizedText;

/** Encoders of the tiny model with an engine over them, inputs for it, and the checks that hold after whatever happened to it. */
final class EngineFixture implements AutoCloseable {
  static final int SIZE = 61;
  static final Path EXAMPLES = Path.of("examples");
  static final EngineOptions PLAIN = EngineOptions.builder().warmUp(false).decodeThreads(2).build();

  final List<Backend> backends;
  final List<Encoder> encoders = new ArrayList<>();
  final Engine engine;

  /** An engine over the tiny model on each of these backends, which it owns. */
  EngineFixture(EngineOptions options, Backend... backends) {
    this(options, new ImageReader.OfFiles(DecodeLimits.DEFAULT), backends);
  }

  EngineFixture(EngineOptions options, ImageReader reader, Backend... backends) {
    this.backends = List.of(backends);
    for (Backend backend : backends) {
      encoders.add(load(backend));
    }
    this.engine = Engine.open(encoders, options, reader);
  }

  static Encoder load(Backend backend) {
    try (OpenModel model = OpenModel.open("synthetic:tiny")) {
      return model.load(backend);
    }
  }

  static Backend cpu() {
    return new CpuBackend(Precision.FP32, 1);
  }

  /** U8 [61, 61, 3] of noise, another for each seed. */
  static HostTensor pixels(int seed) {
    byte[] bytes = new byte[SIZE * SIZE * 3];
    new Random(seed).nextBytes(bytes);
    return HostTensor.view(DType.U8, Shape.of(SIZE, SIZE, 3), MemorySegment.ofArray(bytes));
  }

  static ImageInput input(int seed) {
    return new ImageInput.Pixels(pixels(seed));
  }

  /** A text of so many tokens, another for each seed. */
  static TokenizedText text(int seed, int tokens) {
    int[] ids = new Random(seed).ints(tokens, 1, 200).toArray();
    return new TokenizedText(ids, new int[tokens], new int[tokens], false);
  }

  static float[] alone(Encoder encoder, int seed) {
    return encoder.encodeImages(List.of(pixels(seed)), Detail.FEATURES, nanos -> {}).features().toFloatArray();
  }

  CompletableFuture<Encoding> submit(int seed) throws InterruptedException {
    return engine.submitImageWhenRoom(input(seed), Detail.FEATURES, RequestOptions.DEFAULT);
  }

  /** What a future failed with. */
  static <T extends Throwable> T failure(Class<T> type, CompletableFuture<?> future) {
    Throwable failure = assertThrows(Throwable.class, future::join);
    Throwable cause = failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
    assertTrue(type.isInstance(cause), () -> "failed with " + cause + ", expected " + type.getSimpleName());
    return type.cast(cause);
  }

  static List<String> engineThreads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(Thread::isAlive)
        .map(Thread::getName)
        .filter(name -> Stream.of("decode", "lane", "complete", "timer").anyMatch(part -> name.startsWith("conceptclip-" + part)))
        .sorted()
        .toList();
  }

  /** Closes the engine and checks that nothing is left of it; then the encoders and backends. */
  @Override
  public void close() {
    engine.close();
    assertEquals(0, engine.leasedSlots(), "pixel slots leased after close");
    assertThrows(BatcherClosedException.class, () -> engine.submitText(text(1, 3), Detail.FEATURES, RequestOptions.DEFAULT));
    // The timer's thread is told to end, and not waited for.
    for (int i = 0; i < 1000 && !engineThreads().isEmpty(); i++) {
      LockSupport.parkNanos(1_000_000);
    }
    assertEquals(List.of(), engineThreads(), "threads after close");
    encoders.forEach(Encoder::close);
    backends.forEach(Backend::close);
  }
}
