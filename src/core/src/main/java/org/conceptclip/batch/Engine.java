package org.conceptclip.batch;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.ToIntFunction;
import java.util.stream.Stream;
import org.conceptclip.image.ImageDecoder;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoder;
import org.conceptclip.runtime.EncoderLimits;
import org.conceptclip.runtime.Encoding;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.text.TokenizedText;
import org.conceptclip.util.Closer;

/**
 * Keeps encoders busy with the requests of many callers. The stages (decode, wait for a batch, pack, copy, compute, complete) run on
 * their own threads; the admission of the {@link Batcher} bounds the queues of all of them.
 *
 * <p>An image costs as many tokens as it has patches (729 in the published model), a text costs the number of its tokens. Requests of
 * equal {@link WorkKind} share batches. A result does not depend on the other requests of its batch, nor on the replica.
 *
 * <p>A request that was accepted ends exactly once. Its future completes with the result, or fails with {@link BadInputException} for
 * an image that cannot be decoded within the {@link org.conceptclip.image.DecodeLimits limits}, {@link DeadlineExceededException}, {@link
 * BatcherClosedException}, {@link org.conceptclip.runtime.NonFiniteResultException} or the failure of its own computation; the failure of
 * one request does not affect the others in its batch. Cancelling the future cancels the request: it is not computed unless that has
 * started. A decode ends at its next checkpoint, some 50 ms later, once its request has expired or was cancelled.
 *
 * <p>An image that is estimated to take more than 50 ms to decode, or that takes more than 500 ms, is decoded on threads for large images,
 * of which there are a quarter as many, at least one. There, too, higher priorities go first, and callers of one priority share evenly, by
 * estimated time. So large images, however many, delay large ones only.
 *
 * <p>When memory runs out, that costs requests, never the engine: a call that submits throws {@link OutOfMemoryError} and has submitted
 * nothing, or a future fails with it. Every future ends once there is memory again, and the next request is served.
 *
 * <p>Callbacks that callers attach to futures run on two threads of the engine, those of one batch one after the other. They may throw,
 * submit and cancel; {@link #close} refuses to run there. Work that waits or takes long belongs in the {@code ...Async} methods of the
 * future, with an executor of the caller: while callbacks occupy both threads, no other outcome is delivered.
 *
 * <p>Thread-safe. Owns its threads and buffers. The encoders and their backends belong to the caller, who must close the engine before
 * them.
 */
public final class Engine implements AutoCloseable {
  private static final int COMPLETION_THREADS = 2;
  /** How long closing goes on decoding large images. */
  private static final long LARGE_IMAGES_NANOS = 500_000_000;

  /**
   * A CPU records no graphs and compiles the kernels of a batch size in milliseconds, so one image and some texts suffice to load
   * everything. At full size an image takes seconds there; more of them would only delay the first request.
   */
  private static final int CPU_WARM_UP_TOKENS = 256;

  private final Encoder first;
  private final BatchLimits imageLimits;
  private final BatchLimits textLimits;
  private final StageClocks clocks = new StageClocks();
  private final Closer resources = new Closer();
  private final SystemTiming timing;
  private final PixelPool pool;
  private final Completions completions;
  private final List<EncoderReplica> replicas = new ArrayList<>();
  private final DecodeStage decoding;
  private final Batcher<WorkKind, Payload, Encoding> batcher;

  private Engine(List<Encoder> encoders, EngineOptions options, ImageReader reader) {
    this.first = encoders.getFirst();
    if (options.warmUp()) {
      // Before the limits are read: warming up lowers them where device memory does not suffice.
      warmUp(encoders, options);
      Rehearsal.run();
      ImageDecoder.warmUp();
    }
    int images = batchImages(encoders, options);
    boolean powersOfTwo = encoders.stream().anyMatch(encoder -> encoder.limits().recorded());
    this.imageLimits = new BatchLimits(Math.multiplyExact(images, first.imageTokens()), images, powersOfTwo);
    int tokens = batchTokens(encoders, options);
    this.textLimits = new BatchLimits(tokens, tokens, false);
    try {
      this.pool = resources.own(new PixelPool(first.imageSize()));
      this.timing = resources.own(new SystemTiming());
      this.completions = resources.own(new Completions(COMPLETION_THREADS, clocks));
      for (Encoder encoder : encoders) {
        replicas.add(resources.own(new EncoderReplica(encoder.backendName() + "-" + replicas.size(), encoder, clocks)));
      }
      int decodeThreads = options.decodeThreads() > 0 ? options.decodeThreads() : Runtime.getRuntime().availableProcessors();
      this.decoding = resources.own(new DecodeStage(decodeThreads, first.imageSize(), pool, clocks, reader));
      this.batcher = new Batcher<>(options.batching(), kind -> kind instanceof WorkKind.Texts ? textLimits : imageLimits, replicas,
          timing, completions, Payload::release, Stream.concat(Stream.of(clocks), options.listeners().stream()).toList());
    } catch (Throwable failure) {
      resources.closeAfter(failure);
      throw failure;
    }
  }

