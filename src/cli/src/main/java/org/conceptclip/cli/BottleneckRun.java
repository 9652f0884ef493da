package org.conceptclip.cli;

import java.nio.file.Path;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.stream.Stream;
import org.conceptclip.ConceptClip;
import org.conceptclip.Embedding;
import org.conceptclip.Outcome;
import org.conceptclip.batch.ImageInput;
import org.conceptclip.batch.RequestOptions;
import org.conceptclip.data.Npy;
import org.conceptclip.probe.Bottleneck;
import org.conceptclip.runtime.NonFiniteResultException;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.util.OneLine;

/** Goes through images. What is wrong with an image costs that image only: a line says it, and it is counted. */
final class BottleneckRun {
  private static final float[][] NO_PATCHES = {};

  private final Console console;
  private final String task;
  private long done;
  private long failed;

  /** @param task what is done, for the progress bar */
  BottleneckRun(Console console, String task) {
    this.console = console;
    this.task = task;
  }

  /** Images that gave a result. */
  long done() {
    return done;
  }

  /** Counts images that were lost elsewhere. */
  void lose(long images) {
    failed += images;
  }

  long failed() {
    return failed;
  }

  /**
   * Computes the vectors of images, one after the other.
   *
   * @param withPatches whether those of patches are needed
   * @param total number of images, or {@link Progress#UNKNOWN}
   * @param taker takes what was computed; may throw {@link BadInputException} or {@link NonFiniteResultException} for an image
   */
  <T> void over(ConceptClip clip, Stream<T> items, Function<T, ImageInput> image, boolean withPatches, long total,
      BiConsumer<T, Embedding> taker) {
    try (Progress progress = new Progress(console, task, total);
        Stream<Outcome<T, Embedding>> outcomes = withPatches ? clip.imageTokens(items, image, RequestOptions.DEFAULT)
            : clip.embedImages(items, image, RequestOptions.DEFAULT).map(BottleneckRun::withoutPatches)) {
      for (Outcome<T, Embedding> outcome : (Iterable<Outcome<T, Embedding>>) outcomes::iterator) {
        take(image.apply(outcome.input()), outcome, taker, progress);
        progress.advance(1);
      }
    }
  }

  private static <T> Outcome<T, Embedding> withoutPatches(Outcome<T, float[]> outcome) {
    Embedding embedding = outcome.isDone() ? new Embedding(outcome.orThrow(), NO_PATCHES, null) : null;
    return new Outcome<>(outcome.input(), embedding, outcome.failureOrNull());
  }

  private <T> void take(ImageInput input, Outcome<T, Embedding> outcome, BiConsumer<T, Embedding> taker, Progress progress) {
    String failure = ImageReport.failureOrNull(input, outcome.failureOrNull());
    if (failure != null) {
      fail(failure, outcome.failureOrNull(), progress);
      return;
    }
    Embedding embedding = outcome.orThrow();
    try {
      progress.asideOfResults(() -> taker.accept(outcome.input(), embedding));
      done++;
    } catch (NonFiniteResultException | BadInputException e) {
      fail(ImageReport.failureOrNull(input, e), e, progress);
    }
  }

  private void fail(String line, Throwable failure, Progress progress) {
    ImageReport.fail(console, progress, line, failure);
    failed++;
  }

  /** Says how many images failed, if there are several. Returns the exit code. */
  int exitCode() {
    return ImageReport.exitCode(console, done, failed, "used");
  }

  /** What stands behind results, in one line. */
  static String origin(Bottleneck bottleneck) {
    return "bottleneck of " + bottleneck.training().items() + " training items, "
        + bottleneck.model().map(model -> "model " + OneLine.of(model.name())).orElse("model unknown (similarities were given)")
        + "; for research, not a medical device";
  }

  /**
   * Similarities from a file [N][M].
   *
   * @param concepts number of columns that is expected
   */
  static double[][] similarities(Path file, int concepts) {
    HostTensor tensor = Npy.read(file);
    String name = Names.readable(file);
    long[] extents = tensor.shape().toArray();
    if (extents.length != 2 || extents[1] != concepts || extents[0] == 0) {
      throw new BadInputException(name + ": shape " + tensor.shape() + ", expected [images, " + concepts + "], a column for each of the "
          + concepts + " concepts");
    }
    double[][] rows = new double[Math.toIntExact(extents[0])][concepts];
    for (int i = 0; i < rows.length; i++) {
      for (int j = 0; j < concepts; j++) {
        rows[i][j] = tensor.getDouble((long) i * concepts + j);
        if (!Double.isFinite(rows[i][j])) {
          throw new BadInputException(name + ": row " + i + ", column " + j + " is " + rows[i][j] + ", expected a finite number");
        }
      }
    }
    return rows;
  }
}
