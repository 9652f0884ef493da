package org.conceptclip.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.conceptclip.data.Npy;
import org.conceptclip.explain.ContactSheet;
import org.conceptclip.explain.FileStems;
import org.conceptclip.explain.PatchMap;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;
import org.conceptclip.util.FileNames;

/**
 * The folder that {@code concepts} writes to: one folder a picture with a map and an overlay a concept, a table and a page. Every file is
 * written whole or not at all; those of an earlier run are replaced. Threads may write different files at once.
 */
final class ConceptFolder {
  static final String SCORES = "scores.csv";
  static final String PAGE = "index.html";

  private final Path root;
  private final FileStems pictures = new FileStems(List.of(SCORES, PAGE));
  private final List<String> files;

  /** @param concepts all different */
  ConceptFolder(Path root, List<String> concepts) {
    this.root = root;
    this.files = FileStems.of(concepts);
  }

  /** Names of the concepts' files without an ending, in the order of the concepts. */
  List<String> files() {
    return files;
  }

  /** The name of the folder of the next picture. */
  String next(String image) {
    return pictures.next(image.equals(Stdin.SHORT) ? "stdin" : FileStems.stem(image));
  }

  /** Makes a picture's folder. */
  void make(String picture) {
    Path folder = root.resolve(FileNames.path(picture));
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new BadInputException("--out " + Names.readable(folder) + ": cannot be made (" + Failures.reason(e)
          + "), expected a place for a folder", e);
    }
  }

  void overlay(String picture, int concept, byte[] png) {
    OutputFiles.replace("--out", file(picture, files.get(concept) + ".png"), png);
  }

  void original(String picture, byte[] jpeg) {
    OutputFiles.replace("--out", file(picture, ContactSheet.ORIGINAL), jpeg);
  }

  void map(String picture, int concept, PatchMap map) {
    Path file = file(picture, files.get(concept) + ".npy");
    try {
      Npy.write(file, HostTensor.view(DType.F32, Shape.of(map.side(), map.side()), MemorySegment.ofArray(map.values())));
    } catch (UncheckedIOException e) {
      throw new BadInputException("--out " + Names.readable(file) + ": cannot be written (" + Failures.reason(e.getCause())
          + "), expected a place to write to", e);
    }
  }

  /** A map that was written before. */
  PatchMap map(String picture, int concept) {
    float[] values = Npy.read(file(picture, files.get(concept) + ".npy")).toFloatArray();
    return new PatchMap((int) Math.round(Math.sqrt(values.length)), values);
  }

  void text(String name, String content) {
    OutputFiles.replace("--out", root.resolve(name), content.getBytes(StandardCharsets.UTF_8));
  }

  private Path file(String picture, String name) {
    return root.resolve(FileNames.path(picture)).resolve(FileNames.path(name));
  }
}
