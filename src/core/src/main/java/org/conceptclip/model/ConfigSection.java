package org.conceptclip.model;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonPrimitive;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.OneLine;
import org.conceptclip.weights.ModelFiles;
import org.conceptclip.weights.StrictJson;

/**
 * One JSON object of a configuration file, read by key. Errors name the file, the key, the value found and the value expected.
 *
 * <p>Configurations of different origin use different names for the same value, so a value is read by several keys. Keys that
 * are absent or null are skipped; keys that are present must have equal values.
 */
final class ConfigSection {
  private static final int LONGEST_FILE_BYTES = 1 << 20;

  private final Path file;
  private final String path;
  private final JsonObject json;

  /** Keys that were asked for, so that {@link #refuseOtherKeys} knows the others. */
  private final Set<String> asked = new HashSet<>();

  private ConfigSection(Path file, String path, JsonObject json) {
    this.file = file;
    this.path = path;
    this.json = json;
  }

  /**
   * Reads the JSON object of a file.
   *
   * @throws BadInputException if it is no regular file, longer than 1 MiB, not one strict JSON object, or has a key twice
   */
  static ConfigSection read(Path file) {
    String text = ModelFiles.text(file, LONGEST_FILE_BYTES, "a JSON object");
    JsonElement root;
    try {
      root = StrictJson.parse(text);
    } catch (JsonParseException e) {
      throw new BadInputException(file + ": " + e.getMessage() + ", expected a JSON object", e);
    } catch (IOException e) {
      throw new BadInputException(file + ": not valid JSON (" + StrictJson.place(e) + "), expected a JSON object", e);
    }
    if (!root.isJsonObject()) {
      throw new BadInputException(file + ": expected one JSON object");
    }
    return new ConfigSection(file, "", root.getAsJsonObject());
  }

  /** The object under one of these keys. */
  Optional<ConfigSection> child(String... keys) {
    return find("an object", JsonElement::isJsonObject, keys)
        .map(found -> new ConfigSection(file, path + found.key + ".", found.value.getAsJsonObject()));
  }

  boolean has(String key) {
    asked.add(key);
    return json.has(key) && !json.get(key).isJsonNull();
  }

  /**
   * Rejects every key that was not asked for before and has a value, except those that are known to have no effect. A key is asked for
   * by reading or requiring it.
   */
  void refuseOtherKeys(String... withoutEffect) {
    Set<String> known = new TreeSet<>(asked);
    known.addAll(List.of(withoutEffect));
    for (String key : json.keySet()) {
      if (!known.contains(key) && !json.get(key).isJsonNull()) {
        throw new BadInputException(file + ": " + path + OneLine.of(key) + " is not a key that this runtime honours or knows to have no"
            + " effect; expected " + String.join(", ", known));
      }
    }
  }

  /** Rejects every value but null of these keys: they stand for parts that the model does not have. */
  void requireAbsent(String... keys) {
    for (String key : keys) {
      find("null: the model has no such part", value -> false, key);
    }
  }

  /** True if the value under one of these keys contains a word. Case and separators are ignored. */
  boolean mentions(String word, String... keys) {
    return Arrays.stream(keys)
        .filter(this::has)
        .anyMatch(key -> json.get(key).toString().toLowerCase(Locale.ROOT).replaceAll("[^a-z]", "").contains(word));
  }

  /** True if the value of {@code key} is an object. */
  boolean hasObject(String key) {
    return has(key) && json.get(key).isJsonObject();
  }

  /** True if the value of {@code key} is a list. */
  boolean hasList(String key) {
    return has(key) && json.get(key).isJsonArray();
  }

  /** An integer from {@code least} to {@code most}; {@code fallback} if no key is present. */
  int integer(Optional<Integer> fallback, int least, int most, String... keys) {
    Optional<Found> found = find(keys);
    String expected = "an integer from " + least + " to " + most;
    if (found.isEmpty()) {
      return fallback.orElseThrow(() -> missing(expected, keys));
    }
    BigDecimal value = number(found.get(), expected);
    boolean whole = value.stripTrailingZeros().scale() <= 0;
    if (!whole || value.compareTo(BigDecimal.valueOf(least)) < 0 || value.compareTo(BigDecimal.valueOf(most)) > 0) {
      throw bad(found.get(), expected);
    }
    return value.intValue();
  }

