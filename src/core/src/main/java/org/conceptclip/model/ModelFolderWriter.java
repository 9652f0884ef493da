package org.conceptclip.model;

import com.google.gson.GsonBuilder;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.function.LongConsumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.DType;
import org.conceptclip.util.OneLine;
import org.conceptclip.weights.CheckpointWriter;
import org.conceptclip.weights.WeightSource;

/** Writes a model folder: the weights in one type under canonical names, the configuration in this project's schema, the tokenizer. */
public final class ModelFolderWriter {
  private static final String WEIGHTS = "model.safetensors";
  private static final String CONFIG = "config.json";

  /** Files that are copied as they are, where the source has them: what the tokenizer reads, and how images are prepared. */
  private static final List<String> COPIED = List.of(
      "tokenizer.json", "tokenizer_config.json", "vocab.txt", "special_tokens_map.json", "preprocessor_config.json");

  private static final Set<String> NAMES =
      Stream.concat(Stream.of(WEIGHTS, CONFIG), COPIED.stream()).collect(Collectors.toUnmodifiableSet());

  private ModelFolderWriter() {}

  /**
   * Writes a folder, which is created if it does not exist. It is written beside its place and takes it when it is complete: a failure
   * leaves what was there before, and a process that is killed leaves nothing that loads.
   *
   * <p>The new folder holds this model alone. A folder that is replaced must hold nothing but the files that are written here.
   *
   * @param type F32, F16 or BF16
   * @param companions the source's folder, from which the tokenizer's files are copied
   * @param replace whether a model that is in the folder already may be replaced
   * @param progress receives the number of elements written so far; what it throws ends the writing
   * @return bytes of the file with the weights
   * @throws BadInputException if the folder is the source, holds something else or a model that must not be replaced, is being written by
   *     somebody else or cannot be written, or a weight is out of the range of {@code type}
   */
  public static long write(WeightSource source, ModelConfig config, DType type, Optional<Path> companions, Path folder, boolean replace,
      LongConsumer progress) {
    try {
      if (companions.isPresent() && Files.exists(folder) && Files.isSameFile(companions.get(), folder)) {
        throw new BadInputException(folder + ": is the source, expected another folder");
      }
      try (StagedFolder staged = StagedFolder.open(folder, replace, NAMES)) {
        Path weights = staged.folder().resolve(WEIGHTS);
        CheckpointWriter.write(source, ModelLayout.of(config), type, weights, progress);
        for (String name : COPIED) {
          Optional<Path> file = companions.map(from -> from.resolve(name)).filter(Files::isRegularFile);
          if (file.isPresent()) {
            Files.copy(file.get(), staged.folder().resolve(name));
          }
        }
        // Last, because a folder without it is no model.
        Files.writeString(staged.folder().resolve(CONFIG), json(config) + "\n");
        long bytes = Files.size(weights);
        staged.commit();
        return bytes;
      }
    } catch (ClosedByInterruptException e) {
      throw (CancellationException) new CancellationException(folder + ": writing was interrupted").initCause(e);
    } catch (FileAlreadyExistsException e) {
      throw new BadInputException(folder + ": a file is in its way (" + OneLine.of(e.getMessage()) + "), expected a folder to write to", e);
    } catch (IOException e) {
      throw new BadInputException(folder + ": cannot be written (" + reason(e) + "), expected a folder to write to", e);
    }
  }

  /** The folder of a model that a convert was about to replace when it was killed; empty if there is none. */
  public static Optional<Path> former(Path folder) {
    return Optional.ofNullable(folder.getFileName())
        .map(name -> folder.resolveSibling(name + StagedFolder.REPLACED))
        .filter(Files::isDirectory);
  }

  private static String reason(IOException failure) {
    return switch (failure) {
      case AccessDeniedException e -> OneLine.of(e.getMessage()) + ": permission denied";
      case FileSystemException e when e.getReason() != null -> e.getReason();
      default -> OneLine.of(String.valueOf(failure.getMessage()));
    };
  }

  /** The configuration in the schema that {@link ModelConfigReader} reads. */
  private static String json(ModelConfig config) {
    VisionConfig vision = config.vision();
    TextConfig text = config.text();
    return new GsonBuilder().setPrettyPrinting().create().toJson(object(
        "name", config.name(),
        "vision", object(
            "image_size", vision.geometry().imageSize(), "patch_size", vision.geometry().patchSize(), "width", vision.width(),
            "depth", vision.depth(), "heads", vision.heads(), "mlp_hidden", vision.mlpHidden(),
            "layer_norm_eps", vision.layerNormEpsilon(), "activation", "gelu_erf", "pool", "map", "pool_heads", vision.poolHeads(),
            "pool_mlp_hidden", vision.poolMlpHidden()),
        "text", object(
            "hidden", text.width(), "layers", text.depth(), "heads", text.heads(), "intermediate", text.mlpHidden(),
            "vocab", text.vocabulary(), "max_position", text.maxPositions(), "type_vocab", text.tokenTypes(),
            "layer_norm_eps", text.layerNormEpsilon(), "activation", "gelu_erf", "pad_id", text.paddingId(), "pooler", "mean",
            "proj", "linear_nobias", "padded_length", text.contextLength()),
        "embed_dim", config.embeddingWidth(), "proj_activation", "gelu_erf", "proj_bias", false,
        "image_mean", vision.imageMean(), "image_std", vision.imageStd()));
  }

  /** Keys and values in turn. */
  private static Map<String, Object> object(Object... entries) {
    Map<String, Object> object = new LinkedHashMap<>();
    for (int i = 0; i < entries.length; i += 2) {
      object.put((String) entries[i], entries[i + 1]);
    }
    return object;
  }
}
