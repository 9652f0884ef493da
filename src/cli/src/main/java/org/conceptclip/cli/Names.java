package org.conceptclip.cli;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.OneLine;

/** Between files and their names: how a name is shown in results and messages, and which file a name in a text means. */
final class Names {
  private Names() {}

  /** The name of a file as it was given. Results hold it unchanged; messages pass it through {@link OneLine}. */
  static String of(Path path) {
    return path.toString();
  }

  /** The file that a text names. Arguments become paths by picocli; this is for names inside of arguments and lists. */
  static Path path(String name) {
    try {
      return Path.of(name);
    } catch (InvalidPathException e) {
      throw new BadInputException(OneLine.quoted(name, 4096) + ": cannot be the name of a file in this locale (" + e.getReason()
          + "), expected another name, or a UTF-8 locale", e);
    }
  }
}
