package org.conceptclip.data;

import java.nio.file.Path;
import java.util.Locale;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.FileNames;

/** How the rows of a table are written. Text is UTF-8. */
public enum TableFormat {
  /** Comma-separated, as RFC 4180 has it, with a row of column names first. */
  CSV,
  /** As {@link #CSV}, with tabs. */
  TSV,
  /** A JSON object a line. */
  JSONL,
  /** One JSON object with an array {@code annotations} of objects and, if it has one, an array {@code label_set} of class names. */
  ANNOTATIONS;

  /**
   * The format by the end of a file's name.
   *
   * @throws BadInputException if it is none of {@code .csv}, {@code .tsv}, {@code .jsonl}, {@code .ndjson} and {@code .json}
   */
  public static TableFormat of(Path file) {
    String name = file.toString().toLowerCase(Locale.ROOT);
    return switch (name.substring(name.lastIndexOf('.') + 1)) {
      case "csv" -> CSV;
      case "tsv", "tab" -> TSV;
      case "jsonl", "ndjson" -> JSONL;
      case "json" -> ANNOTATIONS;
      default -> throw new BadInputException(FileNames.inMessage(file)
          + ": its name does not say what it is, expected one that ends in .csv, .tsv, .jsonl or .json");
    };
  }
}
