package org.conceptclip.catalog;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.conceptclip.backend.Backend;
import org.conceptclip.model.ModelConfig;
import org.conceptclip.model.ModelConfigReader;
import org.conceptclip.model.ModelLayout;
import org.conceptclip.model.SyntheticModels;
import org.conceptclip.runtime.Encoder;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.text.TextTokenizer;
import org.conceptclip.weights.Checkpoint;
import org.conceptclip.weights.SyntheticWeights;
import org.conceptclip.weights.WeightSource;

/** A model that was found and checked: its configuration, its weights, and where its tokenizer lies. Owns the weights. */
public final class OpenModel implements AutoCloseable {
  private static final String SYNTHETIC = "synthetic:";

  private final String name;
  private final ModelConfig config;
  private final WeightSource weights;
  private final Path folder;
  private final boolean demo;

  private OpenModel(String name, ModelConfig config, WeightSource weights, Path folder, boolean demo) {
    this.name = name;
    this.config = config;
    this.weights = weights;
    this.folder = folder;
    this.demo = demo;
  }

  /**
   * Opens a model folder, or makes a synthetic model.
   *
   * @throws BadInputException if there is no such model, or its files are not what they should be
   */
  public static OpenModel open(String reference) {
    if (reference.startsWith(SYNTHETIC)) {
      ModelConfig config = SyntheticModels.named(reference)
          .orElseThrow(() -> new BadInputException("model " + reference + ": expected " + SyntheticModels.names()));
      return new OpenModel(
          reference, config, new SyntheticWeights(reference, ModelLayout.of(config)), null, false);
    }
    Path folder = Path.of(reference);
    if (!Files.exists(folder)) {
      throw new BadInputException("model " + reference + ": no such folder, expected one with config.json and model.safetensors");
    }
    return folder(reference, folder, false);
  }

  /** Opens the demo model that this library carries. */
  public static OpenModel demo() {
    return DemoModel.withFiles(folder -> folder("demo", folder, true));
  }

  private static OpenModel folder(String name, Path folder, boolean demo) {
    ModelConfig config = ModelConfigReader.read(folder);
    return new OpenModel(name, config, Checkpoint.open(folder, ModelLayout.of(config)), folder, demo);
  }

  /** What results call it. */
  public String name() {
    return name;
  }

  /** Where the weights are from, for people. */
  public String origin() {
    return demo ? "inside this program's jar (" + ModelLayout.of(config).size() + " tensors)" : weights.description();
  }

  public ModelConfig config() {
    return config;
  }

  public WeightSource weights() {
    return weights;
  }

  /** Folder with the model's files; empty for models that have none. */
  public Optional<Path> folder() {
    return demo ? Optional.empty() : Optional.ofNullable(folder);
  }

  /** Class names to take when the user gives none: the demo model's. */
  public Optional<List<String>> defaultLabels() {
    return demo ? Optional.of(DemoModel.labels()) : Optional.empty();
  }

  /**
   * The model's tokenizer. The caller closes it.
   *
   * @param maxTokensOrNull tokens a text is cut to; {@code null} for the model's context length
   * @throws BadInputException if the model has none, or has not so many positions
   */
  public TextTokenizer tokenizer(Integer maxTokensOrNull) {
    int maxTokens = maxTokensOrNull == null ? config.text().contextLength() : maxTokensOrNull;
    int positions = config.text().maxPositions();
    if (maxTokens < 3 || maxTokens > positions) {
      throw new BadInputException("texts of " + maxTokens + " tokens: expected 3 to the model's " + positions + " positions");
    }
    if (demo) {
      return TextTokenizer.fromResources(DemoModel.RESOURCES, maxTokens);
    }
    Optional<String> absence = tokenizerAbsence();
    if (absence.isPresent()) {
      throw new BadInputException(absence.get());
    }
    return TextTokenizer.open(folder, maxTokens);
  }

  /** Why this model has no tokenizer, in a line for people; empty when it has one. */
  public Optional<String> tokenizerAbsence() {
    if (demo) {
      return Optional.empty();
    }
    if (folder == null) {
      return Optional.of("model " + name + ": synthetic weights have no tokenizer; expected a model folder, or token"
          + " ids through the forward command");
    }
    return TextTokenizer.absence(folder);
  }

  /** {@link #load(Backend, Consumer)} for callers who want no notices. */
  public Encoder load(Backend backend) {
    return load(backend, notice -> {});
  }

  /**
   * Prepares the weights on a backend. The caller closes the encoder, before the backend.
   *
   * @param notices gets a line for people when passes have to become smaller
   */
  public Encoder load(Backend backend, Consumer<String> notices) {
    return Encoder.load(config, weights, backend, notices);
  }

  @Override
  public void close() {
    weights.close();
  }
}
