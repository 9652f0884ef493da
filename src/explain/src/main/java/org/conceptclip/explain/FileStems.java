package org.conceptclip.explain;

import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Names of files for results, made of names that people gave: every one can be a file's name, and no two are equal. Not thread-safe. */
public final class FileStems {
  /** Most bytes of a name, so that an ending and a number find room in the 255 that file systems allow. */
  private static final int LONGEST_BYTES = 200;

  private final Set<String> taken;
  private final Map<String, Integer> last = new HashMap<>();

  /** @param reserved names that are not given out */
  public FileStems(Collection<String> reserved) {
    taken = new HashSet<>(reserved);
  }

  /** The name of the next file: {@code name} if it can be one and is free, else the nearest that is, with {@code -2} and so on added. */
  public String next(String name) {
    String stem = usable(name);
    String free = stem;
    // A million pictures of one name must not try a million numbers each.
    for (int number = last.getOrDefault(stem, 1) + 1; !taken.add(free); number++) {
      free = stem + "-" + number;
      last.put(stem, number);
    }
    return free;
  }

  /** Names for all of these, in their order. Those that can be a file's name as they are keep it. */
  public static List<String> of(List<String> names) {
    FileStems stems = new FileStems(List.of());
    Map<String, String> found = new HashMap<>();
    names.stream().filter(name -> usable(name).equals(name)).forEach(name -> found.put(name, stems.next(name)));
    return names.stream().map(name -> found.computeIfAbsent(name, stems::next)).collect(Collectors.toUnmodifiableList());
  }

  /**
   * The last part of a file's name without its ending: {@code chest} of {@code scans/chest.png}.
   *
   * @param file a path, as text
   */
  public static String stem(String file) {
    String name = file.substring(file.lastIndexOf('/') + 1);
    int dot = name.lastIndexOf('.');
    return dot > 0 ? name.substring(0, dot) : name;
  }

  /** Slashes, control characters, halves of characters and a leading dot become {@code _}; what is too long is cut. */
  static String usable(String name) {
    StringBuilder stem = new StringBuilder();
    int bytes = 0;
    for (int at = 0; at < name.length();) {
      int point = name.codePointAt(at);
      boolean refused = point == '/' || Character.isISOControl(point) || at == 0 && point == '.'
          || point >= Character.MIN_SURROGATE && point <= Character.MAX_SURROGATE;
      String kept = refused ? "_" : Character.toString(point);
      bytes += kept.getBytes(StandardCharsets.UTF_8).length;
      if (bytes > LONGEST_BYTES) {
        break;
      }
      stem.append(kept);
      at += Character.charCount(point);
    }
    return stem.isEmpty() ? "_" : stem.toString();
  }
}
