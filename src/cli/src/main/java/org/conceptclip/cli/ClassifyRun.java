package org.conceptclip.cli;

import java.util.function.Supplier;
import java.util.stream.Stream;
import org.conceptclip.Classification;
import org.conceptclip.Classifier;
import org.conceptclip.Outcome;
import org.conceptclip.batch.ImageInput;
import org.conceptclip.batch.RequestOptions;

/** Classifies one picture after the other. What is wrong with a picture costs that picture only: a line says it, and it is counted. */
final class ClassifyRun {
  static final String VERB = "classified";

  private final Console console;
  private final Classifier classifier;
  private final Classifications results;
  private long done;
  private long failed;

  ClassifyRun(Console console, Classifier classifier, Classifications results) {
    this.console = console;
    this.classifier = classifier;
    this.results = results;
  }

  /**
   * Classifies all pictures.
   *
   * @param again makes the same pictures again, to count them if somebody watches; null if they come only once
   * @return the exit code of the command
   */
  int run(Pictures pictures, Supplier<Pictures> again) {
    try (Progress progress = new Progress(console, "classify", Progress.UNKNOWN);
        Stream<Outcome<ImageInput, Classification>> outcomes = classifier.classify(stream(pictures), RequestOptions.DEFAULT)) {
      pictures.reportTo(line -> progress.aside(() -> console.say(line)));
      if (again != null && console.interactive()) {
        count(again, progress);
      }
      for (Outcome<ImageInput, Classification> outcome : (Iterable<Outcome<ImageInput, Classification>>) outcomes::iterator) {
        take(outcome, progress);
        progress.advance(1);
      }
    }
    return ImageReport.exitCode(console, done, failed + pictures.problems(), VERB);
  }

  private Stream<ImageInput> stream(Pictures pictures) {
    return pictures.stream().peek(picture -> results.expect(picture.name()));
  }

  /** Counts beside the work, for the bar: a walk through a million files takes seconds, their classification hours. */
  static void count(Supplier<Pictures> again, Progress progress) {
    Thread.ofVirtual().start(() -> {
      long count = 0;
      try (Pictures counted = again.get()) {
        counted.reportTo(line -> { });
        while (counted.hasNext()) {
          counted.next();
          count++;
        }
      }
      progress.total(count);
    });
  }

  private void take(Outcome<ImageInput, Classification> outcome, Progress progress) {
    String failure = ImageReport.failureOrNull(outcome.input(), outcome.failureOrNull());
    if (failure != null) {
      ImageReport.fail(console, progress, failure, outcome.failureOrNull());
      failed++;
    } else {
      Classification classification = outcome.orThrow();
      progress.asideOfResults(() -> results.add(outcome.input().name(), classification));
      done++;
    }
  }
}
