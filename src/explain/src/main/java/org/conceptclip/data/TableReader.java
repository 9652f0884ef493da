package org.conceptclip.data;

import de.siegmar.fastcsv.reader.CsvParseException;
import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.CsvRecord;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.stream.Collectors;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.FileNames;
import org.conceptclip.util.OneLine;

/**
 * The rows of a table in a file, one at a time: a file of any length needs the memory of one row. Everything that is wrong with the file
 * is a {@link BadInputException} of one line, which names the file and the line: text that is not UTF-8, a zero byte, a row with more or
 * fewer fields than the header, a quote that does not end, a value of more than {@value #LONGEST_FIELD} characters, what is not JSON. Not
 * thread-safe.
 */
public final class TableReader implements Iterator<Row>, AutoCloseable {
  /** Characters of a value. */
  public static final int LONGEST_FIELD = 1 << 20;

  private final String name;
  private final Source source;
  private final List<String> columns;
  private Row next;

  /** Where rows come from. */
  interface Source extends AutoCloseable {
    /** The next row's cells with its line; null at the end. */
    Cells next() throws IOException;

    /** Names of the columns that the file itself declares; empty if only its rows tell. */
    List<String> declared();

    /** Class names that the file itself declares; empty if it declares none. */
    List<String> labels();

    @Override
    void close() throws IOException;
  }

  /** @param line 0 where rows are no lines */
  record Cells(long line, Map<String, List<String>> values) {}

  private TableReader(String name, Source source) {
    this.name = name;
    this.source = source;
    this.next = advance(0);
    this.columns = source.declared().isEmpty() && next != null ? List.copyOf(cells.keySet()) : source.declared();
  }

  // Of the row that was read last.
  private Map<String, List<String>> cells = Map.of();

  /** Opens a file. The caller closes it. */
  public static TableReader open(Path file, TableFormat format) {
    String name = FileNames.inMessage(file);
    StrictText text = null;
    try {
      text = new StrictText(name, Files.newInputStream(file));
      return new TableReader(name, switch (format) {
        case CSV -> new Separated(name, text, ',');
        case TSV -> new Separated(name, text, '\t');
        case JSONL -> new JsonLines(name, text);
        case ANNOTATIONS -> new Annotations(name, text, Annotations.labels(name, file));
      });
    } catch (IOException e) {
      close(text, e);
      throw unreadable(name, e);
    } catch (RuntimeException | Error failure) {
      close(text, failure);
      throw failure;
    }
  }

  private static void close(StrictText textOrNull, Throwable failure) {
    try {
      if (textOrNull != null) {
        textOrNull.close();
      }
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }

  static BadInputException unreadable(String name, IOException failure) {
    return new BadInputException(name + ": cannot be read (" + ReadFailures.reason(failure) + "), expected a table", failure);
  }

  /** The columns: those of the header, or of the first row. */
  public List<String> columns() {
    return columns;
  }

  /** Class names that the file itself declares, as {@link TableFormat#ANNOTATIONS} may; empty if it declares none. */
  public List<String> labels() {
    return source.labels();
  }

  /**
   * Fails unless there is exactly one column of this name.
   *
   * @param role what it is for, to begin the message with: the option that names it
   */
  public void require(String role, String column) {
    long found = columns.stream().filter(column::equals).count();
    if (found != 1) {
      throw new BadInputException(name + ": " + role + " " + OneLine.quoted(column, 60)
          + (found == 0 ? ": there is no such column" : ": there are " + found + " such columns") + ", expected one of: "
          + columns.stream().limit(50).map(one -> OneLine.of(one, 60)).collect(Collectors.joining(", "))
          + (columns.size() > 50 ? " and " + (columns.size() - 50) + " more" : ""));
    }
  }

  @Override
  public boolean hasNext() {
    return next != null;
  }

  @Override
  public Row next() {
    if (next == null) {
      throw new NoSuchElementException();
    }
    Row row = next;
    next = advance(row.number());
    return row;
  }

  private Row advance(long before) {
    try {
      Cells found = source.next();
      cells = found == null ? Map.of() : found.values();
      return found == null ? null : new Row(name, before + 1, found.line(), found.values());
    } catch (IOException e) {
      throw unreadable(name, e);
    }
  }

  @Override
  public void close() {
    try {
      source.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Comma- or tab-separated text. */
  private static final class Separated implements Source {
    private final String name;
    private final StrictText text;
    private final CsvReader<CsvRecord> reader;
    private final Iterator<CsvRecord> records;
    private final List<String> header;

    Separated(String name, StrictText text, char separator) {
      this.name = name;
      this.text = text;
      this.reader = CsvReader.builder().fieldSeparator(separator).maxBufferSize(LONGEST_FIELD).allowExtraFields(true)
          .allowMissingFields(true).ofCsvRecord(text);
      this.records = reader.iterator();
      CsvRecord first = record();
      if (first == null) {
        throw new BadInputException(name + ": empty, expected a row of column names and rows of data");
      }
      this.header = first.getFields().stream().map(String::strip).toList();
    }

    private CsvRecord record() {
      text.beginRow();
      try {
        return records.hasNext() ? records.next() : null;
      } catch (CsvParseException | UncheckedIOException e) {
        throw refusal(e);
      }
    }

    /** The library wraps what the text below it threw, and its own messages begin with where they are. */
    private BadInputException refusal(RuntimeException failure) {
      for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
        if (cause instanceof BadInputException refused) {
          return refused;
        }
      }
      Throwable reason = failure.getCause() == null ? failure : failure.getCause();
      String message = String.valueOf(reason.getMessage());
      if (message.contains("buffer size")) {
        return new BadInputException(name + ", " + message(failure) + ": a value of more than " + LONGEST_FIELD
            + " characters, expected less (does a quote not end?)", failure);
      }
      return new BadInputException(name + ": " + OneLine.of(message(failure) + (reason == failure ? "" : ": " + message), 400)
          + ", expected a table of separated values", failure);
    }

    private static String message(RuntimeException failure) {
      return OneLine.of(String.valueOf(failure.getMessage()), 200);
    }

    @Override
    public Cells next() {
      CsvRecord record = record();
      if (record == null) {
        return null;
      }
      long line = record.getStartingLineNumber();
      List<String> fields = record.getFields();
      if (fields.size() != header.size()) {
        throw new BadInputException(name + ", line " + line + ": " + fields.size() + (fields.size() == 1 ? " field" : " fields")
            + ", expected " + header.size() + " as in the header (a value that holds a separator has to be in double quotes)");
      }
      Map<String, List<String>> cells = new LinkedHashMap<>();
      for (int i = 0; i < fields.size(); i++) {
        cells.put(header.get(i), List.of(fields.get(i).strip()));
      }
      return new Cells(line, cells);
    }

    @Override
    public List<String> declared() {
      return header;
    }

    @Override
    public List<String> labels() {
      return List.of();
    }

    @Override
    public void close() throws IOException {
      reader.close();
    }
  }
}
