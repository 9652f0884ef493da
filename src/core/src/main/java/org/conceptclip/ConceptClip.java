package org.conceptclip;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.stream.Stream;
import org.conceptclip.backend.Backends;
import org.conceptclip.batch.Engine;
import org.conceptclip.batch.ImageInput;
import org.conceptclip.batch.RequestOptions;
import org.conceptclip.batch.StageReport;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoding;
import org.conceptclip.task.ClassVectors;
import org.conceptclip.task.PromptTemplate;
import org.conceptclip.task.Scoring;
import org.conceptclip.task.ScoringOptions;
import org.conceptclip.text.TokenizedText;

/**
 * ConceptCLIP on this machine's devices: images, captions and concepts as vectors of one space. The library's front door.
 *
 * {@snippet file="org/conceptclip/LibraryExamples.java" region="open"}
 *
 * <p><b>For research. Not a medical device</b>: it has not been validated for clinical use, and nothing that it returns is a diagnosis.
 *
 * <p>Behind it runs a batching engine that gathers the requests of all threads. A vector is {@link #dimension} float32 numbers (1152 for the
 * published model) of length 1; the same image or text gives the same bits alone, in any batch and on any replica. Returned arrays are
 * the caller's.
 *
 * <p>There are three ways in, of one meaning. Calls that return values ({@code embed...}, {@code classify}) wait for room and for the
 * result. Calls named {@code submit...} never wait: they return a future, or throw {@link
 * org.conceptclip.batch.OverloadedException} when there is more work than the devices do in time. Streams read their inputs only as fast
 * as results are taken, in bounded memory. docs/embedding.md tells which suits a server.
 *
 * <p>Failures come as themselves, also out of calls that wait, and as the direct failure of futures: {@link
 * org.conceptclip.tensor.BadInputException} for what the caller gave (its message names the file), {@link
 * org.conceptclip.batch.DeadlineExceededException}, {@link org.conceptclip.batch.ReplicasLostException} when no device is left, {@link
 * org.conceptclip.backend.DeviceException}. An interrupt of a thread that waits cancels its requests and throws {@link
 * InterruptedCallException}. After {@link #close} every call throws {@link IllegalStateException}.
 *
 * <p>Thread-safe: one instance serves all threads of a program. No global state: several models and devices may be open side by side.
 * What is attached to a future runs on few threads of the engine and must be short; longer work belongs to the {@code ...Async} methods.
 */
public final class ConceptClip implements AutoCloseable {
  /** Texts that are tokenised together, on several threads. */
  private static final int TEXTS_PER_CALL = 256;

  private final Assembly parts;
  private volatile boolean closed;

  private ConceptClip(Assembly parts) {
    this.parts = parts;
  }

  /** Opens the embedded model of {@code conceptclip-demo}, on the best backend here. It was trained on drawings and knows no medicine. */
  public static ConceptClip open() {
    return open(ConceptClipOptions.DEFAULT);
  }

  /**
   * Opens a model. Takes seconds for the published one: weights are read, prepared for each replica, and warmed up.
   *
   * @throws org.conceptclip.tensor.BadInputException if there is no such model, or its files are not what they should be
   * @throws org.conceptclip.backend.BackendUnavailableException if the backend that was asked for cannot start here
   * @throws org.conceptclip.backend.UnsupportedRequestException if there is no such backend, device or precision
   */
  public static ConceptClip open(ConceptClipOptions options) {
    return open(options, Backends.discovered());
  }

  static ConceptClip open(ConceptClipOptions options, Backends backends) {
    return new ConceptClip(Assembly.open(options, backends));
  }

  /** An image file's vector [dimension]. JPEG, PNG, TIFF, WebP, GIF and BMP are read. */
  public float[] embedImage(Path image) {
    return embedImage(new ImageInput.File(image), RequestOptions.DEFAULT);
  }