  /** A number above {@code low} and up to {@code high}. */
  double number(Optional<Double> fallback, double low, double high, String... keys) {
    Optional<Found> found = find(keys);
    String expected = "a number above " + low + " up to " + high;
    if (found.isEmpty()) {
      return fallback.orElseThrow(() -> missing(expected, keys));
    }
    double value = number(found.get(), expected).doubleValue();
    if (!(value > low && value <= high)) {
      throw bad(found.get(), expected);
    }
    return value;
  }

  /** Three numbers above {@code low} and up to {@code high}, one per channel; empty if no key is present. */
  Optional<List<Double>> channels(double low, double high, String... keys) {
    String expected = "three numbers above " + low + " up to " + high;
    return find(expected, value -> value instanceof JsonArray array && array.size() == 3, keys).map(found -> {
      List<Double> values = found.value.getAsJsonArray().asList().stream()
          .map(value -> number(new Found(found.key, value), expected).doubleValue())
          .toList();
      if (!values.stream().allMatch(value -> value > low && value <= high)) {
        throw bad(found, expected);
      }
      return values;
    });
  }

  /** The text under one of these keys; empty if no key is present. */
  Optional<String> text(String... keys) {
    return find("a string", value -> value instanceof JsonPrimitive primitive && primitive.isString(), keys)
        .map(found -> found.value.getAsString());
  }

  /** Rejects a text that is not one of {@code allowed}. */
  void requireText(List<String> allowed, String... keys) {
    text(keys);
    find("one of " + allowed, value -> allowed.contains(value.getAsString()), keys);
  }

  /** Rejects a boolean other than {@code expected}. */
  void requireBoolean(boolean expected, String... keys) {
    find(String.valueOf(expected), new JsonPrimitive(expected)::equals, keys);
  }

  /** Rejects a value that is not a boolean. */
  void requireABoolean(String... keys) {
    find("true or false", value -> value instanceof JsonPrimitive primitive && primitive.isBoolean(), keys);
  }

  /** Rejects a number other than {@code expected}. */
  void requireNumber(double expected, String... keys) {
    String shown = BigDecimal.valueOf(expected).stripTrailingZeros().toPlainString();
    find(keys).ifPresent(found -> {
      if (Math.abs(number(found, shown).doubleValue() - expected) > 1e-6 * Math.abs(expected)) {
        throw bad(found, shown);
      }
    });
  }

  /** Rejects a list other than these integers. */
  void requireIntegers(List<Integer> expected, String... keys) {
    JsonArray wanted = new JsonArray();
    expected.forEach(wanted::add);
    find(wanted.toString(), wanted::equals, keys);
  }

  /** The error for a value that contradicts the model or another value. */
  BadInputException contradiction(String key, Object found, String expected) {
    return new BadInputException(file + ": " + path + key + " is " + OneLine.of(String.valueOf(found)) + ", expected " + expected);
  }

  private record Found(String key, JsonElement value) {}

  /** The value under one of these keys, which must be acceptable; empty if no key is present. */
  private Optional<Found> find(String expected, Predicate<JsonElement> acceptable, String... keys) {
    Optional<Found> found = find(keys);
    if (found.isPresent() && !acceptable.test(found.get().value)) {
      throw bad(found.get(), expected);
    }
    return found;
  }

  private Optional<Found> find(String... keys) {
    Found first = null;
    for (String key : keys) {
      if (!has(key)) {
        continue;
      }
      Found next = new Found(key, json.get(key));
      if (first != null && !first.value.equals(next.value)) {
        throw bad(next, "the same as " + path + first.key + ", " + shown(first.value));
      }
      first = first == null ? next : first;
    }
    return Optional.ofNullable(first);
  }

  private BigDecimal number(Found found, String expected) {
    if (!found.value.isJsonPrimitive() || !found.value.getAsJsonPrimitive().isNumber()) {
      throw bad(found, expected);
    }
    String literal = found.value.getAsString();
    if (literal.length() > 40 || literal.matches(".*[eE][+-]?\\d{4,}.*")) {
      throw bad(found, expected);
    }
    return new BigDecimal(literal);
  }

  private BadInputException missing(String expected, String... keys) {
    return new BadInputException(file + ": no " + path + keys[0] + ", expected " + expected);
  }

  private BadInputException bad(Found found, String expected) {
    return new BadInputException(file + ": " + path + found.key + " is " + shown(found.value) + ", expected " + expected);
  }

  private static String shown(JsonElement value) {
    return OneLine.of(value.toString());
  }
}
