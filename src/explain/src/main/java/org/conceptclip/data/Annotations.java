package org.conceptclip.data;

import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The array {@code annotations} of one JSON object, read element by element. */
final class Annotations implements TableReader.Source {
  private static final String EXPECTED = "a JSON object with an array \"annotations\" of objects, and perhaps \"label_set\"";

  private final String name;
  private final StrictText text;
  private final JsonReader in;
  private final List<String> labels;
  private long rows;

  Annotations(String name, StrictText text, List<String> labels) {
    this.name = name;
    this.text = text;
    this.in = reader(text);
    this.labels = labels;
    // Only the elements of the array are rows; what comes before them is bounded by the labels' own reading of the file.
    try {
      if (!seek(in, text, "annotations")) {
        throw new JsonRows.NotARowException("no array \"annotations\"");
      }
      in.beginArray();
    } catch (IllegalStateException | IOException e) {
      throw JsonRows.refusal(name, e, EXPECTED);
    }
  }

  private static JsonReader reader(StrictText text) {
    JsonReader in = new JsonReader(text);
    in.setStrictness(Strictness.STRICT);
    return in;
  }

  /** The class names, wherever in the file they stand. Empty ones stand for no class and are left out, as the official script does. */
  static List<String> labels(String name, Path file) throws IOException {
    StrictText text = new StrictText(name, Files.newInputStream(file));
    try (JsonReader in = reader(text)) {
      return seek(in, text, "label_set") ? JsonRows.texts(in).stream().filter(label -> !label.isEmpty()).toList() : List.of();
    } catch (IllegalStateException | JsonRows.NotARowException | com.google.gson.stream.MalformedJsonException | java.io.EOFException e) {
      throw JsonRows.refusal(name, e, EXPECTED);
    }
  }

  /** Stands before the value of a key of the outermost object. False if there is none. */
  private static boolean seek(JsonReader in, StrictText text, String key) throws IOException {
    in.beginObject();
    while (in.hasNext()) {
      text.beginRow();
      if (in.nextName().equals(key)) {
        return true;
      }
      skip(in, text);
    }
    return false;
  }

  /** Skips a value of any length. */
  private static void skip(JsonReader in, StrictText text) throws IOException {
    if (in.peek() != JsonToken.BEGIN_ARRAY) {
      in.skipValue();
      return;
    }
    in.beginArray();
    while (in.hasNext()) {
      text.beginRow();
      in.skipValue();
    }
    in.endArray();
  }

  @Override
  public TableReader.Cells next() throws IOException {
    text.beginRow();
    try {
      if (!in.hasNext()) {
        return null;
      }
      rows++;
      return new TableReader.Cells(0, JsonRows.object(in));
    } catch (IllegalStateException | IOException e) {
      throw JsonRows.refusal(name + ", annotation " + rows, e, EXPECTED);
    }
  }

  @Override
  public List<String> declared() {
    return List.of();
  }

  @Override
  public List<String> labels() {
    return labels;
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
