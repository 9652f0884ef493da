package org.conceptclip.runtime;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.DeviceException;
import org.conceptclip.backend.Execution;
import org.conceptclip.backend.ModelIdentity;
import org.conceptclip.backend.PassLimits;
import org.conceptclip.model.ModelConfig;
import org.conceptclip.model.ModelFingerprint;
import org.conceptclip.model.ModelLayout;
import org.conceptclip.model.ModelLoader;
import org.conceptclip.model.ModelWeights;
import org.conceptclip.model.Scalars;
import org.conceptclip.model.TextTower;
import org.conceptclip.model.VisionTower;
import org.conceptclip.op.Ops;
import org.conceptclip.op.Sequences;
import org.conceptclip.op.TokenBatch;
import org.conceptclip.op.WeightStore;
import org.conceptclip.op.Workspace;
import org.conceptclip.runtime.Encoding.Output;
import org.conceptclip.runtime.PassRunner.Work;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Tensor;
import org.conceptclip.weights.WeightSource;

/**
 * A model on a backend: computes features from images and token ids.
 *
 * <p>Immutable and thread-safe. Owns the prepared weights. The backend belongs to the caller, who must close it after the encoder. Work of
 * any size is cut into passes of bounded memory; an embedding does not depend on the batch that it was computed in.
 */
public final class Encoder implements AutoCloseable {
  private static final long TEXT_WARM_UP_NANOS = 2_000_000_000;

  private final ModelConfig config;
  private final Backend backend;
  private final WeightStore store;
  private final VisionTower vision;
  private final TextTower text;
  private final Scalars scalars;
  private final PassRunner passes;

  private Encoder(ModelConfig config, Backend backend, WeightStore store, ModelWeights weights, Consumer<String> notices) {
    this.config = config;
    this.backend = backend;
    this.store = store;
    this.vision = new VisionTower(config.vision(), weights.vision());
    this.text = new TextTower(config.text(), weights.text());
    this.scalars = weights.scalars();
    this.passes = new PassRunner(backend, notices);
  }

  /**
   * Prepares the weights on the backend. {@code weights} may be closed afterwards.
   *
   * @param notices receives one line of text whenever passes become smaller because device memory does not hold them
   * @throws org.conceptclip.backend.BackendUnavailableException if the backend cannot compute a model of this architecture
   * @throws BadInputException if the backend was opened with the calibration of another model
   */
  public static Encoder load(ModelConfig config, WeightSource weights, Backend backend, Consumer<String> notices) {
    backend.requireHeadWidth(config.vision().width() / config.vision().heads());
    backend.requireHeadWidth(config.text().width() / config.text().heads());
    backend.requireModel(new Identity(config, weights));
    WeightStore store = backend.openWeightStore();
    try {
      return new Encoder(config, backend, store, ModelLoader.load(config, weights, store), notices);
    } catch (Throwable failure) {
      store.close();
      throw failure;
    }
  }

  private record Identity(ModelConfig config, WeightSource weights) implements ModelIdentity {
    @Override
    public String fingerprint() {
      return ModelFingerprint.of(config, weights);
    }

    @Override
    public List<String> products() {
      return ModelLayout.products(config);
    }
  }

  public ModelConfig config() {
    return config;
  }

  public Backend backend() {
    return backend;
  }

  /** The sizes of work that suit this encoder. They shrink when device memory turns out to be too small for a pass. */
  public EncoderLimits limits() {
    PassLimits limits = passes.limits();
    return new EncoderLimits(limits.images(), limits.tokens(), limits.recorded(), backend.lanes());
  }

  /** Short name of the backend. */
  public String backendName() {
    return backend.name();
  }

  /** Width and height of an image in pixels. */
  public int imageSize() {
    return config.vision().geometry().imageSize();
  }

  /** Number of patches of an image. */
  public int imageTokens() {
    return config.vision().tokens();
  }

  /** Length of image and text features. */
  public int embeddingWidth() {
    return config.embeddingWidth();
  }

  /** Whether the model of another encoder has the same architecture. Names are not compared. */
  public boolean sameArchitecture(Encoder other) {
    return config.vision().equals(other.config.vision()) && config.text().equals(other.config.text())
        && config.embeddingWidth() == other.config.embeddingWidth();
  }

