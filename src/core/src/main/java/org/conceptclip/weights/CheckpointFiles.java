package org.conceptclip.weights;

import com.google.gson.stream.JsonReader;
import com.google.gson.stream.MalformedJsonException;
import java.io.EOFException;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.OneLine;

/** Finds the safetensors files of a checkpoint: one file, or the shards that a Hugging Face index names. */
final class CheckpointFiles {
  private static final String INDEX_SUFFIX = ".safetensors.index.json";
  private static final List<String> SINGLE_FILES =
      List.of("model.safetensors", "open_clip_model.safetensors", "open_clip_pytorch_model.safetensors", "pytorch_model.safetensors");
  private static final Set<String> PICKLE_ENDINGS = Set.of(".bin", ".pt", ".pth", ".ckpt");
  private static final String CONVERT_ADVICE = ModelFiles.CONVERT_ADVICE;
  private static final String EXPECTED_INDEX = "a shard index";

  /** Longest index that is read; one of the largest models of today has 4 MB. */
  private static final int LONGEST_INDEX = 16 << 20;

  private static final int MOST_TENSORS = 250_000;
  private static final int MOST_SHARDS = 1000;

  private CheckpointFiles() {}

  /** The files to read for a folder, a safetensors file or an index. */
  static List<Path> find(Path folderOrFile) {
    if (!Files.exists(folderOrFile)) {
      throw new BadInputException(folderOrFile + ": no such file or folder, expected a model folder or a safetensors file");
    }
    if (!Files.isDirectory(folderOrFile)) {
      return file(folderOrFile);
    }
    for (String name : SINGLE_FILES) {
      Path file = folderOrFile.resolve(name);
      if (ModelFiles.has(folderOrFile, name)) {
        return List.of(file);
      }
      String index = name.replace(".safetensors", INDEX_SUFFIX);
      if (ModelFiles.has(folderOrFile, index)) {
        return shards(folderOrFile.resolve(index));
      }
    }
    return onlyFile(folderOrFile);
  }

  private static List<Path> file(Path file) {
    String name = file.getFileName().toString();
    if (name.endsWith(INDEX_SUFFIX)) {
      return shards(file);
    }
    if (isPickle(file)) {
      throw new BadInputException(file + ": a PyTorch checkpoint, expected safetensors; " + CONVERT_ADVICE);
    }
    return List.of(file);
  }

  private static List<Path> onlyFile(Path folder) {
    List<Path> safetensors = new ArrayList<>();
    List<Path> pickles = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
      for (Path file : files) {
        if (file.getFileName().toString().endsWith(".safetensors")) {
          safetensors.add(file);
        } else if (isPickle(file)) {
          pickles.add(file);
        }
      }
    } catch (IOException e) {
      throw new BadInputException(folder + ": cannot be listed (" + OneLine.of(e.getMessage()) + ")", e);
    }
    if (safetensors.size() == 1) {
      return safetensors;
    }
    if (!safetensors.isEmpty()) {
      throw new BadInputException(
          folder + ": " + safetensors.size() + " safetensors files and no index, expected model.safetensors or model" + INDEX_SUFFIX);
    }
    if (!pickles.isEmpty()) {
      throw new BadInputException(
          folder + ": holds " + OneLine.of(pickles.getFirst().getFileName().toString()) + ", expected model.safetensors; "
              + CONVERT_ADVICE);
    }
    throw new BadInputException(folder + ": no checkpoint in it, expected model.safetensors");
  }

  private static boolean isPickle(Path file) {
    String name = file.getFileName().toString();
    return PICKLE_ENDINGS.stream().anyMatch(name::endsWith);
  }

  /** The files that an index names, in the order of their first tensor. */
  private static List<Path> shards(Path index) {
    Set<String> names = new LinkedHashSet<>();
    String text = ModelFiles.text(index, LONGEST_INDEX, EXPECTED_INDEX);
    try (JsonReader json = StrictJson.reader(new StringReader(text))) {
      boolean mapSeen = false;
      json.beginObject();
      while (json.hasNext()) {
        if (!json.nextName().equals("weight_map")) {
          json.skipValue();
        } else if (mapSeen) {
          throw new BadInputException(index + ": duplicate key weight_map, expected one");
        } else {
          mapSeen = true;
          readWeightMap(index, json, names);
        }
      }
      json.endObject();
      json.peek(); // throws if anything follows
    } catch (MalformedJsonException | EOFException | IllegalStateException e) {
      throw new BadInputException(
          index + ": not a shard index (" + StrictJson.place(e) + "), expected a JSON object whose weight_map maps tensors to files", e);
    } catch (IOException e) {
      throw new BadInputException(index + ": cannot be read (" + OneLine.of(e.getMessage()) + ")", e);
    }
    if (names.isEmpty()) {
      throw new BadInputException(index + ": names no files, expected a weight_map from tensors to files");
    }
    return names.stream().map(name -> shard(index, name)).toList();
  }

  private static void readWeightMap(Path index, JsonReader json, Set<String> names) throws IOException {
    Set<String> tensors = new HashSet<>();
    json.beginObject();
    while (json.hasNext()) {
      String tensor = json.nextName();
      if (!tensors.add(tensor)) {
        throw new BadInputException(index + ": names the file of tensor " + OneLine.quoted(tensor) + " twice, expected once");
      }
      names.add(json.nextString());
      if (tensors.size() > MOST_TENSORS || names.size() > MOST_SHARDS) {
        throw new BadInputException(
            index + ": too large, expected at most " + MOST_TENSORS + " tensors in at most " + MOST_SHARDS + " files");
      }
    }
    json.endObject();
  }

  /** A shard must be in the folder of its index; a name that leads elsewhere is rejected. */
  private static Path shard(Path index, String name) {
    try {
      if (!name.isEmpty() && !name.contains("/") && !name.contains("\\") && !Set.of(".", "..").contains(name)) {
        return index.resolveSibling(name);
      }
    } catch (InvalidPathException e) { // for example half of a surrogate pair, or a letter that the system's names cannot have
      throw new BadInputException(index + ": names the file " + OneLine.quoted(name) + ", expected a name that this system can have", e);
    }
    throw new BadInputException(index + ": names the file " + OneLine.quoted(name) + ", expected the name of a file beside it");
  }
}
