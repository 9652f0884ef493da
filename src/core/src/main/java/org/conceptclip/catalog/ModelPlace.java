package org.conceptclip.catalog;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.conceptclip.model.ModelFolderWriter;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.FileNames;
import org.conceptclip.util.OneLine;
import org.conceptclip.weights.ModelFiles;

/**
 * Where the files of a model are.
 *
 * @param folder with the configuration and the tokenizer
 * @param weights what {@code Checkpoint} opens: the folder, or a file in it
 */
record ModelPlace(Path folder, Path weights) {
  private static final int LONGEST_REF = 256;

  /**
   * Finds the files by what a user names: a model folder; a safetensors file or a shard index in it; or the entry of a model in the
   * cache of Hugging Face, a folder {@code models--OWNER--NAME} with {@code refs/main} and {@code snapshots/COMMIT}.
   *
   * @throws BadInputException if there is nothing of this name, or a cache entry without a snapshot to take
   */
  static ModelPlace of(String reference) {
    Path named;
    try {
      named = FileNames.path(reference);
    } catch (InvalidPathException e) {
      throw new BadInputException("model " + OneLine.of(reference) + ": no name of a folder (" + OneLine.of(e.getReason()) + ")", e);
    }
    if (!Files.exists(named)) {
      ModelFolderWriter.former(named).ifPresent(former -> {
        throw new BadInputException("model " + FileNames.readable(named) + ": no such folder, but a convert that was killed has left the"
            + " former model in " + former + "; run convert again, or rename it");
      });
      throw new BadInputException(
          "model " + FileNames.readable(named) + ": no such folder, expected one with config.json and model.safetensors");
    }
    if (!Files.isDirectory(named)) {
      Path folder = named.getParent();
      return new ModelPlace(folder == null ? Path.of("") : folder, named);
    }
    Path snapshots = named.resolve("snapshots");
    boolean cacheEntry = Files.isDirectory(snapshots) && !ModelFiles.has(named, "config.json");
    Path folder = cacheEntry ? snapshot(named, snapshots) : named;
    return new ModelPlace(folder, folder);
  }

  private static Path snapshot(Path entry, Path snapshots) {
    if (ModelFiles.has(entry, "refs/main")) {
      Path ref = entry.resolve("refs/main");
      String commit = ModelFiles.text(ref, LONGEST_REF, "the name of a snapshot").strip();
      if (!commit.matches("[0-9A-Za-z][0-9A-Za-z._-]*")) {
        throw new BadInputException(ref + ": holds no name of a snapshot, expected a commit");
      }
      Path snapshot = snapshots.resolve(commit);
      if (!Files.isDirectory(snapshot)) {
        throw new BadInputException(snapshot + ": no such folder, although refs/main names it; expected a complete download");
      }
      return snapshot;
    }
    List<Path> all;
    try (Stream<Path> found = Files.list(snapshots)) {
      all = found.filter(Files::isDirectory).sorted().toList();
    } catch (IOException e) {
      throw new BadInputException(snapshots + ": cannot be listed (" + OneLine.of(e.getMessage()) + ")", e);
    }
    if (all.size() != 1) {
      throw new BadInputException(entry + ": a cache entry with " + all.size() + " snapshots and no refs/main; expected the name of a"
          + " folder in " + snapshots);
    }
    return all.getFirst();
  }
}