  /** The vector [dimension] of an image file's content. */
  public float[] embedImage(byte[] image) {
    return embedImage(input(image), RequestOptions.DEFAULT);
  }

  /**
   * An image's vector [dimension].
   *
   * @param request priority, timeout (for room and result together), and on whose behalf
   */
  public float[] embedImage(ImageInput image, RequestOptions request) {
    Engine engine = engine();
    return Vectors.vector(Calls.call(() -> engine.submitImageWhenRoom(image, Detail.FEATURES, request)));
  }

  /**
   * Image files' vectors, in the files' order. A file that cannot be embedded ends the call with its failure, whose message names the
   * file, and the rest is cancelled; who wants the others all the same takes {@link #embedImages(Stream)}.
   */
  public List<float[]> embedImages(List<Path> images) {
    return allOf(embedImages(images.stream()), images.size());
  }

  /** {@link #embedImages(Stream, Function, RequestOptions)} of files. */
  public Stream<Outcome<Path, float[]>> embedImages(Stream<Path> images) {
    return embedImages(images, ImageInput.File::new, RequestOptions.DEFAULT);
  }

  /**
   * Vectors of images without end, in the order of the images, each with its own failure.
   *
   * {@snippet file="org/conceptclip/LibraryExamples.java" region="stream"}
   *
   * <p>The thread that takes outcomes reads the inputs, and reads no further than some batches ahead. Those inputs are held until their
   * outcome was taken. The stream is sequential; closing it early cancels what is under way and closes {@code inputs}.
   *
   * @param image where an input's image is; runs on the taking thread
   * @param request priority, timeout and caller of each image
   */
  public <T> Stream<Outcome<T, float[]>> embedImages(
      Stream<? extends T> inputs, Function<? super T, ? extends ImageInput> image, RequestOptions request) {
    Engine engine = engine();
    return Ordered.stream(inputs, input -> engine.submitImageWhenRoom(image.apply(input), Detail.FEATURES, request),
        Vectors::vector, parts.imageWindow());
  }

  /** {@link #submitImage(ImageInput, RequestOptions)} of a file. */
  public CompletableFuture<float[]> submitImage(Path image) {
    return submitImage(new ImageInput.File(image), RequestOptions.DEFAULT);
  }

  /** {@link #submitImage(ImageInput, RequestOptions)} of a file's content, which must not change until the future has ended. */
  public CompletableFuture<float[]> submitImage(byte[] image) {
    return submitImage(input(image), RequestOptions.DEFAULT);
  }

  /**
   * Hands an image in without waiting. Cancelling the future, or letting it time out, takes the request back: it is not decoded or
   * computed unless that has begun.
   *
   * @param request priority, timeout, and on whose behalf
   * @return ends with the vector [dimension]
   * @throws org.conceptclip.batch.OverloadedException if there is no room; nothing was kept of the request
   */
  public CompletableFuture<float[]> submitImage(ImageInput image, RequestOptions request) {
    Engine engine = engine();
    return Calls.map(Calls.submit(() -> engine.submitImage(image, Detail.FEATURES, request)), Vectors::vector);
  }

  /** An image's vector, and those of its patches: [27 * 27][1152] in the published model, 3.4 MB. */
  public Embedding imageTokens(Path image) {
    return imageTokens(new ImageInput.File(image), RequestOptions.DEFAULT);
  }

  /** An image's vector, and those of its patches. As {@link #embedImage(ImageInput, RequestOptions)}. */
  public Embedding imageTokens(ImageInput image, RequestOptions request) {
    Engine engine = engine();
    return Embedding.of(Calls.call(() -> engine.submitImageWhenRoom(image, Detail.TOKENS, request)), null);
  }

  /** Hands an image in for its vector and those of its patches. As {@link #submitImage(ImageInput, RequestOptions)}. */
  public CompletableFuture<Embedding> submitImageTokens(ImageInput image, RequestOptions request) {
    Engine engine = engine();
    return Calls.map(Calls.submit(() -> engine.submitImage(image, Detail.TOKENS, request)), encoding -> Embedding.of(encoding, null));
  }

