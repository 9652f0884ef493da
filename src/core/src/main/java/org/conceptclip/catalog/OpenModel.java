package org.conceptclip.catalog;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.conceptclip.backend.Backend;
import org.conceptclip.model.ModelConfig;
import org.conceptclip.model.ModelConfigReader;
import org.conceptclip.model.ModelFingerprint;
import org.conceptclip.model.ModelFolderWriter;
import org.conceptclip.model.ModelLayout;
import org.conceptclip.model.Scalars;
import org.conceptclip.model.SyntheticModels;
import org.conceptclip.runtime.Encoder;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.DType;
import org.conceptclip.text.TextTokenizer;
import org.conceptclip.util.Closer;
import org.conceptclip.util.FileNames;
import org.conceptclip.weights.Checkpoint;
import org.conceptclip.weights.SyntheticWeights;
import org.conceptclip.weights.WeightSource;

/** An open model: its checked configuration, its weights, and the location of its tokenizer. Owns the weights. */
public final class OpenModel implements AutoCloseable {
  private static final String SYNTHETIC = "synthetic:";

  private final String name;
  private final ModelConfig config;
  private final WeightSource weights;
  private final Path folder;
  private final Optional<EmbeddedModel> embedded;

  private OpenModel(String name, ModelConfig config, WeightSource weights, Path folder, Optional<EmbeddedModel> embedded) {
    this.name = name;
    this.config = config;
    this.weights = weights;
    this.folder = folder;
    this.embedded = embedded;
  }

  /**
   * Opens a model folder, or a model with generated weights. A file with weights, or a shard index, stands for its folder, and the entry
   * of a model in Hugging Face's cache for its current snapshot.
   *
   * @throws BadInputException if there is no such model, or its files are not what they should be
   */
  public static OpenModel open(String reference) {
    if (reference.startsWith(SYNTHETIC)) {
      ModelConfig config = SyntheticModels.named(reference)
          .orElseThrow(() -> new BadInputException("model " + reference + ": expected " + SyntheticModels.names()));
      return new OpenModel(reference, config, new SyntheticWeights(reference, ModelLayout.of(config)), null, Optional.empty());
    }
    ModelPlace place = ModelPlace.of(reference);
    return folder(FileNames.readable(FileNames.path(reference)), place, Optional.empty());
  }

  /**
   * Opens the model on the class path.
   *
   * @throws BadInputException if there is none
   */
  public static OpenModel embedded() {
    EmbeddedModel model = EmbeddedModel.find().orElseThrow(() -> new BadInputException("no model was named, and the class path holds"
        + " none; expected the name of a model folder, or conceptclip-demo on the class path"));
    return model.withFolder(folder -> folder(model.name(), new ModelPlace(folder, folder), Optional.of(model)));
  }

  private static OpenModel folder(String name, ModelPlace place, Optional<EmbeddedModel> embedded) {
    ModelConfig config = ModelConfigReader.read(place.folder());
    Closer opened = new Closer();
    try {
      Checkpoint weights = opened.own(Checkpoint.open(place.weights(), ModelLayout.of(config)));
      Scalars.of(weights); // scales that are no numbers are refused before the weights are prepared
      return new OpenModel(name, config, weights, place.folder(), embedded);
    } catch (RuntimeException | Error failure) {
      opened.closeAfter(failure);
      throw failure;
    }
  }

  /** Name of the model in results. */
  public String name() {
    return name;
  }

  /** Where the weights come from, in one line for users. */
  public String origin() {
    return embedded.isPresent() ? "on the class path (" + ModelLayout.of(config).size() + " tensors)" : weights.description();
  }

  public ModelConfig config() {
    return config;
  }

  /** The folder of the model's files; empty for an embedded model and for generated weights. */
  public Optional<Path> folder() {
    return embedded.isPresent() ? Optional.empty() : Optional.ofNullable(folder);
  }

  /** One line that users must see before they use this model; empty unless it is the embedded model. */
  public Optional<String> notice() {
    return embedded.map(model -> "no model was named: " + model.notice());
  }

  /** The default class names of an embedded model; empty for other models. */
  public Optional<List<String>> defaultLabels() {
    return embedded.map(EmbeddedModel::labels);
  }

  /**
   * Opens the model's tokenizer. The caller closes it.
   *
   * @param maxTokensOrNull number of tokens to which texts are truncated; {@code null} for the model's context length
   * @throws BadInputException if the model has no tokenizer or fewer positions, or the tokenizer has more tokens than the model
   */
  public TextTokenizer tokenizer(Integer maxTokensOrNull) {
    int maxTokens = maxTokensOrNull == null ? config.text().contextLength() : maxTokensOrNull;
    int positions = config.text().maxPositions();
    if (maxTokens < 3 || maxTokens > positions) {
      throw new BadInputException("texts of " + maxTokens + " tokens: expected 3 to the model's " + positions + " positions");
    }
    if (embedded.isPresent()) {
      EmbeddedModel model = embedded.get();
      return TextTokenizer.fromVocabulary(
          "classpath:" + model.name(), model.read("vocab.txt"), model.read("tokenizer_config.json"), maxTokens);
    }
    requireTokenizer();
    TextTokenizer tokenizer = TextTokenizer.open(folder, maxTokens);
    int rows = config.text().vocabulary();
    if (tokenizer.vocabularySize() > rows) {
      tokenizer.close();
      throw new BadInputException(tokenizer.description() + ": a token has id " + (tokenizer.vocabularySize() - 1) + ", expected ids below "
          + rows + ", the rows of the model's token embedding (is this the tokenizer of another model?)");
    }
    return tokenizer;
  }

  /** Why this model has no tokenizer, in one line for users; empty if it has one. */
  public Optional<String> tokenizerAbsence() {
    if (embedded.isPresent()) {
      return Optional.empty();
    }
    if (folder == null) {
      return Optional.of("model " + name + ": synthetic weights have no tokenizer; expected a model folder, or token"
          + " ids through the forward command");
    }
    return TextTokenizer.absence(folder);
  }

  /**
   * Fails unless this model has a tokenizer.
   *
   * @throws BadInputException that says why it has none
   */
  public void requireTokenizer() {
    tokenizerAbsence().ifPresent(absence -> {
      throw new BadInputException(absence);
    });
  }

  /** Hash of architecture and weights, see {@link ModelFingerprint}. Reads all weights. */
  public String fingerprint() {
    return ModelFingerprint.of(config, weights);
  }

  /** Calls {@link #load(Backend, Consumer)} and drops the notices. */
  public Encoder load(Backend backend) {
    return load(backend, notice -> {});
  }

  /**
   * Prepares the weights on a backend. The caller closes the encoder before it closes the backend.
   *
   * @param notices receives one line for users when device memory does not hold a pass and passes become smaller
   */
  public Encoder load(Backend backend, Consumer<String> notices) {
    return Encoder.load(config, weights, backend, notices);
  }

  /**
   * Writes this model as a folder, see {@link ModelFolderWriter}: weights in one type, configuration, and the tokenizer's files if it
   * has any. The folder appears when it is complete, or not at all.
   *
   * @param replace whether a model that is in the folder already may be replaced
   * @param progress receives the number of elements written so far; what it throws ends the writing
   * @return bytes of the file with the weights
   * @throws BadInputException if the folder is this model's own, holds something else, is being written by another process, or cannot be
   *     written
   */
  public long write(Path target, DType type, boolean replace, LongConsumer progress) {
    return ModelFolderWriter.write(weights, config, type, folder(), target, replace, progress);
  }

  @Override
  public void close() {
    weights.close();
  }
}
