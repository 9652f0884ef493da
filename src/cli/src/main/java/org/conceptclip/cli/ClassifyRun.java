package org.conceptclip.cli;

import java.util.function.Supplier;
import java.util.stream.Stream;
import org.conceptclip.Classification;
import org.conceptclip.Classifier;
import org.conceptclip.Outcome;
import org.conceptclip.batch.ImageInput;
import org.conceptclip.batch.RequestOptions;
import org.conceptclip.runtime.NonFiniteResultException;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.OneLine;

/** Classifies one picture after the other. What is wrong with a picture costs that picture only: a line says it, and it is counted. */
final class ClassifyRun {
  private static final int LONGEST_NAME = 4096;

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
    return exitCode(console, done, failed + pictures.problems());
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
    String failure = failureOrNull(outcome);
    if (failure != null) {
      progress.aside(() -> console.fail(OneLine.of(failure, 2 * LONGEST_NAME), outcome.failureOrNull()));
      failed++;
    } else {
      Classification classification = outcome.orThrow();
      progress.asideOfResults(() -> results.add(outcome.input().name(), classification));
      done++;
    }
  }

  /** What is wrong with the picture, in words; null if there is a result, or what is wrong is not the picture. */
  static String failureOrNull(Outcome<? extends ImageInput, ?> outcome) {
    return switch (outcome.failureOrNull()) {
      case null -> null;
      case BadInputException e -> e.getMessage();
      case NonFiniteResultException e -> outcome.input().name() + ": " + e.getMessage();
      case Throwable failure -> Shortage.isCauseOf(failure) ? Shortage.line(outcome.input()) : null;
    };
  }

  /** Says how many images failed, if there are several. Returns the exit code. */
  static int exitCode(Console console, long done, long failed) {
    if (failed == 0 && done > 0) {
      return ExitCode.DONE;
    }
    if (done + failed > 1) {
      console.say(failed + " of " + (done + failed) + " images could not be classified; the messages above say why");
    } else if (done + failed == 0) {
      console.say("no image was named, expected names of images or folders");
    }
    return done == 0 ? ExitCode.BAD_INPUT : ExitCode.PARTLY_DONE;
  }
}
