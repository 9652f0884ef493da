package org.conceptclip.catalog;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The demo model as a folder, as users have models. */
public final class DemoFolder {
  private DemoFolder() {}

  /** Writes the model's files into {@code folder}, and returns it. */
  public static Path unpack(Path folder) throws IOException {
    for (String file : List.of("config.json", "preprocessor_config.json", "model.safetensors", "vocab.txt", "tokenizer_config.json")) {
      try (InputStream in = DemoFolder.class.getResourceAsStream("/org/conceptclip/demo/" + file)) {
        Files.copy(in, folder.resolve(file));
      }
    }
    return folder;
  }
}
