package org.conceptclip.weights;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.Strictness;
import com.google.gson.TypeAdapter;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.MalformedJsonException;
import java.io.IOException;
import java.io.Reader;
import java.io.StringReader;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.conceptclip.util.OneLine;

/** Strict JSON as in RFC 8259, and positions of errors for messages of one line. */
public final class StrictJson {
  /** Keeps numbers as they are written. */
  private static final TypeAdapter<JsonElement> LEAF = new Gson().getAdapter(JsonElement.class);

  private static final int DEEPEST = 64;
  private static final Pattern PLACE = Pattern.compile("line (\\d+) column (\\d+)");

  private StrictJson() {}

  /** A reader that rejects everything that is not valid JSON. */
  public static JsonReader reader(Reader text) {
    JsonReader reader = new JsonReader(text);
    reader.setStrictness(Strictness.STRICT);
    return reader;
  }

  /**
   * The value that a text consists of. Duplicate keys are rejected, because readers take one or the other.
   *
   * @throws JsonParseException if a key is twice in an object, or values are nested more than 64 deep; its message is for users
   * @throws IOException if the text is not valid JSON
   */
  public static JsonElement parse(String text) throws IOException {
    JsonReader reader = reader(new StringReader(text));
    JsonElement value = value(reader, 0);
    if (reader.peek() != JsonToken.END_DOCUMENT) {
      throw new MalformedJsonException("text after the value");
    }
    return value;
  }

  private static JsonElement value(JsonReader json, int depth) throws IOException {
    if (depth > DEEPEST) {
      throw new JsonParseException("values nested more than " + DEEPEST + " deep");
    }
    switch (json.peek()) {
      case BEGIN_OBJECT -> {
        JsonObject object = new JsonObject();
        json.beginObject();
        while (json.hasNext()) {
          String key = json.nextName();
          if (object.has(key)) {
            throw new JsonParseException("duplicate key " + OneLine.quoted(key));
          }
          object.add(key, value(json, depth + 1));
        }
        json.endObject();
        return object;
      }
      case BEGIN_ARRAY -> {
        JsonArray array = new JsonArray();
        json.beginArray();
        while (json.hasNext()) {
          array.add(value(json, depth + 1));
        }
        json.endArray();
        return array;
      }
      default -> {
        return LEAF.read(json);
      }
    }
  }

  /** Where the parser stopped, for example {@code at line 1 column 11}. The parser's own messages are written for programmers. */
  public static String place(Exception failure) {
    Matcher place = PLACE.matcher(String.valueOf(failure.getMessage()));
    return place.find() ? "at line " + place.group(1) + " column " + place.group(2) : "it ends too early";
  }
}
