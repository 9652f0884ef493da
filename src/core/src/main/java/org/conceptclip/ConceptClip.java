package org.conceptclip;

import java.nio.file.Path;
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
 * ConceptCLIP on this machine's devices: turns images, captions and concepts into vectors of one space. This is the class to start with.
 *
 * {@snippet file="org/conceptclip/LibraryExamples.java" region="open"}
 *
 * <p><b>For research. Not a medical device</b>: it has not been validated for clinical use, and nothing that it returns is a diagnosis.
 *
 * <p>A batching engine gathers the requests of all threads. A vector has {@link #dimension} float32 numbers (1152 in the published model)
 * and L2 norm 1. The same image or text gives the same bits alone, in any batch and on any replica. Returned arrays belong to the caller.
 *
 * <p>Three calling styles; the results are identical. Calls that return values ({@code embed...}, {@code classify}) wait for room in the
 * queue and for the result. Calls named {@code submit...} never wait: they return a future, or throw {@link
 * org.conceptclip.batch.OverloadedException} when there is more work than the devices can do in time. Streams read their inputs only as
 * fast as results are taken, in bounded memory. docs/embedding.md says which style suits a server.
 *
 * <p>Every call throws the original exception, and every future fails with it, without a wrapper: {@link
 * org.conceptclip.tensor.BadInputException} for a bad input (its message names the file), {@link
 * org.conceptclip.batch.DeadlineExceededException}, {@link org.conceptclip.batch.ReplicasLostException} when no device is left, {@link
 * org.conceptclip.backend.DeviceException}. Interrupting a thread that waits cancels its requests and makes the call throw {@link
 * InterruptedCallException}. After {@link #close} every call throws {@link IllegalStateException}. When memory runs out, calls and futures
 * fail with {@link OutOfMemoryError}; the instance serves the next request once there is memory again.
 *
 * <p>Thread-safe: one instance serves all threads of a program. There is no global state: several models and devices may be open side by
 * side. Callbacks of futures run on a few threads of the engine and must be short; use the {@code ...Async} methods for longer work.
 */
public final class ConceptClip implements AutoCloseable {
  private static final int TOKENS_WINDOW = 32;

  private final Assembly parts;
  private volatile boolean closed;

  private ConceptClip(Assembly parts) {
    this.parts = parts;
  }

  /** Opens the demo model on the class path, on the best backend of this machine. It was trained on drawings, not on medical images. */
  public static ConceptClip open() {
    return open(ConceptClipOptions.DEFAULT);
  }

  /**
   * Opens a model. The published model takes seconds: its weights are read and prepared for each replica, and every replica is warmed up.
   *
   * @throws org.conceptclip.tensor.BadInputException if there is no such model, or its files are damaged or do not fit together
   * @throws org.conceptclip.backend.BackendUnavailableException if the requested backend cannot start on this machine
   * @throws org.conceptclip.backend.UnsupportedRequestException if there is no such backend, device or precision
   */
  public static ConceptClip open(ConceptClipOptions options) {
    return open(options, Backends.discovered());
  }

  static ConceptClip open(ConceptClipOptions options, Backends backends) {
    return new ConceptClip(Assembly.open(options, backends));
  }

  /** The vector [dimension] of an image file in JPEG, PNG, TIFF, WebP, GIF or BMP format. */
  public float[] embedImage(Path image) {
    return embedImage(new ImageInput.File(image), RequestOptions.DEFAULT);
  }

  /** The vector [dimension] of an image file's content. */
  public float[] embedImage(byte[] image) {
    return embedImage(input(image), RequestOptions.DEFAULT);
  }

  /**
   * The vector [dimension] of an image.
   *
   * @param request priority, timeout (for room and result together) and caller
   */
  public float[] embedImage(ImageInput image, RequestOptions request) {
    return Vectors.vector(Calls.call(() -> engine().submitImageWhenRoom(image, Detail.FEATURES, request)));
  }

  /**
   * The vectors of image files, in the order of the files. Stops at the first failure: throws it (its message names the file) and cancels
   * the other files. To continue past bad files, use {@link #embedImages(Stream)}.
   */
  public List<float[]> embedImages(List<Path> images) {
    return Ordered.results(embedImages(images.stream()));
  }

  /** The outcomes of an unbounded stream of image files. As {@link #embedImages(Stream, Function, RequestOptions)}. */
  public Stream<Outcome<Path, float[]>> embedImages(Stream<Path> images) {
    return embedImages(images, ImageInput.File::new, RequestOptions.DEFAULT);
  }

  /**
   * The outcomes of an unbounded stream of images, in the order of the images: a vector [dimension] or a failure for each.
   *
   * {@snippet file="org/conceptclip/LibraryExamples.java" region="stream"}
   *
   * <p>The thread that takes outcomes also reads the inputs, at most a few batches ahead. An input is held in memory until its outcome is
   * taken. The stream is sequential. Closing it early cancels the requests under way and closes {@code inputs}.
   *
   * @param image returns the image of an input; called on the thread that takes outcomes
   * @param request priority, timeout and caller of each image
   */
  public <T> Stream<Outcome<T, float[]>> embedImages(
      Stream<? extends T> inputs, Function<? super T, ? extends ImageInput> image, RequestOptions request) {
    Engine engine = engine();
    return Ordered.stream(inputs, input -> engine.submitImageWhenRoom(image.apply(input), Detail.FEATURES, request),
        Vectors::vector, parts.imageWindow());
  }

  /** Submits an image file without waiting. As {@link #submitImage(ImageInput, RequestOptions)}. */
  public CompletableFuture<float[]> submitImage(Path image) {
    return submitImage(new ImageInput.File(image), RequestOptions.DEFAULT);
  }

  /** Submits a file's content, which must not change until the future has ended. As {@link #submitImage(ImageInput, RequestOptions)}. */
  public CompletableFuture<float[]> submitImage(byte[] image) {
    return submitImage(input(image), RequestOptions.DEFAULT);
  }

  /**
   * Submits an image without waiting. Cancelling the future, or letting it time out, withdraws the request: it is not decoded or computed
   * unless that has begun.
   *
   * @param request priority, timeout and caller
   * @return a future of the vector [dimension]
   * @throws org.conceptclip.batch.OverloadedException if there is no room; nothing of the request is kept
   */
  public CompletableFuture<float[]> submitImage(ImageInput image, RequestOptions request) {
    return Calls.map(Calls.submit(() -> engine().submitImage(image, Detail.FEATURES, request)), Vectors::vector);
  }

  /** The vector of an image and those of its patches: [27 * 27][1152] in the published model, 3.4 MB. */
  public Embedding imageTokens(Path image) {
    return imageTokens(new ImageInput.File(image), RequestOptions.DEFAULT);
  }

  /** The vector of an image and those of its patches. Waits and fails as {@link #embedImage(ImageInput, RequestOptions)} does. */
  public Embedding imageTokens(ImageInput image, RequestOptions request) {
    return Embedding.of(Calls.call(() -> engine().submitImageWhenRoom(image, Detail.TOKENS, request)), null);
  }

  /**
   * The outcomes of an unbounded stream of images, as {@link #embedImages(Stream, Function, RequestOptions)}, with the vectors of the
   * patches. At most {@value #TOKENS_WINDOW} images are under way at once, because their patches take 3.4 MB each.
   */
  public <T> Stream<Outcome<T, Embedding>> imageTokens(
      Stream<? extends T> inputs, Function<? super T, ? extends ImageInput> image, RequestOptions request) {
    Engine engine = engine();
    return Ordered.stream(inputs, input -> engine.submitImageWhenRoom(image.apply(input), Detail.TOKENS, request),
        encoding -> Embedding.of(encoding, null), Math.min(TOKENS_WINDOW, parts.imageWindow()));
  }

  /** As {@link #submitImage(ImageInput, RequestOptions)}, for the vector of an image and those of its patches. */
  public CompletableFuture<Embedding> submitImageTokens(ImageInput image, RequestOptions request) {
    return Calls.map(Calls.submit(() -> engine().submitImage(image, Detail.TOKENS, request)), encoding -> Embedding.of(encoding, null));
  }

  /** The vector [dimension] of a text. A text longer than the model's context (77 tokens) is cut; {@link #textTokens} tells whether. */
  public float[] embedText(String text) {
    return embedText(text, RequestOptions.DEFAULT);
  }

  /**
   * The vector [dimension] of a text. Waits and fails as {@link #embedImage(ImageInput, RequestOptions)} does. However long the text is, it
   * is read until its tokens are complete; that takes microseconds, or some tens of milliseconds where a text has hardly any words.
   */
  public float[] embedText(String text, RequestOptions request) {
    TokenizedText tokens = tokenize(text);
    return Vectors.vector(Calls.call(() -> engine().submitTextWhenRoom(tokens, Detail.FEATURES, request)));
  }

  /** The vectors [dimension] of texts, in the order of the texts. Stops at the first failure. */
  public List<float[]> embedTexts(List<String> texts) {
    return Ordered.results(embedTexts(texts.stream()));
  }

  /** The outcomes of an unbounded stream of texts. As {@link #embedImages(Stream, Function, RequestOptions)}. */
  public Stream<Outcome<String, float[]>> embedTexts(Stream<String> texts) {
    Engine engine = engine();
    return Ordered.stream(texts, text -> engine.submitTextWhenRoom(tokenize(text), Detail.FEATURES, RequestOptions.DEFAULT),
        Vectors::vector, parts.textWindow());
  }

  /** Submits a text without waiting. As {@link #submitText(String, RequestOptions)}, with the default options. */
  public CompletableFuture<float[]> submitText(String text) {
    return submitText(text, RequestOptions.DEFAULT);
  }

  /**
   * Submits a text without waiting; it is tokenised on this thread. As {@link #submitImage(ImageInput, RequestOptions)}.
   *
   * @return a future of the vector [dimension]
   * @throws org.conceptclip.batch.OverloadedException if there is no room
   */
  public CompletableFuture<float[]> submitText(String text, RequestOptions request) {
    TokenizedText tokens = tokenize(text);
    return Calls.map(Calls.submit(() -> engine().submitText(tokens, Detail.FEATURES, request)), Vectors::vector);
  }

  /** The vector of a text, those of its tokens, and the place of each token in the text. */
  public Embedding textTokens(String text) {
    TokenizedText tokens = tokenize(text);
    return Embedding.of(Calls.call(() -> engine().submitTextWhenRoom(tokens, Detail.TOKENS, RequestOptions.DEFAULT)), tokens);
  }

  /** As {@link #submitText(String, RequestOptions)}, for the vector of a text and those of its tokens. */
  public CompletableFuture<Embedding> submitTextTokens(String text, RequestOptions request) {
    TokenizedText tokens = tokenize(text);
    return Calls.map(Calls.submit(() -> engine().submitText(tokens, Detail.TOKENS, request)), encoding -> Embedding.of(encoding, tokens));
  }

  /**
   * Classifies one image. The classes are encoded anew in each call; make a {@link #classifier} for several images.
   *
   * @param labels class names, as in {@code "chest X-ray"}: at least one, all different
   */
  public Classification classify(Path image, List<String> labels) {
    return classifier(labels).classify(image);
  }

  /** Makes a classifier with {@link PromptTemplate#DEFAULT} and global scoring. */
  public Classifier classifier(List<String> labels) {
    return classifier(labels, List.of(PromptTemplate.DEFAULT), ScoringOptions.of(Scoring.GLOBAL));
  }

  /**
   * Makes a classifier. Encodes every label in every template.
   *
   * @param labels class names: at least one, all different
   * @param templates sentences with a place for the class name: at least one
   * @param scoring what the probabilities are computed from
   * @throws org.conceptclip.tensor.BadInputException if labels are blank or repeated, there is no template, or a class name has no token
   *     within the context
   */
  public Classifier classifier(List<String> labels, List<PromptTemplate> templates, ScoringOptions scoring) {
    ClassVectors classes = classVectors(labels, templates, scoring.scoring().usesConcepts());
    return new Classifier(this::engine, parts.imageWindow(), classes, scoring, logitScale());
  }

  /**
   * The vectors of classes or concepts: of the whole prompt, and of the name's own tokens within it, which patches are compared with.
   *
   * @param labels names or phrases: at least one, all different
   * @param templates sentences with a place for the name: at least one
   * @throws org.conceptclip.tensor.BadInputException as {@link #classifier(List, List, ScoringOptions)}
   */
  public ClassVectors classVectors(List<String> labels, List<PromptTemplate> templates) {
    return classVectors(labels, templates, true);
  }

  private ClassVectors classVectors(List<String> labels, List<PromptTemplate> templates, boolean withConcepts) {
    Engine engine = engine();
    return ClassVectors.encode(
        (prompts, detail) -> Calls.texts(engine, prompts, detail), parts.tokenizer()::encode, labels, templates, withConcepts);
  }

  /**
   * The vector of a text, and those of its tokens with padding as the official annotation script computes them: padded tokens attend to the
   * text and are not attended to. Real tokens have the values that {@link #textTokens} gives, up to rounding.
   *
   * <p>Not batched with other requests: it computes on the first replica at once, beside the engine.
   *
   * @param length tokens with padding; 77 in the official scripts. A longer text is cut to the model's context first
   * @throws IllegalArgumentException if the length is less than the text's tokens, or more than the model's positions
   */
  public Embedding paddedTextTokens(String text, int length) {
    engine();
    TokenizedText tokens = tokenize(text);
    return Embedding.of(PaddedText.encode(parts.encoder(), tokens, length), tokens);
  }

  /**
   * The cosine of two vectors of length 1, from -1 to 1. The model's own similarity is {@link #logitScale} times the cosine; a softmax over
   * it gives probabilities of classes.
   *
   * @throws IllegalArgumentException if the vectors are of different lengths
   */
  public static double similarity(float[] one, float[] other) {
    return Vectors.dot(one, other);
  }

  /** The cosine of an image file and a text. */
  public double similarity(Path image, String text) {
    CompletableFuture<Encoding> encoding =
        Calls.submit(() -> engine().submitImageWhenRoom(new ImageInput.File(image), Detail.FEATURES, RequestOptions.DEFAULT));
    try {
      float[] words = embedText(text);
      return similarity(Vectors.vector(Calls.await(encoding)), words);
    } finally {
      encoding.cancel(false);
    }
  }

  /** Length of a vector: 1152 in the published model. */
  public int dimension() {
    return parts.encoder().embeddingWidth();
  }

  /** Width and height, in pixels, of an image as the model sees it, and of {@link ImageInput.Pixels}. */
  public int imageSize() {
    return parts.encoder().imageSize();
  }

  /** The learned factor of similarities before a softmax: about 100 in models of this kind. */
  public double logitScale() {
    return parts.encoder().scalars().logitScale();
  }

  /** The learned factor of similarities of patches and concepts. */
  public double conceptLogitScale() {
    return parts.encoder().scalars().conceptLogitScale();
  }

  /** Short name of the backend in use: {@code cpu}, {@code cuda} or another one. */
  public String backend() {
    return parts.encoder().backendName();
  }

  /** One line of text: model, replicas, backend. Also available after closing. */
  public String description() {
    return parts.description();
  }

  /** What the engine's stages have done since the opening, and which one limits the throughput. {@link StageReport#since} covers a span. */
  public StageReport stageReport() {
    return engine().report();
  }

  /**
   * Rejects new requests, waits until every accepted request has ended, then frees devices and memory. Accepted requests are answered,
   * except large images (which take more than 50 ms to decode) that are not decoded half a second after closing began: they fail with
   * {@link org.conceptclip.batch.BatcherClosedException}. Closing again does nothing. If the closing thread is interrupted, all requests
   * that no device has begun fail with that exception at once, and the thread stays interrupted.
   *
   * @throws IllegalStateException if called from a callback of a future of this object, which would wait for itself
   */
  @Override
  public void close() {
    // First, and apart from the rest: if it throws, the parts that it works on must stay open.
    parts.engine().close();
    closed = true;
    parts.close();
  }

  /**
   * The engine.
   *
   * @throws IllegalStateException if this object is closed
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
}