  /** A text's vector [dimension]. What is longer than the context of 77 tokens is cut off; {@link #textTokens} says so. */
  public float[] embedText(String text) {
    return embedText(text, RequestOptions.DEFAULT);
  }

  /** A text's vector [dimension]. As {@link #embedImage(ImageInput, RequestOptions)}. */
  public float[] embedText(String text, RequestOptions request) {
    TokenizedText tokens = tokenize(text);
    Engine engine = engine();
    return Vectors.vector(Calls.call(() -> engine.submitTextWhenRoom(tokens, Detail.FEATURES, request)));
  }

  /** Texts' vectors, in the texts' order. */
  public List<float[]> embedTexts(List<String> texts) {
    Engine engine = engine();
    Stream<TokenizedText> tokens = Stream.iterate(0, first -> first < texts.size(), first -> first + TEXTS_PER_CALL)
        .flatMap(first -> parts.tokenizer().encode(texts.subList(first, Math.min(texts.size(), first + TEXTS_PER_CALL))).stream());
    return allOf(Ordered.stream(tokens, text -> engine.submitTextWhenRoom(text, Detail.FEATURES, RequestOptions.DEFAULT),
        Vectors::vector, parts.textWindow()), texts.size());
  }

  /** Vectors of texts without end, in the order of the texts. As {@link #embedImages(Stream, Function, RequestOptions)}. */
  public Stream<Outcome<String, float[]>> embedTexts(Stream<String> texts) {
    Engine engine = engine();
    return Ordered.stream(texts, text -> engine.submitTextWhenRoom(tokenize(text), Detail.FEATURES, RequestOptions.DEFAULT),
        Vectors::vector, parts.textWindow());
  }

  /** {@link #submitText(String, RequestOptions)} with the default options. */
  public CompletableFuture<float[]> submitText(String text) {
    return submitText(text, RequestOptions.DEFAULT);
  }

  /**
   * Hands a text in without waiting, but for its tokenisation on this thread. As {@link #submitImage(ImageInput, RequestOptions)}.
   *
   * @return ends with the vector [dimension]
   * @throws org.conceptclip.batch.OverloadedException if there is no room
   */
  public CompletableFuture<float[]> submitText(String text, RequestOptions request) {
    TokenizedText tokens = tokenize(text);
    Engine engine = engine();
    return Calls.map(Calls.submit(() -> engine.submitText(tokens, Detail.FEATURES, request)), Vectors::vector);
  }

  /** A text's vector, those of its tokens, and where in the text each token stands. */
  public Embedding textTokens(String text) {
    TokenizedText tokens = tokenize(text);
    Engine engine = engine();
    return Embedding.of(Calls.call(() -> engine.submitTextWhenRoom(tokens, Detail.TOKENS, RequestOptions.DEFAULT)), tokens);
  }

  /** Hands a text in for its vector and those of its tokens. As {@link #submitText(String, RequestOptions)}. */
  public CompletableFuture<Embedding> submitTextTokens(String text, RequestOptions request) {
    TokenizedText tokens = tokenize(text);
    Engine engine = engine();
    return Calls.map(Calls.submit(() -> engine.submitText(tokens, Detail.TOKENS, request)), encoding -> Embedding.of(encoding, tokens));
  }

  /**
   * Which of some classes an image shows. Encodes the classes each time; {@link #classifier} keeps them.
   *
   * @param labels class names, as in {@code "chest X-ray"}: at least one, all different
   */
  public Classification classify(Path image, List<String> labels) {
    return classifier(labels).classify(image);
  }

  /** A classifier with {@link PromptTemplate#DEFAULT} and global scoring. */
  public Classifier classifier(List<String> labels) {
    return classifier(labels, List.of(PromptTemplate.DEFAULT), ScoringOptions.of(Scoring.GLOBAL));
  }

