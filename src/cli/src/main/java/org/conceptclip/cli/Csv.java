package org.conceptclip.cli;

import java.util.ArrayList;
import java.util.List;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.OneLine;

/**
 * Comma-separated text as in RFC 4180. A field is quoted if its first character that is no blank is a double quote; a quote within is
 * written twice. A quote elsewhere is an ordinary character. Lines end with LF, CRLF or CR.
 */
final class Csv {
  private static final int SHOWN = 60;

  private final String where;
  private final String text;
  private int at;

  private Csv(String where, String text) {
    this.where = where;
    this.text = text;
  }

  /**
   * Rows of fields, at least one row of one field. The end of the last line begins no row.
   *
   * @param where begins messages
   * @throws BadInputException if a quoted field does not end, or text follows it
   */
  static List<List<String>> rows(String where, String text) {
    Csv csv = new Csv(where, text);
    List<List<String>> rows = new ArrayList<>();
    do {
      rows.add(csv.row());
    } while (csv.at < text.length());
    return rows;
  }

  private List<String> row() {
    List<String> fields = new ArrayList<>();
    fields.add(field());
    while (at < text.length() && text.charAt(at) == ',') {
      at++;
      fields.add(field());
    }
    if (at < text.length()) {
      at += text.startsWith("\r\n", at) ? 2 : 1;
    }
    return fields;
  }

  /** Leaves the position at a comma, at the end of a line or at the end of the text. */
  private String field() {
    int begin = at;
    while (at < text.length() && (text.charAt(at) == ' ' || text.charAt(at) == '\t')) {
      at++;
    }
    if (at < text.length() && text.charAt(at) == '"') {
      return quoted();
    }
    while (!atEnd()) {
      at++;
    }
    return text.substring(begin, at);
  }

  private String quoted() {
    int begin = at++;
    StringBuilder field = new StringBuilder();
    while (true) {
      int quote = text.indexOf('"', at);
      if (quote < 0) {
        throw refused(begin, text.length(), "its quote does not end");
      }
      field.append(text, at, quote);
      at = quote + 1;
      if (at == text.length() || text.charAt(at) != '"') {
        break;
      }
      field.append('"');
      at++;
    }
    int end = at;
    while (!atEnd()) {
      if (!Character.isWhitespace(text.charAt(at++))) {
        throw refused(begin, at, "text follows its closing quote");
      }
      end = at;
    }
    at = end;
    return field.toString();
  }

  private boolean atEnd() {
    return at == text.length() || ",\r\n".indexOf(text.charAt(at)) >= 0;
  }

  private BadInputException refused(int begin, int end, String found) {
    return new BadInputException(where + ": " + OneLine.of(text.substring(begin, end), SHOWN) + ": " + found
        + ", expected \"text, with commas\", in which a quote is written twice");
  }
}
