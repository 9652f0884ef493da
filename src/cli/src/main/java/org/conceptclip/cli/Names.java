package org.conceptclip.cli;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.FileNames;
import org.conceptclip.util.OneLine;
import org.conceptclip.util.TextBytes;

/** Between files and their names. Arguments become paths by picocli; this is for everything else, in one place. */
final class Names {
  private Names() {}

  /** The name of a file in results: as it was given, but for bytes that are not UTF-8. */
  static String of(Path path) {
    return FileNames.readable(path);
  }

  /** The name of a file in messages. */
  static String readable(Path path) {
    return FileNames.inMessage(path);
  }

  /** The file that a part of an argument names. */
  static Path path(String name) {
    try {
      return FileNames.path(name);
    } catch (InvalidPathException e) {
      throw new BadInputException(
          OneLine.quoted(name, 4096) + ": cannot be the name of a file (" + e.getReason() + "), expected another name", e);
    }
  }

  /** The file that these bytes name; null if there are none. */
  static Path pathOrNull(byte[] name) {
    try {
      String text = TextBytes.decode(name);
      return text.isEmpty() ? null : path(text);
    } catch (TextBytes.NotTextException e) {
      throw new BadInputException("not UTF-8, expected names in UTF-8", e);
    }
  }
}
