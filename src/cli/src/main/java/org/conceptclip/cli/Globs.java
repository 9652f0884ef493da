package org.conceptclip.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.PatternSyntaxException;

/**
 * Patterns of names, for shells and programs that do not expand them: {@code *} and {@code ?} for any characters or one, {@code [a-c]},
 * {@code {png,jpg}}, and {@code **} in front of a slash for any depth of folders. As in a shell, hidden entries match only what begins
 * with a dot.
 */
final class Globs {
  /** Deeper trees are taken for loops of symbolic links, which {@code **} would follow for ever. */
  private static final int DEEPEST = 64;

  private Globs() {}

  /** Whether a name has characters of a pattern. */
  static boolean isOne(Path name) {
    return name.toString().chars().anyMatch(character -> "*?[{".indexOf(character) >= 0);
  }

  /** Existing paths that match, in the order of their bytes, folder by folder; none if it is no valid pattern. */
  static List<Path> matches(Path pattern) {
    Set<Path> found = new LinkedHashSet<>();
    try {
      expand(pattern.getRoot(), pattern, 0, 0, found);
    } catch (PatternSyntaxException e) {
      // A name such as "[1" is no pattern, and there is no file of this name: the caller says so.
      return List.of();
    }
    return List.copyOf(found);
  }

  /** @param folderOrNull where the part number {@code part} of the pattern is looked for; null is the current folder */
  private static void expand(Path folderOrNull, Path pattern, int part, int depth, Set<Path> found) {
    if (part == pattern.getNameCount()) {
      if (folderOrNull != null) {
        found.add(folderOrNull);
      }
      return;
    }
    Path name = pattern.getName(part);
    if (name.toString().equals("**") && part + 1 < pattern.getNameCount()) {
      expand(folderOrNull, pattern, part + 1, depth, found);
      for (Path entry : depth < DEEPEST ? entries(folderOrNull) : List.<Path>of()) {
        Path below = resolve(folderOrNull, entry);
        if (!Files.isSymbolicLink(below) && Files.isDirectory(below)) {
          expand(below, pattern, part, depth + 1, found);
        }
      }
    } else if (!isOne(name)) {
      Path below = resolve(folderOrNull, name);
      if (Files.exists(below)) {
        expand(below, pattern, part + 1, depth, found);
      }
    } else {
      PathMatcher matcher = name.getFileSystem().getPathMatcher("glob:" + name);
      for (Path entry : name.toString().startsWith(".") ? hiddenEntries(folderOrNull) : entries(folderOrNull)) {
        if (matcher.matches(entry)) {
          expand(resolve(folderOrNull, entry), pattern, part + 1, depth, found);
        }
      }
    }
  }

  private static Path resolve(Path folderOrNull, Path name) {
    return folderOrNull == null ? name : folderOrNull.resolve(name);
  }

  private static List<Path> entries(Path folderOrNull) {
    try {
      return PictureFolder.names(folderOrNull == null ? Path.of("") : folderOrNull);
    } catch (IOException e) {
      // As in a shell: what cannot be listed does not match.
      return List.of();
    }
  }

  private static List<Path> hiddenEntries(Path folderOrNull) {
    try (var all = Files.list(folderOrNull == null ? Path.of("") : folderOrNull)) {
      return all.map(Path::getFileName).filter(PictureFolder::isHidden).sorted().toList();
    } catch (IOException e) {
      return List.of();
    }
  }
}
