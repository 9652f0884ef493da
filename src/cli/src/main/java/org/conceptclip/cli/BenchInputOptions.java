package org.conceptclip.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.conceptclip.batch.ImageInput;
import org.conceptclip.bench.throughput.CaptionLengths;
import org.conceptclip.bench.throughput.SampleImages;
import org.conceptclip.bench.throughput.TextsSection.Corpus;
import org.conceptclip.bench.throughput.TextsSection;
import org.conceptclip.catalog.OpenModel;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.text.TextTokenizer;
import org.conceptclip.util.TextBytes;
import picocli.CommandLine.Option;

/** What the throughput benchmark encodes. */
final class BenchInputOptions {
  private static final int DRAWINGS = 32;
  private static final int QUICK_DRAWINGS = 8;

  @Option(names = "--images", arity = "1..*", paramLabel = "DIR|FILE",
      description = "image files, or folders of them (default: drawings of 1024 x 768 that are made for the run)")
  private List<Path> images = new ArrayList<>();

  @Option(names = "--texts", paramLabel = "FILE",
      description = "one text per line; for a model without a tokenizer its length in tokens (default: lengths of figure captions, and of"
          + " their sentences)")
  private Path texts;

  /**
   * Calls with at least one file; drawings are deleted afterwards.
   *
   * @param notes receives a line about what was skipped in a folder
   */
  void withFiles(boolean quick, Consumer<String> notes, Consumer<List<Path>> use) {
    if (!images.isEmpty()) {
      use.accept(files(notes));
      return;
    }
    try {
      Path folder = Files.createTempDirectory("conceptclip-bench");
      try {
        use.accept(SampleImages.write(folder, quick ? QUICK_DRAWINGS : DRAWINGS));
      } finally {
        for (Path drawing : list(folder)) {
          Files.delete(drawing);
        }
        Files.delete(folder);
      }
    } catch (IOException e) {
      throw new BadInputException("drawings cannot be written: " + e.getMessage(), e);
    }
  }

  private List<Path> files(Consumer<String> notes) {
    List<Path> files = new ArrayList<>();
    try (Pictures pictures = new Pictures(false, new Stdin(InputStream.nullInputStream()), notes).named(images)) {
      while (pictures.hasNext()) {
        switch (pictures.next()) {
          case ImageInput.File(Path path, String name) -> {
            if (!Files.exists(path)) {
              throw new BadInputException("--images " + name + ": no such file or folder");
            }
            files.add(path);
          }
          case ImageInput other -> throw new UsageException("--images " + other.name() + ": expected files, which are read many times");
        }
      }
      if (pictures.problems() > 0) {
        throw new BadInputException("--images: found " + pictures.problems() + " of them without a picture, expected images");
      }
    }
    return files;
  }

  private static List<Path> list(Path folder) throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.filter(Files::isRegularFile).sorted().toList();
    }
  }

  /** Lengths of the file's texts, or of {@code count} texts of each table. */
  List<Corpus> corpora(String model, int count) {
    try (OpenModel open = OpenModel.open(model)) {
      int context = TextsSection.context(open.config().text());
      if (texts != null) {
        return List.of(new Corpus("texts of " + texts.getFileName(), lengths(open, context)));
      }
      return Stream.of(CaptionLengths.values()).map(table -> new Corpus(table.label(), table.lengths(count, context))).toList();
    }
  }

  private int[] lengths(OpenModel open, int context) {
    try {
      List<String> lines = TextBytes.decode(Files.readAllBytes(texts)).lines().filter(line -> !line.isBlank()).toList();
      if (lines.isEmpty()) {
        throw new BadInputException("--texts " + texts + ": no texts there, expected one per line");
      }
      if (open.folder().isEmpty()) {
        return lines.stream().mapToInt(line -> Math.min(context, length(line))).toArray();
      }
      try (TextTokenizer tokenizer = open.tokenizer(null)) {
        return lines.stream().mapToInt(line -> tokenizer.encode(line).length()).toArray();
      }
    } catch (TextBytes.NotTextException e) {
      throw new BadInputException("--texts " + texts + ": " + e.getMessage(), e);
    } catch (IOException e) {
      throw new BadInputException("--texts " + texts + ": " + Failures.reason(e), e);
    }
  }

  private int length(String line) {
    try {
      int length = Integer.parseInt(line.trim());
      if (length >= 2) {
        return length;
      }
    } catch (NumberFormatException e) {
      throw new BadInputException(
          "--texts " + texts + ": the model has no tokenizer, so lines are lengths in tokens; found '" + line + "'", e);
    }
    throw new BadInputException("--texts " + texts + ": a text of " + line.trim() + " tokens, expected at least [CLS] and [SEP]");
  }
}
