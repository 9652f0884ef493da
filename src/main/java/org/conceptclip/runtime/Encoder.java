package org.conceptclip.runtime;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.Execution;
import org.conceptclip.model.ModelConfig;
import org.conceptclip.model.ModelLoader;
import org.conceptclip.model.ModelWeights;
import org.conceptclip.model.Scalars;
import org.conceptclip.model.TextTower;
import org.conceptclip.model.VisionTower;
import org.conceptclip.op.Ops;
import org.conceptclip.op.Parameters;
import org.conceptclip.op.Sequences;
import org.conceptclip.op.TokenBatch;
import org.conceptclip.op.Workspace;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;
import org.conceptclip.tensor.Tensor;
import org.conceptclip.weights.WeightSource;

/**
 * A loaded model on a backend: images and token ids in, features out.
 *
 * <p>Immutable and thread-safe. Owns the prepared weights; the backend belongs to the caller and must be closed after the
 * encoder. Work of any size is cut into passes of bounded memory; an embedding does not depend on what it was batched with.
 */
public final class Encoder implements AutoCloseable {
  /** Images a pass: more buys no speed on a CPU, and a pass of the full model takes 22 MB of buffers an image. */
  private static final int IMAGES_PER_PASS = 4;

  /** Tokens a pass, as a budget: a single longer text still goes as one. */
  private static final int TOKENS_PER_PASS = 4096;

  private final ModelConfig config;
  private final Backend backend;
  private final Parameters parameters;
  private final VisionTower vision;
  private final TextTower text;
  private final Scalars scalars;

  private Encoder(ModelConfig config, Backend backend, Parameters parameters, ModelWeights weights) {
    this.config = config;
    this.backend = backend;
    this.parameters = parameters;
    this.vision = new VisionTower(config.vision(), weights.vision());
    this.text = new TextTower(config.text(), weights.text());
    this.scalars = weights.scalars();
  }

  /** Prepares the weights on the backend. {@code weights} may be closed afterwards. */
  public static Encoder load(ModelConfig config, WeightSource weights, Backend backend) {
    Parameters parameters = backend.openParameters();
    try {
      return new Encoder(config, backend, parameters, ModelLoader.load(config, weights, parameters));
    } catch (Throwable failure) {
      parameters.close();
      throw failure;
    }
  }

  public ModelConfig config() {
    return config;
  }

  public Backend backend() {
    return backend;
  }

  /** The model's learned scales (exponentiated) and biases. */
  public Scalars scalars() {
    return scalars;
  }

  /** Bytes that the prepared weights take in the backend's memory. */
  public long weightBytes() {
    return parameters.weightBytes();
  }

  /**
   * Encodes images.
   *
   * @param pixels U8 [B, size, size, 3], RGB, or F32 [B, 3, size, size], normalised
   * @throws BadInputException if the shape or type is another, or a float pixel is not finite
   */
  public ImageEncoding encodeImages(HostTensor pixels, Detail detail) {
    InputChecks.pixels(pixels, config.vision());
    int images = Math.toIntExact(pixels.shape().extent(0));
    int tokens = config.vision().tokens();
    Passes raw = new Passes();
    Passes normalised = new Passes();
    Passes tokenFeatures = new Passes();
    Passes tokenStates = new Passes();
    for (int first = 0; first < images; first += IMAGES_PER_PASS) {
      int count = Math.min(IMAGES_PER_PASS, images - first);
      try (Execution execution = backend.openExecution()) {
        Ops ops = execution.ops();
        Workspace workspace = execution.workspace();
        Tensor states = vision.states(ops, workspace, upload(workspace, pixels, first, count));
        if (detail == Detail.STATES) {
          tokenStates.add(workspace, states);
        }
        if (detail != Detail.FEATURES) {
          tokenFeatures.add(workspace, vision.project(ops, workspace, states));
        }
        Tensor features = vision.pool(ops, workspace, states, Sequences.uniform(count, tokens));
        raw.add(workspace, features);
        normalised.add(workspace, normalise(ops, workspace, features));
      }
    }
    normalised.checkFinite("image");
    int width = config.vision().width();
    return new ImageEncoding(
        raw.join(images, width),
        normalised.join(images, width),
        detail == Detail.FEATURES ? null : tokenFeatures.join(images, tokens, config.embeddingWidth()),
        detail == Detail.STATES ? tokenStates.join(images, tokens, width) : null);
  }

  /**
   * Encodes texts without padding.
   *
   * @return token rows packed in the order of {@code tokens}
   * @throws BadInputException if a text is longer than the model's positions or has an id outside the vocabulary
   */
  public TextEncoding encodeTexts(TokenBatch tokens, Detail detail) {
    InputChecks.tokens(tokens, config.text());
    return encode(tokens, detail);
  }

  /**
   * Encodes padded texts as the official code does, padded positions included: the dense twin of {@link #encodeTexts}.
   *
   * @param inputIds I64 [S, L], 0 (the configured padding id) where there is no token
   * @return token rows as [S, L, columns]
   * @throws BadInputException as {@link #encodeTexts}, and for a text of padding alone
   */
  public TextEncoding encodePaddedTexts(HostTensor inputIds, Detail detail) {
    PaddedTexts padded = PaddedTexts.of(inputIds, config.text());
    TextEncoding encoding = encode(padded.batch(), detail);
    long texts = inputIds.shape().extent(0);
    long length = inputIds.shape().extent(1);
    return new TextEncoding(
        encoding.rawFeatures(),
        encoding.features(),
        scatter(encoding.tokenFeatures(), padded.denseRow(), texts, length),
        scatter(encoding.tokenStates(), padded.denseRow(), texts, length));
  }

