package org.conceptclip.catalog;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;

/** The small model inside the jar, trained on procedurally drawn phantoms. */
final class DemoModel {
  /** Where its files lie on the class path. */
  static final String RESOURCES = "org/conceptclip/demo";

  private static final List<String> FILES = List.of("config.json", "preprocessor_config.json", "model.safetensors");

  private DemoModel() {}

  /** The modalities that it was trained to tell apart. */
  static List<String> labels() {
    return List.of(
        "chest X-ray",
        "brain MRI",
        "abdominal CT",
        "skin lesion",
        "histology",
        "fundus photograph",
        "ultrasound",
        "blood smear");
  }

  /**
   * Lets {@code use} open the model's files, which lie in a folder until it returns: what is open then stays readable.
   */
  static <T> T withFiles(Function<Path, T> use) {
    try {
      Path folder = Files.createTempDirectory("conceptclip-demo");
      try {
        for (String file : FILES) {
          unpack(file, folder.resolve(file));
        }
        return use.apply(folder);
      } finally {
        delete(folder);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("the embedded demo model cannot be unpacked to the temporary folder", e);
    }
  }

  private static void unpack(String file, Path target) throws IOException {
    try (InputStream in = DemoModel.class.getResourceAsStream("/" + RESOURCES + "/" + file)) {
      if (in == null) {
        throw new IllegalStateException("resource " + RESOURCES + "/" + file + " is missing from this build");
      }
      Files.copy(in, target);
    }
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(folder);
  }
}
