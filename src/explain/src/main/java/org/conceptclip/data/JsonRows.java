package org.conceptclip.data;

import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.OneLine;

/** JSON objects as rows. */
final class JsonRows {
  private JsonRows() {}

  /** The members of an object by name. Numbers are the text that stands in the file. */
  static Map<String, List<String>> object(JsonReader in) throws IOException {
    Map<String, List<String>> cells = new LinkedHashMap<>();
    in.beginObject();
    while (in.hasNext()) {
      String key = in.nextName();
      if (cells.put(key, cell(in)) != null) {
        throw new NotARowException("key " + OneLine.quoted(key, 60) + " appears twice");
      }
    }
    in.endObject();
    return cells;
  }

  private static List<String> cell(JsonReader in) throws IOException {
    return switch (in.peek()) {
      case STRING, NUMBER, BOOLEAN -> List.of(text(in));
      case NULL -> {
        in.nextNull();
        yield List.of();
      }
      case BEGIN_ARRAY -> array(in);
      default -> {
        in.skipValue();
        yield Row.NESTED;
      }
    };
  }

  private static List<String> array(JsonReader in) throws IOException {
    List<String> values = new ArrayList<>();
    boolean nested = false;
    in.beginArray();
    while (in.hasNext()) {
      switch (in.peek()) {
        case STRING, NUMBER, BOOLEAN -> values.add(text(in));
        default -> {
          in.skipValue();
          nested = true;
        }
      }
    }
    in.endArray();
    return nested ? Row.NESTED : values;
  }

  /** An array of texts. */
  static List<String> texts(JsonReader in) throws IOException {
    List<String> values = in.peek() == JsonToken.BEGIN_ARRAY ? array(in) : Row.NESTED;
    if (values == Row.NESTED) {
      throw new NotARowException("expected an array of texts");
    }
    return values;
  }

  private static String text(JsonReader in) throws IOException {
    String text = in.peek() == JsonToken.BOOLEAN ? String.valueOf(in.nextBoolean()) : in.nextString().strip();
    if (text.length() > TableReader.LONGEST_FIELD) {
      throw new NotARowException("a value of more than " + TableReader.LONGEST_FIELD + " characters");
    }
    return text;
  }

  /** What is wrong with a row, in words that lack its place. */
  static final class NotARowException extends IOException {
    private static final long serialVersionUID = 1;

    NotARowException(String message) {
      super(message);
    }
  }

  /** The refusal of what is no JSON, or not of the form that is expected. */
  static BadInputException refusal(String where, Exception failure, String expected) {
    String reason = switch (failure) {
      case NotARowException e -> e.getMessage();
      case java.io.EOFException _ -> "it ends in the middle";
      default -> "not JSON of that form (" + OneLine.of(String.valueOf(failure.getMessage()).replaceAll("(?s)\\s*See https?:.*", ""), 200) + ")";
    };
    return new BadInputException(where + ": " + reason + ", expected " + expected, failure);
  }
}
