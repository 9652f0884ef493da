package org.conceptclip;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.conceptclip.batch.Engine;
import org.conceptclip.batch.ImageInput;
import org.conceptclip.batch.RequestOptions;
import org.conceptclip.batch.ScoreTargets;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoding;
import org.conceptclip.task.ClassVectors;
import org.conceptclip.task.ScoringOptions;

/**
 * Zero-shot classification: finds which of several classes, described in words, an image shows. {@link ConceptClip#classifier} makes a
 * classifier, which serves many images until its {@code ConceptClip} is closed.
 *
 * {@snippet file="org/conceptclip/LibraryExamples.java" region="classifier"}
 *
 * <p>Global probabilities are {@code softmax(logitScale * image . text)}. Local ones are the softmax of the mean of the top-k {@code
 * conceptScale * patch . concept}. An ensemble is {@code alpha * local + (1 - alpha) * global}. The model's biases are not used. Source:
 * the official zero-shot evaluation.
 *
 * <p>With global scoring an image costs what its embedding costs and shares batches with all other images, whatever their classes. Local
 * and ensemble scores are computed on the device, so an image shares batches only with others of the same classifier.
 *
 * <p>For research; not a medical device. Thread-safe. Owns no resources. Calls that return values wait for room and fail as those of
 * {@link ConceptClip} do.
 */
public final class Classifier {
  private final Supplier<Engine> engines;
  private final int window;
  private final ClassVectors classes;
  private final ScoringOptions options;
  private final double logitScale;
  private final double[][] texts;
  private final ScoreTargets targets;

  /**
   * @param engines the engine that computes; throws when it is closed
   * @param window images of a stream that are under way at once
   */
  Classifier(Supplier<Engine> engines, int window, ClassVectors classes, ScoringOptions options, double logitScale) {
    this.engines = engines;
    this.window = window;
    this.classes = classes;
    this.options = options;
    this.logitScale = logitScale;
    this.texts = IntStream.range(0, classes.labels().size())
        .mapToObj(label -> classes.textFeatures().rows(label, 1).toDoubleArray())
        .toArray(double[][]::new);
    this.targets = new ScoreTargets(classes.textFeatures(), classes.concepts(), options.topK());
  }

  /** The classes, in the order in which they were given. */
  public List<String> labels() {
    return classes.labels();
  }

  /** Labels with a prompt that was longer than the model's context and was cut. */
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
    Engine engine = engines.get();
    return classification(Calls.call(() -> submitWhenRoom(engine, image, request)));
  }

  /** Classifies image files, in their order. Stops at the first failure. */
  public List<Classification> classify(List<Path> images) {
    return Ordered.results(classify(images.stream().map(ImageInput.File::new), RequestOptions.DEFAULT));
  }

  /**
   * Classifies an unbounded stream of images, in their order: a result or a failure for each. As {@link ConceptClip#embedImages(Stream)}.
   */
  public Stream<Outcome<ImageInput, Classification>> classify(Stream<? extends ImageInput> images, RequestOptions request) {
    Engine engine = engines.get();
    return Ordered.stream(images, image -> submitWhenRoom(engine, image, request), this::classification, window);
  }

  /**
   * The probability of each label for itself [C], in the order of {@link #labels}, for an unbounded stream of images: several labels may be
   * true of one image. Sigmoids take the place of the softmax, as in the official multi-label evaluation. Otherwise as {@link
   * #classify(Stream, RequestOptions)}.
   */
  public Stream<Outcome<ImageInput, double[]>> classifyIndependently(Stream<? extends ImageInput> images, RequestOptions request) {
    Engine engine = engines.get();
    return Ordered.stream(images, image -> submitWhenRoom(engine, image, request),
        encoding -> options.independentProbabilities(global(encoding), localOrNull(encoding)), window);
  }

  /**
   * Submits an image without waiting. As {@link ConceptClip#submitImage(ImageInput, RequestOptions)}.
   *
   * @throws org.conceptclip.batch.OverloadedException if there is no room
   */
  public CompletableFuture<Classification> submit(ImageInput image, RequestOptions request) {
    Engine engine = engines.get();
    return Calls.map(Calls.submit(() -> options.scoring().usesConcepts()
        ? engine.submitScores(image, targets, request)
        : engine.submitImage(image, Detail.FEATURES, request)), this::classification);
  }

  private CompletableFuture<Encoding> submitWhenRoom(Engine engine, ImageInput image, RequestOptions request) throws InterruptedException {
    return options.scoring().usesConcepts()
        ? engine.submitScoresWhenRoom(image, targets, request)
        : engine.submitImageWhenRoom(image, Detail.FEATURES, request);
  }

  private Classification classification(Encoding encoding) {
    return Classification.of(labels(), options.probabilities(global(encoding), localOrNull(encoding)));
  }

  private double[] global(Encoding encoding) {
    if (options.scoring().usesConcepts()) {
      return encoding.globalLogits().toDoubleArray();
    }
    double[] image = encoding.features().toDoubleArray();
    return Arrays.stream(texts).mapToDouble(text -> logitScale * dot(image, text)).toArray();
  }

  private double[] localOrNull(Encoding encoding) {
    return options.scoring().usesConcepts() ? encoding.localLogits().toDoubleArray() : null;
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }
}
