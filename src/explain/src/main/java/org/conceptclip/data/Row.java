package org.conceptclip.data;

import java.util.List;
import java.util.Map;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.OneLine;

/** A row of a table: values by column, as text. Immutable. */
public final class Row {
  /** What a cell is that is neither text nor a list of texts; found by identity. */
  static final List<String> NESTED = List.of("an object");

  private final String file;
  private final long number;
  private final long line;
  private final Map<String, List<String>> cells;

  Row(String file, long number, long line, Map<String, List<String>> cells) {
    this.file = file;
    this.number = number;
    this.line = line;
    this.cells = cells;
  }

  /** Number of the row among those with data, from 1. */
  public long number() {
    return number;
  }

  /** Number of the line of the file in which the row begins, from 1; 0 where rows are no lines. */
  public long line() {
    return line;
  }

  /** Where the row is, to begin a message with. */
  public String where() {
    return where(file, number, line);
  }

  static String where(String file, long number, long line) {
    return file + ", row " + number + (line > 0 ? " (line " + line + ")" : "");
  }

  /**
   * The only value of a cell, without blanks around it.
   *
   * @throws BadInputException if the row has no such cell, or it is empty, or it holds several values or an object
   */
  public String text(String column) {
    List<String> values = texts(column);
    if (values.size() != 1 || values.getFirst().isEmpty()) {
      throw new BadInputException(where() + ": column " + OneLine.quoted(column, 60) + (values.size() > 1
          ? " holds " + values.size() + " values, expected one" : " is empty, expected a value"));
    }
    return values.getFirst();
  }

  /**
   * The values of a cell, without blanks around them: one, or those of an array; none of an array without any, of {@code null} and of a
   * cell that this row lacks.
   *
   * @throws BadInputException if the cell holds an object
   */
  public List<String> texts(String column) {
    List<String> values = cells.getOrDefault(column, List.of());
    if (values == NESTED) {
      throw new BadInputException(where() + ": column " + OneLine.quoted(column, 60)
          + " holds an object or an array of them, expected text, a number, or an array of texts");
    }
    return values;
  }
}
