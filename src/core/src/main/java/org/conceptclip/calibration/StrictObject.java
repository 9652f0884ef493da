package org.conceptclip.calibration;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.OneLine;

/** A JSON object all of whose keys are required. Errors name file and key, and what was found and expected. */
final class StrictObject {
  private final Path file;
  private final String path;
  private final JsonObject json;
  private final Set<String> asked = new HashSet<>();

  private StrictObject(Path file, String path, JsonObject json) {
    this.file = file;
    this.path = path;
    this.json = json;
  }

  /** The object that a file consists of. */
  static StrictObject of(Path file, JsonElement root) {
    if (!root.isJsonObject()) {
      throw new BadInputException(file + ": expected one JSON object");
    }
    return new StrictObject(file, "", root.getAsJsonObject());
  }

  /** The keys in their order. */
  List<String> keys() {
    return List.copyOf(json.keySet());
  }

  StrictObject object(String key) {
    return new StrictObject(file, path + OneLine.of(key) + ".", get(key, "an object", JsonElement::isJsonObject).getAsJsonObject());
  }

  String text(String key) {
    return get(key, "a string", value -> value instanceof JsonPrimitive primitive && primitive.isString()).getAsString();
  }

  /** So many hexadecimal digits, in lower case. */
  String hexadecimal(String key, int digits) {
    String text = text(key);
    if (!text.matches("[0-9a-f]{" + digits + "}")) {
      throw bad(key, digits + " hexadecimal digits");
    }
    return text;
  }

  boolean truth(String key) {
    return get(key, "true or false", value -> value instanceof JsonPrimitive primitive && primitive.isBoolean()).getAsBoolean();
  }

  /** An integer of at least {@code least}. */
  int integer(String key, int least) {
    double value = number(key, least, Integer.MAX_VALUE);
    if (value != (int) value) {
      throw bad(key, "an integer");
    }
    return (int) value;
  }

  /** A number from {@code least} to {@code most}. */
  double number(String key, double least, double most) {
    String expected = "a number from " + least + " to " + most;
    double value = get(key, expected, found -> found instanceof JsonPrimitive primitive && primitive.isNumber()).getAsDouble();
    if (!(value >= least && value <= most)) {
      throw bad(key, expected);
    }
    return value;
  }

  /** A positive float32 whose reciprocal is one, too. */
  float scale(String key) {
    return (float) number(key, Float.MIN_NORMAL, 1 / Float.MIN_NORMAL);
  }

  /** Rejects another value than this text. */
  void require(String key, String expected) {
    if (!text(key).equals(expected)) {
      throw bad(key, OneLine.quoted(expected));
    }
  }

  /** Rejects another value than this number. */
  void require(String key, int expected) {
    if (number(key, Integer.MIN_VALUE, Integer.MAX_VALUE) != expected) {
      throw bad(key, String.valueOf(expected));
    }
  }

  /** Rejects a key that was not asked for. */
  void refuseOthers() {
    for (String key : json.keySet()) {
      if (!asked.contains(key)) {
        throw new BadInputException(file + ": " + path + OneLine.of(key) + " is unknown, expected only " + String.join(", ", asked.stream()
            .sorted().toList()));
      }
    }
  }

  /** The error for the value of a key. */
  BadInputException bad(String key, String expected) {
    return new BadInputException(
        file + ": " + path + OneLine.of(key) + " is " + OneLine.of(String.valueOf(json.get(key))) + ", expected " + expected);
  }

  private JsonElement get(String key, String expected, Predicate<JsonElement> acceptable) {
    asked.add(key);
    JsonElement value = json.get(key);
    if (value == null) {
      throw new BadInputException(file + ": no " + path + OneLine.of(key) + ", expected " + expected);
    }
    if (!acceptable.test(value)) {
      throw bad(key, expected);
    }
    return value;
  }
}
