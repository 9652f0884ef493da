package org.conceptclip.weights;

import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import java.io.Reader;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Strict JSON as in RFC 8259, and positions of errors for messages of one line. */
public final class StrictJson {
  private static final Pattern PLACE = Pattern.compile("line (\\d+) column (\\d+)");

  private StrictJson() {}

  /** A reader that rejects everything that is not valid JSON. */
  public static JsonReader reader(Reader text) {
    JsonReader reader = new JsonReader(text);
    reader.setStrictness(Strictness.STRICT);
    return reader;
  }

  /** Where the parser stopped, for example {@code at line 1 column 11}. The parser's own messages are written for programmers. */
  public static String place(Exception failure) {
    Matcher place = PLACE.matcher(String.valueOf(failure.getMessage()));
    return place.find() ? "at line " + place.group(1) + " column " + place.group(2) : "it ends too early";
  }
}
