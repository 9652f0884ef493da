package org.conceptclip;

import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.conceptclip.batch.BatcherOptions;
import org.conceptclip.batch.EngineOptions;
import org.conceptclip.batch.ImageInput;
import org.conceptclip.batch.OverloadedException;
import org.conceptclip.batch.Priority;
import org.conceptclip.batch.RequestOptions;
import org.conceptclip.image.DecodeLimits;
import org.conceptclip.image.DecodeMemory;
import org.conceptclip.task.PromptTemplate;
import org.conceptclip.task.Scoring;
import org.conceptclip.task.ScoringOptions;

/** The examples of the library's Javadoc, README and guide. The tests run each region, and check that it is shown there unchanged. */
final class LibraryExamples {
  private LibraryExamples() {}

  static double open(Path modelFolder, Path scan) {
    // @start region="open"
    try (ConceptClip clip = ConceptClip.open(ConceptClipOptions.builder().model(modelFolder).build())) {
      float[] image = clip.embedImage(scan);
      float[] text = clip.embedText("chest X-ray");
      double cosine = ConceptClip.similarity(image, text);
      return cosine;
    }
    // @end
  }

  static String demo(Path scan) {
    // @start region="demo"
    try (ConceptClip clip = ConceptClip.open()) { // the toy model, trained on drawings
      Classification classes = clip.classify(scan, List.of("chest X-ray", "brain MRI", "skin lesion"));
      return classes.best().label();
    }
    // @end
  }

  static ConceptClipOptions options(Path modelFolder, MeterRegistry registry) {
    // @start region="options"
    return ConceptClipOptions.builder()
        .model(modelFolder)
        .devices(0, 1) // a replica on each GPU; without CUDA, one on the CPU
        .meters(registry)
        .engine(EngineOptions.builder()
            .batching(new BatcherOptions(Duration.ofMillis(5), 1)) // wait up to 5 ms for a fuller batch
            .build())
        .build();
    // @end
  }

  static ConceptClipOptions uploads() {
    // @start region="uploads"
    DecodeLimits uploads = DecodeLimits.DEFAULT
        .withMaxPixels(40_000_000)
        .withTimeLimit(Duration.ofSeconds(10))
        .withMemory(DecodeMemory.ofBytes(512L << 20)); // of all decodes together; large pictures wait for each other
    EngineOptions engine = EngineOptions.builder().decodeLimits(uploads).build();
    return ConceptClipOptions.builder().engine(engine).build();
    // @end
  }

  static List<String> classifier(ConceptClip clip, List<Path> images) {
    // @start region="classifier"
    Classifier modalities = clip.classifier(
        List.of("chest X-ray", "brain MRI", "skin lesion"),
        List.of(PromptTemplate.parse("a medical image of {}"), PromptTemplate.parse("a photo of {}")),
        ScoringOptions.of(Scoring.ENSEMBLE));
    List<String> names = new ArrayList<>();
    for (Classification one : modalities.classify(images)) {
      names.add(one.best().label());
    }
    return names;
    // @end
  }

  static List<String> stream(ConceptClip clip, Path folder) throws IOException {
    List<String> broken = new ArrayList<>();
    // @start region="stream"
    try (Stream<Path> files = Files.walk(folder).filter(Files::isRegularFile);
        Stream<Outcome<Path, float[]>> outcomes = clip.embedImages(files)) {
      outcomes.forEachOrdered(outcome -> {
        if (outcome.isDone()) {
          store(outcome.input(), outcome.resultOrNull());
        } else {
          broken.add(outcome.failureOrNull().getMessage()); // the message names the file and the error
        }
      });
    }
    // @end
    return broken;
  }

  private static void store(Path file, float[] vector) {
    if (vector.length == 0) {
      throw new IllegalStateException(file + " has an empty vector");
    }
  }

  /** The request handler of a server. Returns the status of the response. */
  static CompletableFuture<Integer> submit(ConceptClip clip, byte[] upload, String user) {
    // @start region="submit"
    RequestOptions request = RequestOptions.DEFAULT
        .withCaller(user) // users share the device evenly
        .withPriority(Priority.INTERACTIVE)
        .withTimeout(Duration.ofSeconds(2)); // after that it is not computed
    try {
      return clip.submitImage(new ImageInput.Encoded(upload, "upload of " + user), request)
          .thenApply(vector -> 200)
          .exceptionally(failure -> 422);
    } catch (OverloadedException e) {
      return CompletableFuture.completedFuture(429); // rejected at once, nothing was queued
    }
    // @end
  }
}