  /**
   * A classifier. Encodes every label in every template.
   *
   * @param labels class names: at least one, all different
   * @param templates sentences with a place for the class name: at least one
   * @param scoring what the probabilities are made from
   * @throws org.conceptclip.tensor.BadInputException if labels are blank or repeated, there is no template, or a class name has no token
   *     within the context
   */
  public Classifier classifier(List<String> labels, List<PromptTemplate> templates, ScoringOptions scoring) {
    Engine engine = engine();
    ClassVectors classes = ClassVectors.encode(
        (prompts, detail) -> Calls.texts(engine, prompts, detail), parts.tokenizer()::encode, labels, templates, scoring.scoring().usesConcepts());
    return new Classifier(this::engine, parts.imageWindow(), classes, scoring, logitScale());
  }

  /**
   * The cosine of two vectors, -1 to 1: their product, as they are of length 1. The model's own similarity is {@link #logitScale} times
   * this; a softmax over it gives probabilities of classes.
   *
   * @throws IllegalArgumentException if the vectors are of different lengths
   */
  public static double similarity(float[] one, float[] other) {
    return Vectors.dot(one, other);
  }

  /** The cosine of an image file and a text. */
  public double similarity(Path image, String text) {
    TokenizedText tokens = tokenize(text);
    Engine engine = engine();
    CompletableFuture<Encoding> first =
        Calls.submit(() -> engine.submitImageWhenRoom(new ImageInput.File(image), Detail.FEATURES, RequestOptions.DEFAULT));
    try {
      Encoding second = Calls.call(() -> engine.submitTextWhenRoom(tokens, Detail.FEATURES, RequestOptions.DEFAULT));
      return similarity(Vectors.vector(Calls.await(first)), Vectors.vector(second));
    } finally {
      first.cancel(false);
    }
  }

  /** Numbers of a vector. */
  public int dimension() {
    return parts.encoder().embeddingWidth();
  }

  /** Columns and rows of an image as the model sees it: what {@link ImageInput.Pixels} must have. */
  public int imageSize() {
    return parts.encoder().imageSize();
  }

  /** What the model multiplies similarities by before a softmax: learned, about 100 in models of this kind. */
  public double logitScale() {
    return parts.encoder().scalars().logitScale();
  }

  /** Short name of the backend that computes: {@code cpu}, {@code cuda} or another one. */
  public String backend() {
    return parts.encoder().backendName();
  }

  /** One line for people: model, backend, replicas. */
  public String description() {
    return parts.description();
  }

  /** What the engine's stages did since this was opened, and which of them limits; {@link StageReport#since} gives spans. */
  public StageReport stageReport() {
    return engine().report();
  }

  /**
   * Takes no more requests, waits until every accepted one has ended, then frees devices and memory. Closing again does nothing. A thread
   * that is interrupted meanwhile drops what no device has begun, and stays interrupted.
   *
   * @throws IllegalStateException from a callback of a future of this: it would wait for itself
   */
  @Override
  public void close() {
    // Alone and first: when it refuses, what it works on must stay open.
    parts.engine().close();
    closed = true;
    parts.close();
  }

  /**
   * The engine behind this.
   *
   * @throws IllegalStateException if this is closed
   */
  Engine engine() {
    if (closed) {
      throw new IllegalStateException("this ConceptClip (" + parts.description() + ") is closed");
    }
    return parts.engine();
  }

  static ImageInput input(byte[] image) {
    return new ImageInput.Encoded(image, "image of " + image.length + " bytes");
  }

  private TokenizedText tokenize(String text) {
    engine();
    return parts.tokenizer().encode(text);
  }

  private static <T> List<float[]> allOf(Stream<Outcome<T, float[]>> outcomes, int count) {
    List<float[]> vectors = new ArrayList<>(count);
    try (outcomes) {
      outcomes.forEachOrdered(outcome -> vectors.add(outcome.orThrow()));
    }
    return vectors;
  }
}
