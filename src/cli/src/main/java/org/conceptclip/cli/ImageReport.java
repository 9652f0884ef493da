package org.conceptclip.cli;

import org.conceptclip.batch.ImageInput;
import org.conceptclip.runtime.NonFiniteResultException;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.OneLine;

/** What a command says about images that fail: each costs itself only. */
final class ImageReport {
  private static final int LONGEST_LINE = 8192;

  private ImageReport() {}

  /** What is wrong with the image, in words; null if nothing failed, or what is wrong is not the image. */
  static String failureOrNull(ImageInput image, Throwable failureOrNull) {
    return switch (failureOrNull) {
      case null -> null;
      case BadInputException e -> e.getMessage();
      case NonFiniteResultException e -> image.name() + ": " + e.getMessage();
      case Throwable failure -> Shortage.isCauseOf(failure) ? Shortage.line(image) : null;
    };
  }

  /** Says what is wrong with an image, beside the progress. */
  static void fail(Console console, Progress progress, String line, Throwable failure) {
    progress.aside(() -> console.fail(OneLine.of(line, LONGEST_LINE), failure));
  }

  /**
   * Says how many images failed, if there are several. Returns the exit code of the command.
   *
   * @param verb what could not be done with them: {@code classified}
   */
  static int exitCode(Console console, long done, long failed, String verb) {
    if (failed == 0 && done > 0) {
      return ExitCode.DONE;
    }
    if (done + failed > 1) {
      console.say(failed + " of " + (done + failed) + " images could not be " + verb + "; the messages above say why");
    } else if (done + failed == 0) {
      console.say("no image was named, expected names of images or folders");
    }
    return done == 0 ? ExitCode.BAD_INPUT : ExitCode.PARTLY_DONE;
  }
}
