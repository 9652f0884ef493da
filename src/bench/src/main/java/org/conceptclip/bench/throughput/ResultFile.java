package org.conceptclip.bench.throughput;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.TextBytes;

/** Rows as lines of JSON. */
public final class ResultFile {
  private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();

  private ResultFile() {}

  /** One line. */
  public static String line(BenchRow row) {
    return GSON.toJson(row);
  }

  /**
   * The rows in a file of results. Lines without a {@code schema} are skipped: some benchmarks of version 0.1 wrote such lines.
   *
   * @throws BadInputException if the file cannot be read, a line is not JSON, or its schema is not {@value BenchRow#SCHEMA}
   */
  public static List<BenchRow> read(Path file) {
    List<BenchRow> rows = new ArrayList<>();
    List<String> lines;
    try {
      lines = TextBytes.decode(Files.readAllBytes(file)).lines().toList();
    } catch (TextBytes.NotTextException e) {
      throw new BadInputException(file + ": " + e.getMessage(), e);
    } catch (IOException e) {
      throw new BadInputException(file + ": cannot be read: " + (Files.exists(file) ? e.getMessage() : "no such file"), e);
    }
    for (int i = 0; i < lines.size(); i++) {
      if (!lines.get(i).isBlank()) {
        BenchRow row = parse(file + ", line " + (i + 1), lines.get(i));
        if (row != null) {
          rows.add(row);
        }
      }
    }
    return rows;
  }

  /** The row of one line; {@code null} for a line without a schema. */
  static BenchRow parse(String where, String line) {
    try {
      JsonElement element = JsonParser.parseString(line);
      if (!element.isJsonObject()) {
        throw new BadInputException(where + ": expected a JSON object");
      }
      JsonObject object = element.getAsJsonObject();
      if (!object.has("schema")) {
        return null;
      }
      if (object.get("schema").getAsInt() != BenchRow.SCHEMA) {
        throw new BadInputException(where + ": schema " + object.get("schema") + ", expected " + BenchRow.SCHEMA);
      }
      BenchRow row = GSON.fromJson(object, BenchRow.class);
      if (row.section() == null || row.origin() == null || row.origin().machine() == null || row.subject() == null) {
        throw new BadInputException(where + ": expected section, origin with machine, and subject");
      }
      return row;
    } catch (JsonParseException | NumberFormatException | UnsupportedOperationException e) {
      throw new BadInputException(where + ": no row of results: " + e.getMessage(), e);
    }
  }
}