  /**
   * Starts an engine.
   *
   * @param encoders one per replica, all with the same model; at least one. They must stay open until the engine is closed
   * @throws IllegalArgumentException if there is none, or their models differ in architecture
   */
  public static Engine open(List<Encoder> encoders, EngineOptions options) {
    return open(encoders, options, new ImageReader.OfFiles(options.decodeLimits()));
  }

  static Engine open(List<Encoder> encoders, EngineOptions options, ImageReader reader) {
    if (encoders.isEmpty()) {
      throw new IllegalArgumentException("an engine without encoders, expected at least one");
    }
    for (int i = 1; i < encoders.size(); i++) {
      if (!encoders.get(i).sameArchitecture(encoders.getFirst())) {
        throw new IllegalArgumentException(
            "encoder " + i + " has a model of another architecture than encoder 0, expected copies of one model");
      }
    }
    return new Engine(encoders, options, reader);
  }

  private static int least(List<Encoder> encoders, ToIntFunction<EncoderLimits> limit) {
    return encoders.stream().map(Encoder::limits).mapToInt(limit).min().orElseThrow();
  }

  private static int batchImages(List<Encoder> encoders, EngineOptions options) {
    return options.batchImages() > 0 ? options.batchImages() : least(encoders, EncoderLimits::images);
  }

  private static int batchTokens(List<Encoder> encoders, EngineOptions options) {
    return options.batchTokens() > 0 ? options.batchTokens() : least(encoders, EncoderLimits::tokens);
  }

  /** Runs every batch size on every lane of every replica, so that kernels, graphs and buffers exist before the first request. */
  private static void warmUp(List<Encoder> encoders, EngineOptions options) {
    int images = batchImages(encoders, options);
    int tokens = batchTokens(encoders, options);
    for (Encoder encoder : encoders) {
      if (encoder.limits().recorded()) {
        encoder.warmUp(Stream.iterate(1, size -> size <= images, size -> 2 * size).toList(), tokens);
      } else {
        encoder.warmUp(List.of(1), Math.min(tokens, CPU_WARM_UP_TOKENS));
      }
    }
  }

  /** Names of the replicas, in the order of the encoders. They are those of {@link BatchReport#replica}. */
  public List<String> replicaNames() {
    return replicas.stream().map(EncoderReplica::name).toList();
  }

  /** Most images in a batch. */
  public int batchImages() {
    return imageLimits.maxRequests();
  }

  /** Most tokens in a batch of texts. A single longer text forms a batch by itself. */
  public int batchTokens() {
    return textLimits.maxCost();
  }

  /**
   * Accepts an image, or rejects it at once, before the file is read.
   *
   * @param detail FEATURES or TOKENS
   * @return completes with the image's features
   * @throws OverloadedException if there is no room
   * @throws BatcherClosedException if closing has begun
   * @throws ReplicasLostException if no device is left
   * @throws BadInputException for pixels of another shape or type than the model's
   */
  public CompletableFuture<Encoding> submitImage(ImageInput input, Detail detail, RequestOptions options) {
    return image(new WorkKind.Images(detail), input, options);
  }

  /**
   * Like {@link #submitImage}, but waits for room instead of rejecting the image.
   *
   * @throws DeadlineExceededException if the request's timeout ends before there is room
   * @throws InterruptedException if this thread is interrupted while it waits; nothing was submitted then
   */
  public CompletableFuture<Encoding> submitImageWhenRoom(ImageInput input, Detail detail, RequestOptions options)
      throws InterruptedException {
    return imageWhenRoom(new WorkKind.Images(detail), input, options);
  }

  /**
   * Accepts an image to be scored against classes, or rejects it at once. Images that are scored against the same {@link ScoreTargets}
   * object share batches.
   *
   * @return completes with the image's scores
   * @throws BadInputException if the targets' width is not that of the model's features. Other exceptions are those of {@link
   *     #submitImage}
   */
  public CompletableFuture<Encoding> submitScores(ImageInput input, ScoreTargets targets, RequestOptions options) {
    return image(scores(targets), input, options);
  }

  /** Like {@link #submitScores}, but waits for room as {@link #submitImageWhenRoom} does. */
  public CompletableFuture<Encoding> submitScoresWhenRoom(ImageInput input, ScoreTargets targets, RequestOptions options)
      throws InterruptedException {
    return imageWhenRoom(scores(targets), input, options);
  }

