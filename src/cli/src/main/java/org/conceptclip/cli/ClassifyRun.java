package org.conceptclip.cli;

import java.util.Spliterator;
import java.util.Spliterators;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
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
   * @param source makes the pictures, which report what they skip; called again to count them, if somebody watches
   * @return the exit code of the command
   */
  int run(Function<Consumer<String>, Pictures> source, boolean countable) {
    try (Progress progress = new Progress(console, "classify", Progress.UNKNOWN);
        Pictures pictures = source.apply(line -> progress.aside(() -> console.say(line)));
        Stream<Outcome<ImageInput, Classification>> outcomes = classifier.classify(stream(pictures), RequestOptions.DEFAULT)) {
      if (countable && console.interactive()) {
        count(source, progress);
      }
      for (Outcome<ImageInput, Classification> outcome : (Iterable<Outcome<ImageInput, Classification>>) outcomes::iterator) {
        progress.aside(() -> take(outcome));
        progress.advance(1);
      }
      failed += pictures.problems();
    }
    return exitCode();
  }

  private Stream<ImageInput> stream(Pictures pictures) {
    int traits = Spliterator.ORDERED | Spliterator.NONNULL;
    return StreamSupport.stream(Spliterators.spliteratorUnknownSize(pictures, traits), false)
        .peek(picture -> results.expect(picture.name()));
  }

  /** Counts beside the work, for the bar: a walk through a million files takes seconds, their classification hours. */
  private static void count(Function<Consumer<String>, Pictures> source, Progress progress) {
    Thread.ofVirtual().start(() -> {
      long count = 0;
      try (Pictures counted = source.apply(line -> { })) {
        while (counted.hasNext()) {
          counted.next();
          count++;
        }
      }
      progress.total(count);
    });
  }

  private void take(Outcome<ImageInput, Classification> outcome) {
    String failure = failureOrNull(outcome);
    if (failure != null) {
      console.fail(OneLine.of(failure, 2 * LONGEST_NAME), outcome.failureOrNull());
      failed++;
    } else {
      results.add(outcome.input().name(), outcome.orThrow());
      done++;
    }
  }

  /** What is wrong with the picture, in words; null if there is a result, or what is wrong is not the picture. */
  static String failureOrNull(Outcome<ImageInput, Classification> outcome) {
    return switch (outcome.failureOrNull()) {
      case null -> null;
      case BadInputException e -> e.getMessage();
      case NonFiniteResultException e -> outcome.input().name() + ": " + e.getMessage();
      case Throwable failure -> Shortage.isCauseOf(failure) ? Shortage.line(outcome.input()) : null;
    };
  }

  private int exitCode() {
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
