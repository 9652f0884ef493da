package org.conceptclip.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.SequencedMap;
import org.conceptclip.catalog.OpenModel;
import org.conceptclip.model.ModelLayout;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.Shape;
import org.conceptclip.weights.CheckpointWriter;

/** Writes a model as a folder: weights in one type under open_clip names, configuration, tokenizer files. */
final class ModelExport {
  private static final String WEIGHTS = "model.safetensors";
  private static final String CONFIG = "config.json";

  /** Files that are taken over as they are, where the source has them. */
  private static final List<String> COPIED = List.of(
      "tokenizer.json", "tokenizer_config.json", "vocab.txt", "special_tokens_map.json", "preprocessor_config.json");

  private final OpenModel model;
  private final Console console;

  ModelExport(OpenModel model, Console console) {
    this.model = model;
    this.console = console;
  }

  /**
   * Writes the folder. Returns the size of the weights' file in bytes.
   *
   * @throws BadInputException if the folder holds a model already, cannot be written, or a weight does not fit the type
   */
  long write(Path folder, DType type, boolean replace) {
    try {
      prepare(folder, replace);
      writeWeights(folder.resolve(WEIGHTS), type);
      Files.writeString(folder.resolve(CONFIG), ConfigJson.of(model.config()), StandardCharsets.UTF_8);
      copyFiles(folder);
      return Files.size(folder.resolve(WEIGHTS));
    } catch (IOException e) {
      throw new BadInputException("--out " + folder + ": cannot be written (" + Failures.reason(e) + ")", e);
    }
  }

  private void prepare(Path folder, boolean replace) throws IOException {
    if (Files.exists(folder) && !Files.isDirectory(folder)) {
      throw new BadInputException("--out " + folder + ": is a file, expected a folder");
    }
    Files.createDirectories(folder);
    if (model.folder().isPresent() && Files.isSameFile(model.folder().get(), folder)) {
      throw new BadInputException("--out " + folder + ": is the source, expected another folder");
    }
    if (Files.exists(folder.resolve(WEIGHTS)) && !replace) {
      throw new BadInputException("--out " + folder + ": holds a " + WEIGHTS + " already, expected a new folder or --force");
    }
  }

  private void writeWeights(Path file, DType type) {
    SequencedMap<String, Shape> layout = ModelLayout.of(model.config());
    long elements = layout.values().stream().mapToLong(Shape::elements).sum();
    try (Progress progress = new Progress(console, "convert", elements)) {
      CheckpointWriter.write(model.weights(), layout, type, file, progress::reach);
    }
  }

  private void copyFiles(Path folder) throws IOException {
    if (model.folder().isEmpty()) {
      return;
    }
    Path source = model.folder().get();
    Path from = Files.isDirectory(source) ? source : source.toAbsolutePath().getParent();
    for (String file : COPIED) {
      if (Files.isRegularFile(from.resolve(file))) {
        Files.copy(from.resolve(file), folder.resolve(file), StandardCopyOption.REPLACE_EXISTING);
      }
    }
  }
}
