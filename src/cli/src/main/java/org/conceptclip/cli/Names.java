package org.conceptclip.cli;

import java.nio.file.Path;

/** How the names of files are shown: in results, and in messages. */
final class Names {
  private Names() {}

  /** The name of a file as it was given. Results hold it unchanged; messages pass it through {@link org.conceptclip.util.OneLine}. */
  static String of(Path path) {
    return path.toString();
  }
}