  /** Whether this failure of a call means that the device is lost and can do no more work. */
  public static boolean isDeviceLost(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof DeviceException device && device.kind() == DeviceException.Kind.LOST) {
        return true;
      }
    }
    return false;
  }

  /**
   * Rejects an image that {@link #encodeImages(List, Detail, LongConsumer)} would reject.
   *
   * @throws BadInputException if it is not U8 [size, size, 3]
   */
  public void requireImage(HostTensor image) {
    InputChecks.image(image, config.vision());
  }

  /**
   * Rejects a text that {@link #encodeTexts} would reject, so that {@link #encodeCheckedTexts} may encode it.
   *
   * @param ids its tokens
   * @throws BadInputException if it has no tokens, is longer than the model's positions, or has an id outside the vocabulary
   */
  public void requireText(int[] ids) {
    InputChecks.text(ids, config.text());
  }

  /**
   * Runs passes on every lane and discards their results, so that kernels are compiled and loaded, graphs are recorded and buffers are
   * allocated: one batch of texts, then images in batches of each size, the largest first. In this order, buffers grow before graphs refer
   * to them. Where passes are recorded, texts follow in batches of each size that they are padded to: the largest, then from the smallest
   * on, for two seconds at most. Passes become smaller if device memory does not hold one on every lane.
   *
   * @param sizes sizes of the batches of images, each at least 1
   * @param textTokens tokens of the largest batch of texts; 0 for no texts
   */
  public void warmUp(List<Integer> sizes, int textTokens) {
    boolean recorded = passes.limits().recorded();
    if (textTokens > 0) {
      // Short texts: of one number of tokens, they have the largest buffers.
      warmUpTexts(textTokens, recorded ? config.text().contextLength() / 8 : config.text().contextLength());
    }
    warmUpImages(sizes, recorded);
    if (textTokens > 0 && recorded) {
      warmUpTextBuckets(textTokens);
    }
  }

  private void warmUpTextBuckets(int most) {
    long begin = System.nanoTime();
    List<Integer> sizes = new ArrayList<>(TextBuckets.rowsUpTo(most));
    sizes.addFirst(sizes.removeLast());
    for (int rows : sizes) {
      for (int share : new int[] {2, 4}) {
        // Work is recorded as a graph when it comes again.
        for (int time = 0; time < 2; time++) {
          warmUpTexts(Math.min(rows, most), config.text().contextLength() / share);
        }
      }
      if (System.nanoTime() - begin > TEXT_WARM_UP_NANOS) {
        return;
      }
    }
  }

  /** Runs texts of so many tokens in all: one as long as the context, where there is room, then others of this length. */
  private void warmUpTexts(int tokens, int length) {
    List<int[]> ids = new ArrayList<>();
    int next = Math.min(tokens, config.text().contextLength());
    for (int left = tokens; left > 0; left -= ids.getLast().length) {
      ids.add(new int[Math.min(left, next)]);
      next = Math.max(1, length);
    }
    TokenBatch texts = TokenBatch.packed(ids);
    passes.warmUp(Work.ofTexts(texts.sequences(), (execution, first, count) ->
        encode(execution, texts.texts(first, first + count), Set.of(Output.FEATURES))));
  }

  private void warmUpImages(List<Integer> sizes, boolean recorded) {
    List<Integer> order = new ArrayList<>();
    if (recorded) {
      // Buffers grow in the first two passes, before graphs refer to them; work is recorded as a graph when it comes again.
      sizes.stream().max(Comparator.naturalOrder()).ifPresent(order::add);
      order.addAll(sizes);
    }
    order.addAll(sizes);
    order.sort(Comparator.reverseOrder());
    HostTensor image = HostTensor.allocate(Arena.ofAuto(), DType.U8, imageSize(), imageSize(), 3);
    for (int size : order) {
      Pixels pixels = Pixels.of(Collections.nCopies(size, image), config.vision(), nanos -> {});
      passes.warmUp(Work.ofImages(size, (execution, first, count) -> encode(execution, pixels, first, count, Set.of(Output.FEATURES))));
    }
  }

  /** The model's learned scales (exponentiated) and biases. */
  public Scalars scalars() {
    return scalars;
  }

  /** Bytes of the prepared weights in the backend's memory. */
  public long weightBytes() {
    return store.weightBytes();
  }

  /**
   * Encodes images.
   *
   * @param pixels U8 [B, size, size, 3], RGB, or F32 [B, 3, size, size], normalised
   * @throws BadInputException if the tensor has another shape or type, or a float pixel is not finite
   */
  public Encoding encodeImages(HostTensor pixels, Detail detail) {
    return encodeImages(Pixels.of(pixels, config.vision()), wanted(detail, true));
  }

  /**
   * Encodes images, each in a tensor of its own. The images are gathered on their way to the device. The results are those of {@link
   * #encodeImages(HostTensor, Detail)}, without the raw features.
   *
   * @param images U8 [size, size, 3] each, RGB
   * @param uploadNanos receives the time that each pass spent on uploading its images
   * @throws BadInputException if there is no image, or one has another shape or type
   */
  public Encoding encodeImages(List<HostTensor> images, Detail detail, LongConsumer uploadNanos) {
    return encodeImages(Pixels.of(images, config.vision(), uploadNanos), wanted(detail, false));
  }

  private Encoding encodeImages(Pixels pixels, Set<Output> wanted) {
    return passes.run(Work.ofImages(pixels.count(), (execution, first, count) -> encode(execution, pixels, first, count, wanted)))
        .requireFinite(Output.FEATURES, "image", backend.residualRanges());
  }

  private static Set<Output> wanted(Detail detail, boolean rawFeatures) {
    Set<Output> wanted = EnumSet.of(Output.FEATURES);
    if (rawFeatures) {
      wanted.add(Output.RAW_FEATURES);
    }
    if (detail != Detail.FEATURES) {
      wanted.add(Output.TOKEN_FEATURES);
    }
    if (detail == Detail.STATES) {
      wanted.add(Output.TOKEN_STATES);
    }
    return wanted;
  }

  private Encoding encode(Execution execution, Pixels pixels, int first, int count, Set<Output> wanted) {
    Ops ops = execution.ops();
    Workspace workspace = execution.workspace();
    Tensor states = vision.states(ops, workspace, pixels.upload(workspace, first, count));
    Tensor projected = wanted.contains(Output.TOKEN_FEATURES) ? vision.project(ops, workspace, states) : null;
    Tensor features = vision.pool(ops, workspace, states, Sequences.uniform(count, config.vision().tokens()));
    return download(ops, workspace, features, projected, states, count, states.rows(), wanted);
  }

  /** Downloads the outputs of the first {@code items} images or texts, which have the first {@code tokens} rows of tokens. */
  private static Encoding download(Ops ops, Workspace workspace, Tensor features, Tensor projectedOrNull, Tensor states, int items,
      long tokens, Set<Output> wanted) {
    Map<Output, Tensor> outputs = new EnumMap<>(Output.class);
    outputs.put(Output.FEATURES, workspace.rows(normalise(ops, workspace, features), 0, items));
    if (wanted.contains(Output.RAW_FEATURES)) {
      outputs.put(Output.RAW_FEATURES, workspace.rows(features, 0, items));
    }
    if (wanted.contains(Output.TOKEN_FEATURES)) {
      outputs.put(Output.TOKEN_FEATURES, workspace.rows(projectedOrNull, 0, tokens));
    }
    if (wanted.contains(Output.TOKEN_STATES)) {
      outputs.put(Output.TOKEN_STATES, workspace.rows(states, 0, tokens));
    }
    return Encoding.download(workspace, outputs);
  }

  /**
   * Encodes texts without padding.
   *
   * @return token rows packed in the order of {@code tokens}
   * @throws BadInputException if a text is longer than the model's positions or has an id outside the vocabulary
   */
  public Encoding encodeTexts(TokenBatch tokens, Detail detail) {
    InputChecks.tokens(tokens, config.text());
    return encodeTexts(tokens, wanted(detail, true));
  }

  /** {@link #encodeTexts} for texts each of which {@link #requireText} has accepted, without the raw features. */
  public Encoding encodeCheckedTexts(TokenBatch tokens, Detail detail) {
    return encodeTexts(tokens, wanted(detail, false));
  }

  private Encoding encodeTexts(TokenBatch tokens, Set<Output> wanted) {
    return passes.run(Work.ofTexts(tokens.sequences(), (execution, first, count) ->
            encode(execution, tokens.texts(first, first + count), wanted)))
        .requireFinite(Output.FEATURES, "text", backend.residualRanges());
  }

  /**
   * Encodes padded texts as the official code does, including the padded positions.
   *
   * @param inputIds I64 [S, L], 0 (the configured padding id) where there is no token
   * @return token rows in the order of {@code inputIds} [S * L, columns]
   * @throws BadInputException as {@link #encodeTexts}, and for a text of padding alone
   */
  public Encoding encodePaddedTexts(HostTensor inputIds, Detail detail) {
    PaddedTexts padded = PaddedTexts.of(inputIds, config.text());
    return encodeTexts(padded.batch(), wanted(detail, true)).withScatteredTokens(padded.denseRow());
  }

  /**
   * Scores images against classes on the device; patch features are not downloaded.
   *
   * @param pixels as for {@link #encodeImages(HostTensor, Detail)}
   * @param textFeatures one L2-normalised vector per class [C, E]
   * @param conceptsOrNull one L2-normalised concept vector per class [C, E], for local scores; {@code null} for global scores alone
   * @param topK number of patches whose similarities are averaged
   * @return the global logits, and the local ones if there are concepts
   */
  public Encoding scoreImages(HostTensor pixels, HostTensor textFeatures, HostTensor conceptsOrNull, int topK) {
    return scoreImages(Pixels.of(pixels, config.vision()), textFeatures, conceptsOrNull, topK);
  }

  /**
   * Scores images, each in a tensor of its own. The results are those of {@link #scoreImages(HostTensor, HostTensor, HostTensor, int)}.
   *
   * @param images U8 [size, size, 3] each, RGB
   * @param uploadNanos receives the time that each pass spent on uploading its images
   */
  public Encoding scoreImages(
      List<HostTensor> images, HostTensor textFeatures, HostTensor conceptsOrNull, int topK, LongConsumer uploadNanos) {
    return scoreImages(Pixels.of(images, config.vision(), uploadNanos), textFeatures, conceptsOrNull, topK);
  }

  private Encoding scoreImages(Pixels pixels, HostTensor textFeatures, HostTensor conceptsOrNull, int topK) {
    return passes.run(Work.ofImages(pixels.count(), (execution, first, count) ->
            score(execution, pixels.upload(execution.workspace(), first, count), textFeatures, conceptsOrNull, topK)))
        .requireFinite(Output.GLOBAL_LOGITS, "image", backend.residualRanges());
  }

  private Encoding score(Execution execution, Tensor pixels, HostTensor textFeatures, HostTensor conceptsOrNull, int topK) {
    Ops ops = execution.ops();
    Workspace workspace = execution.workspace();
    Sequences sequences = vision.sequences(pixels);
    Tensor texts = upload(workspace, "score.texts", textFeatures, workspace.featureType());
    Tensor concepts = conceptsOrNull == null
        ? null : upload(workspace, "score.concepts", conceptsOrNull, workspace.activationType());
    Tensor states = vision.states(ops, workspace, pixels);
    Tensor features = normalise(ops, workspace, vision.pool(ops, workspace, states, sequences));
    Map<Output, Tensor> outputs = new EnumMap<>(Output.class);
    Tensor global = workspace.buffer("score.global", workspace.featureType(), sequences.count(), textFeatures.rows());
    ops.similarity(features, texts, scalars.logitScale(), global);
    outputs.put(Output.GLOBAL_LOGITS, global);
    if (concepts != null) {
      Tensor patches = vision.project(ops, workspace, states);
      ops.l2Normalize(patches, patches);
      Tensor local = workspace.buffer("score.local", workspace.featureType(), sequences.count(), concepts.rows());
      ops.topKMeanSimilarity(patches, sequences, concepts, scalars.conceptLogitScale(), topK, local);
      outputs.put(Output.LOCAL_LOGITS, local);
    }
    return Encoding.download(workspace, outputs);
  }

  /** Frees the prepared weights. No call may be running. */
  @Override
  public void close() {
    store.close();
  }

  private Encoding encode(Execution execution, TokenBatch texts, Set<Output> wanted) {
    Ops ops = execution.ops();
    Workspace workspace = execution.workspace();
    TokenBatch batch = passes.limits().recorded() ? TextBuckets.padded(texts, config.text().contextLength()) : texts;
    Tensor states = text.states(ops, workspace, batch);
    Tensor projected = wanted.contains(Output.TOKEN_FEATURES) ? text.project(ops, workspace, states) : null;
    Tensor features = text.pool(ops, workspace, states, batch.sequences());
    return download(ops, workspace, features, projected, states, texts.count(), texts.sequences().totalRows(), wanted);
  }

  private static Tensor normalise(Ops ops, Workspace workspace, Tensor features) {
    Tensor out = workspace.buffer("features.normalised", features.dtype(), features.rows(), features.columns());
    ops.l2Normalize(features, out);
    return out;
  }

  private static Tensor upload(Workspace workspace, String name, HostTensor values, DType type) {
    Tensor device = workspace.buffer(name, type, values.rows(), values.columns());
    workspace.upload(values, device);
    return device;
  }
}
