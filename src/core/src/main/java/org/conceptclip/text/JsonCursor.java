package org.conceptclip.text;

import com.google.gson.JsonParseException;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.MalformedJsonException;
import java.io.EOFException;
import java.io.IOException;
import java.io.StringReader;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.OneLine;

/**
 * Reads JSON value by value, without building a tree. An object may have the keys that its reader knows, each once, and no others. Every
 * failure is a {@link BadInputException} of one line, which says where in the file it is and repeats no more of the file than names.
 */
final class JsonCursor {
  private static final Pattern PLACE = Pattern.compile("line (\\d+) column (\\d+)");
  private static final int LONGEST_NAME = 60;

  private final String file;
  private final JsonReader reader;

  /** @param file what messages call it */
  JsonCursor(String file, String text) {
    this.file = file;
    this.reader = new JsonReader(new StringReader(text));
    reader.setStrictness(Strictness.STRICT);
  }

  /** Reads one value, or refuses it. */
  interface Value {
    void read() throws IOException;
  }

  /** Reads the value of a key. */
  interface Entry {
    void read(String key) throws IOException;
  }

  /** Reads the whole document. */
  void document(Value root) {
    try {
      root.read();
      if (reader.peek() != JsonToken.END_DOCUMENT) {
        throw new BadInputException(file + ": not a tokenizer: something follows its end");
      }
    } catch (IOException | JsonParseException | NumberFormatException | IllegalStateException e) {
      throw malformed(e);
    }
  }

  private BadInputException malformed(Exception e) {
    Matcher place = PLACE.matcher(String.valueOf(e.getMessage()));
    String where = place.find() ? " at line " + place.group(1) + ", column " + place.group(2) : "";
    String why = e instanceof EOFException ? "not JSON: it ends too early"
        : e instanceof MalformedJsonException ? "not JSON" : "not the JSON that was expected";
    return new BadInputException(file + ": not a tokenizer: " + why + where, e);
  }

  /** A failure of this file. */
  BadInputException refused(String what) {
    return new BadInputException(file + ": not a tokenizer that can be used: " + what);
  }

  private BadInputException wrongKind(String what, String expected) throws IOException {
    return new BadInputException(file + ": not a tokenizer: " + what + " is " + kind() + ", expected " + expected);
  }

  private String kind() throws IOException {
    return switch (reader.peek()) {
      case BEGIN_OBJECT -> "an object";
      case BEGIN_ARRAY -> "a list";
      case STRING -> "a string";
      case NUMBER -> "a number";
      case BOOLEAN -> "true or false";
      case NULL -> "null";
      default -> "nothing";
    };
  }

  /** Reads an object whose keys are known. */
  void object(String what, Map<String, Value> values) throws IOException {
    entries(what, values.size(), key -> {
      Value value = values.get(key);
      if (value == null) {
        throw refused(what + " has the key " + OneLine.quoted(key, LONGEST_NAME) + ", which is not known");
      }
      value.read();
    });
  }

  /** Reads an object of any keys, each of which occurs once. */
  void entries(String what, int most, Entry entry) throws IOException {
    if (reader.peek() != JsonToken.BEGIN_OBJECT) {
      throw wrongKind(what, "an object");
    }
    Set<String> seen = new HashSet<>();
    reader.beginObject();
    while (reader.hasNext()) {
      String key = reader.nextName();
      if (!seen.add(key)) {
        throw refused(what + " has the key " + OneLine.quoted(key, LONGEST_NAME) + " twice");
      }
      if (seen.size() > most + 1) {
        throw refused(what + " has more than " + most + " keys");
      }
      entry.read(key);
    }
    reader.endObject();
  }

  /** Reads an object of many keys, whose reader sees to it that none occurs twice. */
  void table(String what, Entry entry) throws IOException {
    if (reader.peek() != JsonToken.BEGIN_OBJECT) {
      throw wrongKind(what, "an object");
    }
    reader.beginObject();
    while (reader.hasNext()) {
      entry.read(reader.nextName());
    }
    reader.endObject();
  }

  void list(String what, int most, Value element) throws IOException {
    if (reader.peek() != JsonToken.BEGIN_ARRAY) {
      throw wrongKind(what, "a list");
    }
    reader.beginArray();
    for (int i = 0; reader.hasNext(); i++) {
      if (i == most) {
        throw refused(what + " has more than " + most + " elements");
      }
      element.read();
    }
    reader.endArray();
  }

  String string(String what, int longest) throws IOException {
    if (reader.peek() != JsonToken.STRING) {
      throw wrongKind(what, "a string");
    }
    String value = reader.nextString();
    if (value.length() > longest) {
      throw refused(what + " has " + value.length() + " characters, expected at most " + longest);
    }
    return value;
  }

  /** Reads a whole number from 0 to {@code most}. */
  int number(String what, int most) throws IOException {
    if (reader.peek() != JsonToken.NUMBER) {
      throw wrongKind(what, "a whole number");
    }
    String digits = reader.nextString();
    int value = 0;
    for (int i = 0; i < digits.length(); i++) {
      int digit = digits.charAt(i) - '0';
      if (digit < 0 || digit > 9 || value > (most - digit) / 10) {
        throw refused(what + " is " + OneLine.of(digits, 20) + ", expected a whole number from 0 to " + most);
      }
      value = 10 * value + digit;
    }
    return value;
  }

  boolean flag(String what) throws IOException {
    if (reader.peek() != JsonToken.BOOLEAN) {
      throw wrongKind(what, "true or false");
    }
    return reader.nextBoolean();
  }

  boolean isNull() throws IOException {
    if (reader.peek() != JsonToken.NULL) {
      return false;
    }
    reader.nextNull();
    return true;
  }

  /** Passes over a value that decides nothing. */
  void skip() throws IOException {
    reader.skipValue();
  }
}