  /**
   * Accepts a text, or rejects it at once.
   *
   * @param detail FEATURES or TOKENS
   * @return completes with the text's features
   * @throws BadInputException if the text has no tokens, is longer than the model's positions, or has an id outside the vocabulary. Other
   *     exceptions are those of {@link #submitImage}
   */
  public CompletableFuture<Encoding> submitText(TokenizedText text, Detail detail, RequestOptions options) {
    first.requireText(text.ids());
    return batcher.submit(new WorkKind.Texts(detail), text.length(), options, new Payload.Text(text));
  }

  /** Like {@link #submitText}, but waits for room as {@link #submitImageWhenRoom} does. */
  public CompletableFuture<Encoding> submitTextWhenRoom(TokenizedText text, Detail detail, RequestOptions options)
      throws InterruptedException {
    first.requireText(text.ids());
    Payload payload = new Payload.Text(text);
    Admission<Payload, Encoding> admission = batcher.admitWhenRoom(new WorkKind.Texts(detail), text.length(), options);
    admission.ready(payload);
    return admission.future();
  }

  private WorkKind scores(ScoreTargets targets) {
    long width = targets.textFeatures().columns();
    if (width != first.embeddingWidth()) {
      throw new BadInputException(
          "score targets: " + targets.textFeatures() + ", expected the model's " + first.embeddingWidth() + " columns");
    }
    return new WorkKind.Scores(targets);
  }

  private CompletableFuture<Encoding> image(WorkKind kind, ImageInput input, RequestOptions options) {
    requireFitting(input);
    return prepared(batcher.admit(kind, first.imageTokens(), options), input, options);
  }

  private CompletableFuture<Encoding> imageWhenRoom(WorkKind kind, ImageInput input, RequestOptions options)
      throws InterruptedException {
    requireFitting(input);
    return prepared(batcher.admitWhenRoom(kind, first.imageTokens(), options), input, options);
  }

  private void requireFitting(ImageInput input) {
    if (input instanceof ImageInput.Pixels pixels) {
      first.requireImage(pixels.tensor());
    }
  }

  private CompletableFuture<Encoding> prepared(Admission<Payload, Encoding> admission, ImageInput input, RequestOptions options) {
    try {
      if (!(input instanceof ImageInput.Pixels pixels)) {
        decoding.submit(admission, input, options);
        return admission.future();
      }
      Payload payload = new Payload.Image(pixels.tensor(), null);
      admission.ready(payload);
      return admission.future();
    } catch (Throwable failure) {
      // A lack of memory: the admission must not stay open for ever.
      admission.fail(failure);
      throw failure;
    }
  }

  /** What each stage did since the engine was opened. Use {@link StageReport#since} for a span of time. */
  public StageReport report() {
    BatcherSnapshot snapshot = batcher.snapshot();
    int lanes = replicas.stream().mapToInt(EncoderReplica::lanes).sum();
    return clocks.report(List.of(
        clocks.row(Stage.DECODE, decoding.threads(), decoding.waiting()),
        clocks.row(Stage.WAIT, 0, snapshot.ready()),
        clocks.row(Stage.PACK, lanes, 0),
        clocks.row(Stage.COMPUTE, lanes, snapshot.busyLanes()),
        clocks.row(Stage.COMPLETE, completions.threads(), completions.waiting())));
  }

  /** The requests in the batcher at this moment. */
  public BatcherSnapshot snapshot() {
    return batcher.snapshot();
  }

  /** Bytes of host memory for decoded images. The pool grows to the most images held at once and does not shrink. */
  public long pixelBytes() {
    return pool.bytes();
  }

  /** Slots for decoded images that are in use; 0 once every request has ended. */
  public int leasedSlots() {
    return pool.leasedSlots();
  }

  /**
   * Stops accepting requests, ends every accepted one, then ends the threads. Images that are decoded, and small ones that are not, are
   * computed, as are texts. Half a second after closing began, large images that are not decoded, whether they wait or a thread works on
   * them, end with {@link BatcherClosedException}. So closing takes as long as the computing of what was accepted, and at most 750 ms in
   * addition. If the calling thread is interrupted, all requests that no device has started end at once, small images and texts as well,
   * and the thread's interrupt flag is set when the call returns. Closing again waits as well.
   *
   * @throws IllegalStateException if called from a callback of a request's future: it would wait for itself
   */
  @Override
  public void close() {
    batcher.close(LARGE_IMAGES_NANOS, decoding::endLarge);
    resources.close();
  }
}
