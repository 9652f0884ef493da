package org.conceptclip;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.conceptclip.batch.EngineOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Many threads on one ConceptClip get what each would get alone; closing among them loses and hangs nobody. */
@Timeout(120)
class ConceptClipConcurrencyTest {
  private static final int THREADS = 12;
  private static final List<String> LABELS = List.of("chest X-ray", "brain MRI", "skin lesion");

  private final FakeBackends backends = new FakeBackends();

  @Test
  void everyThreadGetsItsOwnResults() throws IOException, InterruptedException, ExecutionException {
    List<Path> images = ConceptClipTest.examples();
    try (ConceptClip clip = open(2); ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
      Classifier classifier = clip.classifier(LABELS);
      List<float[]> vectors = clip.embedImages(images);
      List<Classification> classes = classifier.classify(images);
      List<String> texts = images.stream().map(Path::toString).toList();
      List<float[]> textVectors = clip.embedTexts(texts);
      List<Future<?>> all = new ArrayList<>();
      for (int thread = 0; thread < THREADS; thread++) {
        Random random = new Random(thread);
        all.add(threads.submit(() -> {
          for (int round = 0; round < 15; round++) {
            int i = random.nextInt(images.size());
            switch (random.nextInt(5)) {
              case 0 -> assertArrayEquals(vectors.get(i), clip.embedImage(images.get(i)));
              case 1 -> assertArrayEquals(textVectors.get(i), clip.embedText(texts.get(i)));
              case 2 -> assertEquals(classes.get(i), classifier.classify(images.get(i)));
              case 3 -> assertArrayEquals(vectors.get(i), clip.imageTokens(images.get(i)).vector());
              default -> {
                try (Stream<Outcome<Path, float[]>> outcomes = clip.embedImages(images.stream())) {
                  // Taken in part, at times: the rest is cancelled.
                  List<Outcome<Path, float[]>> some = outcomes.limit(1 + i).toList();
                  assertArrayEquals(vectors.get(i), some.get(i).orThrow());
                }
              }
            }
          }
        }));
      }
      for (Future<?> one : all) {
        one.get();
      }
    }
    assertEquals(0, backends.open.get());
  }

  @Test
  void closingAmongCallsEndsEachWithAResultOrByName() throws IOException, InterruptedException, ExecutionException {
    List<Path> images = ConceptClipTest.examples();
    AtomicInteger done = new AtomicInteger();
    AtomicInteger refused = new AtomicInteger();
    try (ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
      ConceptClip clip = open(1);
      List<Future<?>> all = new ArrayList<>();
      for (int thread = 0; thread < THREADS; thread++) {
        int own = thread;
        all.add(threads.submit(() -> {
          try {
            while (true) {
              float[] vector = own % 2 == 0 ? clip.embedImage(images.get(own)) : clip.embedText("text " + own);
              assertEquals(clip.dimension(), vector.length);
              done.incrementAndGet();
            }
          } catch (IllegalStateException e) {
            assertTrue(e.getMessage().endsWith("is closed"), e.getMessage());
            refused.incrementAndGet();
          }
        }));
      }
      while (done.get() < 5 * THREADS) {
        Thread.sleep(1);
      }
      Thread second = Thread.ofPlatform().start(clip::close);
      clip.close();
      second.join();
      for (Future<?> one : all) {
        one.get();
      }
    }
    assertEquals(THREADS, refused.get());
    assertEquals(0, backends.open.get());
  }

  private ConceptClip open(int replicas) {
    return ConceptClip.open(ConceptClipOptions.builder()
        .backend("cpu")
        .replicas(replicas)
        .engine(EngineOptions.builder().warmUp(false).build())
        .notices(notice -> { })
        .build(), backends.all());
  }
}