  /**
   * Scores images against classes without bringing patch features to the host.
   *
   * @param pixels as for {@link #encodeImages}
   * @param textFeatures one L2-normalised vector a class [C, E]
   * @param conceptsOrNull one L2-normalised concept vector a class [C, E], for local scores
   * @param topK patches whose similarity is averaged
   */
  public ImageScores scoreImages(HostTensor pixels, HostTensor textFeatures, HostTensor conceptsOrNull, int topK) {
    InputChecks.pixels(pixels, config.vision());
    int images = Math.toIntExact(pixels.shape().extent(0));
    long classes = textFeatures.rows();
    Passes global = new Passes();
    Passes local = new Passes();
    for (int first = 0; first < images; first += IMAGES_PER_PASS) {
      int count = Math.min(IMAGES_PER_PASS, images - first);
      try (Execution execution = backend.openExecution()) {
        Ops ops = execution.ops();
        Workspace workspace = execution.workspace();
        Sequences sequences = Sequences.uniform(count, config.vision().tokens());
        Tensor states = vision.states(ops, workspace, upload(workspace, pixels, first, count));
        Tensor features = normalise(ops, workspace, vision.pool(ops, workspace, states, sequences));
        Tensor texts = upload(workspace, "score.texts", textFeatures, workspace.featureType());
        Tensor logits = workspace.buffer("score.global", workspace.featureType(), count, classes);
        ops.similarity(features, texts, scalars.logitScale(), logits);
        global.add(workspace, logits);
        if (conceptsOrNull != null) {
          Tensor patches = vision.project(ops, workspace, states);
          ops.l2Normalize(patches, patches);
          Tensor concepts = upload(workspace, "score.concepts", conceptsOrNull, workspace.activationType());
          Tensor scores = workspace.buffer("score.local", workspace.featureType(), count, classes);
          ops.topKMeanSimilarity(patches, sequences, concepts, scalars.conceptLogitScale(), topK, scores);
          local.add(workspace, scores);
        }
      }
    }
    global.checkFinite("image");
    return new ImageScores(
        global.join(images, classes), conceptsOrNull == null ? null : local.join(images, classes));
  }

  /** Frees the prepared weights. No call may be under way. */
  @Override
  public void close() {
    parameters.close();
  }

  private TextEncoding encode(TokenBatch tokens, Detail detail) {
    Passes raw = new Passes();
    Passes normalised = new Passes();
    Passes tokenFeatures = new Passes();
    Passes tokenStates = new Passes();
    for (TokenBatch pass : passes(tokens)) {
      try (Execution execution = backend.openExecution()) {
        Ops ops = execution.ops();
        Workspace workspace = execution.workspace();
        Tensor states = text.states(ops, workspace, pass);
        if (detail == Detail.STATES) {
          tokenStates.add(workspace, states);
        }
        if (detail != Detail.FEATURES) {
          tokenFeatures.add(workspace, text.project(ops, workspace, states));
        }
        Tensor features = text.pool(ops, workspace, states, pass.sequences());
        raw.add(workspace, features);
        normalised.add(workspace, normalise(ops, workspace, features));
      }
    }
    normalised.checkFinite("text");
    long rows = tokens.sequences().totalRows();
    return new TextEncoding(
        raw.join(tokens.count(), config.embeddingWidth()),
        normalised.join(tokens.count(), config.embeddingWidth()),
        detail == Detail.FEATURES ? null : tokenFeatures.join(rows, config.embeddingWidth()),
        detail == Detail.STATES ? tokenStates.join(rows, config.text().width()) : null);
  }

  private static List<TokenBatch> passes(TokenBatch tokens) {
    Sequences sequences = tokens.sequences();
    List<TokenBatch> passes = new ArrayList<>();
    int first = 0;
    while (first < sequences.count()) {
      int last = first + 1;
      while (last < sequences.count()
          && sequences.cumulativeRows()[last + 1] - sequences.start(first) <= TOKENS_PER_PASS) {
        last++;
      }
      passes.add(tokens.texts(first, last));
      first = last;
    }
    return passes;
  }

  private static Tensor normalise(Ops ops, Workspace workspace, Tensor features) {
    Tensor out = workspace.buffer("features.normalised", features.dtype(), features.rows(), features.columns());
    ops.l2Normalize(features, out);
    return out;
  }

  private static Tensor upload(Workspace workspace, HostTensor pixels, int first, int count) {
    long imageBytes = pixels.byteSize() / pixels.shape().extent(0);
    long[] extents = pixels.shape().toArray();
    extents[0] = count;
    HostTensor slice = HostTensor.view(
        pixels.dtype(), Shape.of(extents), pixels.data().asSlice(first * imageBytes, count * imageBytes));
    DType type = pixels.dtype() == DType.U8 ? DType.U8 : workspace.featureType();
    Tensor device = workspace.buffer("vision.pixels", type, slice.shape());
    workspace.upload(slice, device);
    return device;
  }

  private static Tensor upload(Workspace workspace, String name, HostTensor values, DType type) {
    Tensor device = workspace.buffer(name, type, values.rows(), values.columns());
    workspace.upload(values, device);
    return device;
  }

  private static HostTensor scatter(HostTensor rowsOrNull, int[] denseRow, long texts, long length) {
    if (rowsOrNull == null) {
      return null;
    }
    HostTensor dense =
        HostTensor.allocate(Arena.ofAuto(), rowsOrNull.dtype(), texts, length, rowsOrNull.columns());
    for (int row = 0; row < denseRow.length; row++) {
      dense.rows(denseRow[row], 1).data().copyFrom(rowsOrNull.rows(row, 1).data());
    }
    return dense;
  }
}
