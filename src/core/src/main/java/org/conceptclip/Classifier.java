package org.conceptclip;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.conceptclip.batch.Engine;
import org.conceptclip.batch.ImageFeatures;
import org.conceptclip.batch.ImageInput;
import org.conceptclip.batch.ImageLogits;
import org.conceptclip.batch.RequestOptions;
import org.conceptclip.batch.ScoreTargets;
import org.conceptclip.runtime.Detail;
import org.conceptclip.task.ClassVectors;
import org.conceptclip.task.ScoringOptions;

/**
 * Zero-shot classification over classes that were given in words: make it once, use it for many images. {@link ConceptClip#classifier}
 * makes one; it lives as long as the {@code ConceptClip}. Results are those of {@link org.conceptclip.task.ZeroShotClassifier}, which has
 * the formulas.
 *
 * {@snippet file="org/conceptclip/LibraryExamples.java" region="classifier"}
 *
 * <p>With global scoring an image costs what its embedding costs, and shares batches with all other images, whatever their classes. Local
 * and ensemble scores need the patches on the device: images share batches with others of the same classifier.
 *
 * <p>For research; not a medical device. Thread-safe; owns nothing. Calls that return values wait for room as those of {@link ConceptClip}
 * do, and throw what they throw.
 */
public final class Classifier {
  private final ConceptClip clip;
  private final ClassVectors classes;
  private final ScoringOptions options;
  private final double logitScale;
  private final float[][] texts;
  private final ScoreTargets targets;

  Classifier(ConceptClip clip, ClassVectors classes, ScoringOptions options, double logitScale) {
    this.clip = clip;
    this.classes = classes;
    this.options = options;
    this.logitScale = logitScale;
    this.texts = Vectors.rows(classes.textFeatures());
    this.targets = new ScoreTargets(classes.textFeatures(), classes.concepts(), options.topK());
  }

  /** The classes, in the order in which they were given. */
  public List<String> labels() {
    return classes.labels();
  }

  /** Labels of which a prompt was longer than the context, and was cut. */
  public List<String> truncated() {
    return classes.truncated();
  }

  /** Classifies an image file. */
  public Classification classify(Path image) {
    return classify(new ImageInput.File(image), RequestOptions.DEFAULT);
  }

  /** Classifies an image file's content. */
  public Classification classify(byte[] image) {
    return classify(ConceptClip.input(image), RequestOptions.DEFAULT);
  }

  /** Classifies an image. */
  public Classification classify(ImageInput image, RequestOptions request) {
    Engine engine = clip.engine();
    return options.scoring().usesConcepts()
        ? ofLogits(Calls.call(() -> engine.submitScoresWhenRoom(image, targets, request)))
        : ofFeatures(Calls.call(() -> engine.submitImageWhenRoom(image, Detail.FEATURES, request)));
  }

  /** Classifies image files, in their order; a file that cannot be classified ends the call with its failure. */
  public List<Classification> classify(List<Path> images) {
    List<Classification> results = new ArrayList<>(images.size());
    try (Stream<Outcome<ImageInput, Classification>> outcomes =
        classify(images.stream().map(ImageInput.File::new), RequestOptions.DEFAULT)) {
      outcomes.forEachOrdered(outcome -> results.add(outcome.orThrow()));
    }
    return results;
  }

  /**
   * Classifies images without end, in their order; each with its own failure. As {@link ConceptClip#embedImages(Stream)}.
   */
  public Stream<Outcome<ImageInput, Classification>> classify(Stream<? extends ImageInput> images, RequestOptions request) {
    Engine engine = clip.engine();
    int window = clip.imageWindow();
    return options.scoring().usesConcepts()
        ? Ordered.stream(images, image -> engine.submitScoresWhenRoom(image, targets, request), this::ofLogits, window)
        : Ordered.stream(images, image -> engine.submitImageWhenRoom(image, Detail.FEATURES, request), this::ofFeatures, window);
  }

  /**
   * Hands an image in without waiting. As {@link ConceptClip#submitImage(ImageInput, RequestOptions)}.
   *
   * @throws org.conceptclip.batch.OverloadedException if there is no room
   */
  public CompletableFuture<Classification> submit(ImageInput image, RequestOptions request) {
    Engine engine = clip.engine();
    return options.scoring().usesConcepts()
        ? Calls.map(Calls.submit(() -> engine.submitScores(image, targets, request)), this::ofLogits)
        : Calls.map(Calls.submit(() -> engine.submitImage(image, Detail.FEATURES, request)), this::ofFeatures);
  }

  private Classification ofFeatures(ImageFeatures features) {
    double[] logits = new double[texts.length];
    for (int i = 0; i < logits.length; i++) {
      logits[i] = logitScale * Vectors.dot(features.features(), texts[i]);
    }
    return Classification.of(labels(), options.probabilities(logits, null));
  }

  private Classification ofLogits(ImageLogits logits) {
    return Classification.of(labels(), options.probabilities(logits.global(), logits.localOrNull()));
  }
}
