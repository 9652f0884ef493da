package org.conceptclip.model;

import com.google.gson.GsonBuilder;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongConsumer;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.DType;
import org.conceptclip.weights.CheckpointWriter;
import org.conceptclip.weights.WeightSource;

/** Writes a model folder: the weights in one type under canonical names, the configuration in this project's schema, the tokenizer. */
public final class ModelFolderWriter {
  private static final String WEIGHTS = "model.safetensors";
  private static final String CONFIG = "config.json";

  /** Files that are copied as they are, where the source has them: what the tokenizer reads, and how images are prepared. */
  private static final List<String> COPIED = List.of(
      "tokenizer.json", "tokenizer_config.json", "vocab.txt", "special_tokens_map.json", "preprocessor_config.json");

  private ModelFolderWriter() {}

  /**
   * Writes a folder, which is created if it does not exist.
   *
   * @param type F32, F16 or BF16
   * @param companions the source's folder, from which the tokenizer's files are copied
   * @param replace whether a model that is in the folder already may be overwritten
   * @param progress receives the number of elements written so far
   * @return bytes of the file with the weights
   * @throws BadInputException if the folder is the source, holds a model already or cannot be written, or a weight is out of the range of
   *     {@code type}
   */
  public static long write(WeightSource source, ModelConfig config, DType type, Optional<Path> companions, Path folder, boolean replace,
      LongConsumer progress) {
    try {
      if (companions.isPresent() && Files.exists(folder) && Files.isSameFile(companions.get(), folder)) {
        throw new BadInputException(folder + ": is the source, expected another folder");
      }
      for (String file : List.of(WEIGHTS, CONFIG)) {
        if (!replace && Files.exists(folder.resolve(file))) {
          throw new BadInputException(
              folder + ": holds " + file + " already, expected a new or empty folder (convert --force replaces a model)");
        }
      }
      Files.createDirectories(folder);
      CheckpointWriter.write(source, ModelLayout.of(config), type, folder.resolve(WEIGHTS), progress);
      Files.writeString(folder.resolve(CONFIG), json(config) + "\n");
      for (String name : COPIED) {
        Optional<Path> file = companions.map(from -> from.resolve(name)).filter(Files::isRegularFile);
        if (file.isPresent()) {
          Files.copy(file.get(), folder.resolve(name), StandardCopyOption.REPLACE_EXISTING);
        }
      }
      return Files.size(folder.resolve(WEIGHTS));
    } catch (FileAlreadyExistsException e) {
      throw new BadInputException(folder + ": is a file, expected a folder to write to", e);
    } catch (IOException e) {
      throw new BadInputException(folder + ": cannot be written (" + e.getMessage() + "), expected a folder to write to", e);
    }
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
