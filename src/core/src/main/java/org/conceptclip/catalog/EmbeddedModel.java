package org.conceptclip.catalog;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.function.Function;
import java.util.stream.Stream;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.OneLine;

/**
 * A model whose files are on the class path. A module that contains one names it in {@code
 * META-INF/services/org.conceptclip.catalog.EmbeddedModel}. Thread-safe.
 */
public interface EmbeddedModel {
  /** The files that {@link OpenModel} reads from a folder. */
  List<String> UNPACKED = List.of("config.json", "preprocessor_config.json", "model.safetensors");

  /** Name of the model in results. */
  String name();

  /** One line that users must see before they use it. */
  String notice();

  /** The classes that it was trained to distinguish. */
  List<String> labels();

  /**
   * Opens one of its files. The caller closes the stream.
   *
   * @param file as in a model folder: {@code config.json}, {@code model.safetensors}, {@code vocab.txt}, ...
   * @throws IllegalStateException if it is missing from the build
   */
  InputStream open(String file);

  /**
   * The embedded model on the class path of this library, if there is one.
   *
   * @throws BadInputException if it cannot be loaded
   */
  static Optional<EmbeddedModel> find() {
    try {
      return ServiceLoader.load(EmbeddedModel.class, EmbeddedModel.class.getClassLoader()).findFirst();
    } catch (ServiceConfigurationError | LinkageError e) {
      String cause = e.getCause() == null ? "" : ": " + e.getCause();
      throw new BadInputException("the model on the class path cannot be loaded: " + OneLine.of(e + cause, 500), e);
    }
  }

  /** Reads the content of a small file. */
  default byte[] read(String file) {
    try (InputStream in = open(file)) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException("the embedded model " + name() + ": " + file + " cannot be read", e);
    }
  }

  /**
   * Lets {@code use} open the files from a private folder, which is deleted when it returns: what is open by then stays readable.
   *
   * @throws BadInputException if the folder cannot be made or filled
   */
  default <T> T withFolder(Function<Path, T> use) {
    try {
      Path folder = Files.createTempDirectory("conceptclip-" + name());
      try {
        for (String file : UNPACKED) {
          try (InputStream in = open(file)) {
            Files.copy(in, folder.resolve(file));
          }
        }
        return use.apply(folder);
      } finally {
        try (Stream<Path> files = Files.list(folder)) {
          for (Path file : files.toList()) {
            Files.delete(file);
          }
        }
        Files.delete(folder);
      }
    } catch (IOException e) {
      throw new BadInputException(
          "the embedded model " + name() + " cannot be unpacked to the temporary folder: " + OneLine.of(e.toString()), e);
    }
  }
}
