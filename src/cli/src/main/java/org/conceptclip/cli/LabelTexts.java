package org.conceptclip.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.FileNames;
import org.conceptclip.util.OneLine;
import org.conceptclip.util.TextBytes;

/**
 * Class names from the command line or from a file, exactly as they were typed but for blanks around them.
 *
 * <p>On the command line they are separated by commas or line ends; one that holds a comma is quoted as in a spreadsheet's export:
 * {@code chest X-ray,"effusion, small"}, with a doubled quote for one inside. A file has one on each line, commas included, which may be
 * quoted, too; empty lines are skipped. A file whose name ends in {@code .csv} has one column, which may have a header.
 */
final class LabelTexts {
  /** Most bytes of a file of labels: a hundred thousand long ones. */
  private static final int LARGEST_FILE = 16 << 20;
  private static final int LONGEST_SHOWN = 60;
  private static final Set<String> HEADERS = Set.of("label", "labels", "class", "classes", "name", "category", "concept", "concepts");

  private LabelTexts() {}

  /** Class names by the value of {@code --labels}, see {@link #of(String, String, Stdin, Consumer)}. */
  static List<String> of(String argument, Stdin stdin, Consumer<String> notes) {
    return of("label", argument, stdin, notes);
  }

  /**
   * Names by the value of an option.
   *
   * @param what one of them is, in messages; the option is its plural
   * @param notes receives a line about what was skipped, or is easily overlooked
   * @throws BadInputException if they cannot be read
   */
  static List<String> of(String what, String argument, Stdin stdin, Consumer<String> notes) {
    List<String> labels;
    if (argument.startsWith("@")) {
      Path file = Names.path(argument.substring(1));
      String text = read(what, file, stdin);
      labels = Names.readable(file).toLowerCase(Locale.ROOT).endsWith(".csv") ? column(what, file, text, notes) : lines(what, file, text);
    } else if (FileNames.isRaw(argument)) {
      throw new UsageException("--" + what + "s: " + Arguments.notText(argument));
    } else {
      List<List<String>> rows = Csv.rows(what + "s", TextBytes.withoutMark(argument));
      labels = rows.size() == 1
          ? rows.getFirst()
          : rows.stream().filter(row -> !isBlank(row)).flatMap(List::stream).toList();
    }
    labels.forEach(label -> noteInvisible(what, label, notes));
    return labels;
  }

  private static String read(String name, Path file, Stdin stdin) {
    String what = "a text file with one " + name + " per line";
    byte[] bytes;
    if (Stdin.isMeant(file)) {
      bytes = stdin.bytes(file, what, LARGEST_FILE);
    } else {
      try (InputStream in = Files.newInputStream(file)) {
        bytes = in.readNBytes(LARGEST_FILE + 1);
      } catch (IOException e) {
        String reason = Files.isDirectory(file) ? "is a folder" : Failures.reason(e);
        throw new BadInputException(Names.readable(file) + ": cannot be read (" + reason + "), expected " + what, e);
      }
      if (bytes.length > LARGEST_FILE) {
        throw new BadInputException(Names.readable(file) + ": more than " + (LARGEST_FILE >> 20) + " MiB, expected " + what);
      }
    }
    try {
      return TextBytes.decode(bytes);
    } catch (TextBytes.NotTextException e) {
      throw new BadInputException(Names.readable(file) + ": " + e.getMessage() + "; it is to be " + what, e);
    }
  }

  private static List<String> lines(String what, Path file, String text) {
    List<String> labels = new ArrayList<>();
    int number = 0;
    for (String line : (Iterable<String>) text.lines()::iterator) {
      number++;
      if (line.stripLeading().startsWith("\"")) {
        String where = Names.readable(file) + ", line " + number;
        labels.add(only(what, where, Csv.rows(where, line).getFirst()));
      } else if (!line.isBlank()) {
        labels.add(line);
      }
    }
    return labels;
  }

  private static List<String> column(String what, Path file, String text, Consumer<String> notes) {
    List<String> labels = new ArrayList<>();
    int number = 0;
    for (List<String> row : Csv.rows(Names.readable(file), text)) {
      number++;
      if (!isBlank(row)) {
        labels.add(only(what, Names.readable(file) + ", row " + number, row));
      }
    }
    if (!labels.isEmpty() && HEADERS.contains(labels.getFirst().strip().toLowerCase(Locale.ROOT))) {
      notes.accept(Names.readable(file) + ": " + OneLine.quoted(labels.removeFirst(), LONGEST_SHOWN)
          + " is taken for the column's header, not for a " + what + " (a file that is not named .csv has none)");
    }
    return labels;
  }

  /** The only field of a row; commas at the end are what a spreadsheet writes for empty cells. */
  private static String only(String what, String where, List<String> row) {
    List<String> filled = row.stream().filter(field -> !field.isBlank()).toList();
    if (filled.size() > 1 || row.getFirst().isBlank() && !filled.isEmpty()) {
      throw new BadInputException(where + ": found " + row.size() + " columns, expected one " + what + " (quote a " + what
          + " that has a comma, and leave other columns out)");
    }
    return filled.isEmpty() ? "" : filled.getFirst();
  }

  private static boolean isBlank(List<String> row) {
    return row.stream().allMatch(String::isBlank);
  }

  /** Characters that nobody sees are kept, because they were typed; but whoever looks the label up in the results should know. */
  private static void noteInvisible(String what, String label, Consumer<String> notes) {
    String found = label.strip().codePoints().filter(LabelTexts::isInvisible).distinct()
        .mapToObj(point -> String.format(Locale.ROOT, "U+%04X ", point)
            + String.valueOf(Character.getName(point)).toLowerCase(Locale.ROOT))
        .collect(Collectors.joining(", "));
    if (!found.isEmpty()) {
      notes.accept(what + " " + OneLine.quoted(label, LONGEST_SHOWN) + " holds " + found + ", which is kept");
    }
  }

  private static boolean isInvisible(int point) {
    // Joiners are part of how Persian, Indic scripts and emoji are written.
    return point != ' ' && point != 0x200c && point != 0x200d
        && (Character.isSpaceChar(point) || Character.isISOControl(point) || Character.getType(point) == Character.FORMAT);
  }
}
