package org.conceptclip.data;

import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.StringReader;
import java.util.List;
import java.util.Map;

/** A JSON object a line; empty lines are skipped. */
final class JsonLines implements TableReader.Source {
  private static final String EXPECTED = "one JSON object with text, numbers or arrays of texts in each line";

  private final String name;
  private final StrictText text;
  private final BufferedReader lines;
  private long line;

  JsonLines(String name, StrictText text) {
    this.name = name;
    this.text = text;
    this.lines = new BufferedReader(text);
  }

  @Override
  public TableReader.Cells next() throws IOException {
    String content;
    do {
      text.beginRow();
      content = lines.readLine();
      line++;
    } while (content != null && content.isBlank());
    if (content == null) {
      return null;
    }
    JsonReader in = new JsonReader(new StringReader(content));
    in.setStrictness(Strictness.STRICT);
    try {
      Map<String, List<String>> cells = JsonRows.object(in);
      if (in.peek() != JsonToken.END_DOCUMENT) {
        throw new JsonRows.NotARowException("text follows the object");
      }
      return new TableReader.Cells(line, cells);
    } catch (IOException | IllegalStateException e) {
      throw JsonRows.refusal(name + ", line " + line, e, EXPECTED);
    }
  }

  @Override
  public List<String> declared() {
    return List.of();
  }

  @Override
  public List<String> labels() {
    return List.of();
  }

  @Override
  public void close() throws IOException {
    lines.close();
  }
}
