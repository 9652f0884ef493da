package org.conceptclip.weights;

import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.MalformedJsonException;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.Shape;
import org.conceptclip.util.OneLine;

/**
 * The JSON header of a safetensors file. It is read strictly: duplicate keys, holes, overlaps, numbers that are not plain
 * integers and text after the object are rejected, because readers could interpret them differently.
 *
 * @param tensors in the order of their data
 * @param metadata the strings under {@code __metadata__}
 */
record SafetensorsHeader(SequencedMap<String, TensorInfo> tensors, Map<String, String> metadata) {
  /**
   * Longest header that is read, in bytes. The format allows 100 MB; that of the published model has 66 kB. What a malicious header
   * costs, in memory and time, grows with its length.
   */
  static final long LIMIT_BYTES = 16 << 20;

  /** Size of the length field before the header, in bytes. */
  static final int PREFIX_BYTES = 8;

  private static final int MOST_DIMENSIONS = 64;

  /** Far more than any model has. The limit keeps the memory for a malicious header near the size of the header. */
  private static final int MOST_TENSORS = 250_000;

  /** Far more than any file has, for the same reason. */
  private static final int MOST_METADATA = 10_000;

  /** Longer than the name of any type. */
  private static final int LONGEST_TYPE = 32;

  private static final String METADATA = "__metadata__";

  /**
   * Checks the length field against the format and the file.
   *
   * @param length the field as a signed number, so that a value of 2^63 or more is negative
   * @return the header's length in bytes
   */
  static int checkLength(String file, long length, long fileBytes) {
    if (length < 0 || length > LIMIT_BYTES) {
      throw new BadInputException(
          file + ": header length is " + Long.toUnsignedString(length) + ", expected at most " + LIMIT_BYTES
              + " (is this a safetensors file?)");
    }
    if (length > fileBytes - PREFIX_BYTES) {
      throw new BadInputException(
          file + ": header of " + length + " bytes in a file of " + fileBytes + ", expected at least "
              + (PREFIX_BYTES + length) + " (truncated?)");
    }
    return (int) length;
  }

  /**
   * Reads and checks a header.
   *
   * @param file for messages
   * @param header the bytes between the length field and the data
   * @param dataBytes bytes of the file after the header
   * @throws BadInputException if any rule of the format is broken
   */
  static SafetensorsHeader parse(String file, byte[] header, long dataBytes) {
    return new Parser(file, dataBytes).parse(header);
  }

  private static final class Parser {
    private final String file;
    private final long dataBytes;
    private final Map<String, TensorInfo> found = new LinkedHashMap<>();
    private final Map<String, String> metadata = new LinkedHashMap<>();
    private final CharsetEncoder utf8 = StandardCharsets.UTF_8.newEncoder();
    private JsonReader json;

    Parser(String file, long dataBytes) {
      this.file = file;
      this.dataBytes = dataBytes;
    }

    SafetensorsHeader parse(byte[] header) {
      int end = header.length;
      while (end > 0 && header[end - 1] == ' ') {
        end--;
      }
      if (end == 0 || header[0] != '{' || header[end - 1] != '}') {
        throw bad("header is not a JSON object, expected '{' at its start and '}' with nothing but spaces after it at its end");
      }
      // Unlike a charset, a decoder reports malformed input.
      InputStreamReader text = new InputStreamReader(new ByteArrayInputStream(header, 0, end), StandardCharsets.UTF_8.newDecoder());
      try (JsonReader reader = StrictJson.reader(text)) {
        json = reader;
        readObject();
      } catch (CharacterCodingException e) {
        throw new BadInputException(file + ": header is not valid UTF-8", e);
      } catch (MalformedJsonException | EOFException e) {
        throw new BadInputException(file + ": header is not valid JSON " + StrictJson.place(e), e);
      } catch (IOException e) {
        throw new BadInputException(file + ": header cannot be read: " + OneLine.of(e.getMessage()), e);
      }
      return new SafetensorsHeader(inDataOrder(), Collections.unmodifiableMap(metadata));
    }

    private void readObject() throws IOException {
      boolean metadataSeen = false;
      json.beginObject();
      while (json.hasNext()) {
        String name = name("tensor");
        if (name.equals(METADATA)) {
          if (metadataSeen) {
            throw bad("duplicate key " + METADATA);
          }
          metadataSeen = true;
          readMetadata();
        } else if (found.size() == MOST_TENSORS) {
          throw bad("more than " + MOST_TENSORS + " tensors");
        } else if (found.put(name, readTensor(name)) != null) {
          throw bad("duplicate tensor " + OneLine.quoted(name));
        }
      }
      json.endObject();
      if (json.peek() != JsonToken.END_DOCUMENT) {
        throw bad("text after the header's JSON object, expected only spaces");
      }
    }

    private void readMetadata() throws IOException {
      expect(JsonToken.BEGIN_OBJECT, METADATA, "an object of strings");
      json.beginObject();
      while (json.hasNext()) {
        String key = name("metadata key");
        expect(JsonToken.STRING, METADATA + " " + OneLine.quoted(key), "a string");
        if (metadata.size() == MOST_METADATA) {
          throw bad("more than " + MOST_METADATA + " entries in " + METADATA);
        }
        if (metadata.put(key, json.nextString()) != null) {
          throw bad("duplicate metadata key " + OneLine.quoted(key));
        }
      }
      json.endObject();
    }

    private TensorInfo readTensor(String name) throws IOException {
      String where = "tensor " + OneLine.quoted(name);
      expect(JsonToken.BEGIN_OBJECT, where, "an object with dtype, shape and data_offsets");
      String type = null;
      long[] extents = null;
      long[] offsets = null;
      Set<String> keys = new HashSet<>();
      json.beginObject();
      while (json.hasNext()) {
        String key = json.nextName();
        if (!keys.add(key)) {
          throw bad("duplicate key " + key + " in " + where);
        }
        switch (key) {
          case "dtype" -> type = type(where);
          case "shape" -> extents = integers(where + " shape", MOST_DIMENSIONS);
          case "data_offsets" -> offsets = integers(where + " data_offsets", 2);
          default -> throw bad(where + " has a key " + OneLine.quoted(key) + ", expected dtype, shape and data_offsets");
        }
      }
      json.endObject();
      if (type == null || extents == null || offsets == null) {
        throw bad(where + " lacks " + (type == null ? "dtype" : extents == null ? "shape" : "data_offsets"));
      }
      return checked(where, type, extents, offsets);
    }

    /** The size of a tensor of an unknown type is what its offsets say: the format gains types, and some have less than a byte. */
    private TensorInfo checked(String where, String type, long[] extents, long[] offsets) {
      if (offsets.length != 2) {
        throw bad(where + " has " + offsets.length + " data_offsets, expected begin and end");
      }
      if (offsets[1] < offsets[0]) {
        throw bad(where + " data_offsets end at " + offsets[1] + ", before their begin " + offsets[0]);
      }
      Optional<DType> dtype = DType.named(type);
      long found = offsets[1] - offsets[0];
      Shape shape;
      long expected;
      try {
        shape = Shape.of(extents);
        long elements = shape.elements();
        expected = dtype.isPresent() ? Math.multiplyExact(elements, (long) dtype.get().bytes()) : found;
      } catch (IllegalArgumentException | ArithmeticException e) {
        throw new BadInputException(file + ": size of " + where + " overflows: " + type + " " + Arrays.toString(extents), e);
      }
      if (found != expected) {
        throw bad(where + " has " + found + " bytes of data, expected " + expected + " for " + type + " " + shape);
      }
      return new TensorInfo(type, shape, offsets[0], offsets[1]);
    }

    private String type(String where) throws IOException {
      expect(JsonToken.STRING, where + " dtype", "a string");
      String text = json.nextString();
      if (text.isEmpty() || text.length() > LONGEST_TYPE || !text.equals(OneLine.of(text))) {
        throw bad(where + " has dtype " + OneLine.quoted(text, LONGEST_TYPE) + ", expected the name of a type");
      }
      // One string for the types of all tensors.
      return DType.named(text).map(DType::name).orElse(text);
    }

    private long[] integers(String where, int most) throws IOException {
      expect(JsonToken.BEGIN_ARRAY, where, "an array of integers");
      List<Long> values = new ArrayList<>();
      json.beginArray();
      while (json.hasNext()) {
        if (values.size() == most) {
          throw bad(where + " has more than " + most + " entries");
        }
        expect(JsonToken.NUMBER, where, "integers");
        values.add(integer(where, json.nextString()));
      }
      json.endArray();
      return values.stream().mapToLong(Long::longValue).toArray();
    }

    private long integer(String where, String literal) {
      if (!literal.chars().allMatch(c -> c >= '0' && c <= '9')) {
        throw bad(where + " has " + OneLine.of(literal) + ", expected integers from 0 on");
      }
      try {
        return Long.parseLong(literal);
      } catch (NumberFormatException e) {
        throw new BadInputException(file + ": " + where + " has " + OneLine.of(literal) + ", expected at most " + Long.MAX_VALUE, e);
      }
    }

    private String name(String what) throws IOException {
      String name = json.nextName();
      if (!utf8.canEncode(name)) {
        throw bad(what + " name has half of a surrogate pair, expected Unicode text");
      }
      return name;
    }

    private void expect(JsonToken token, String where, String expected) throws IOException {
      JsonToken next = json.peek();
      if (next != token) {
        throw bad(where + " is of kind " + next.name().toLowerCase(Locale.ROOT) + ", expected " + expected);
      }
    }

    /** The tensors in the order of their data, which they must cover without holes or overlaps. */
    private SequencedMap<String, TensorInfo> inDataOrder() {
      List<Map.Entry<String, TensorInfo>> entries = new ArrayList<>(found.entrySet());
      entries.sort(
          Comparator.comparingLong((Map.Entry<String, TensorInfo> e) -> e.getValue().begin())
              .thenComparingLong(e -> e.getValue().end()));
      SequencedMap<String, TensorInfo> ordered = new LinkedHashMap<>();
      long position = 0;
      for (Map.Entry<String, TensorInfo> entry : entries) {
        if (entry.getValue().begin() != position) {
          throw bad(
              "data of tensor " + OneLine.quoted(entry.getKey()) + " begins at " + entry.getValue().begin() + ", expected "
                  + position + " (" + (entry.getValue().begin() < position ? "overlap" : "hole") + ")");
        }
        position = entry.getValue().end();
        ordered.put(entry.getKey(), entry.getValue());
      }
      if (position != dataBytes) {
        throw bad(
            "tensors take " + position + " bytes, but " + dataBytes + " follow the header ("
                + (dataBytes < position ? "truncated?" : "expected nothing after them") + ")");
      }
      return Collections.unmodifiableSequencedMap(ordered);
    }

    private BadInputException bad(String what) {
      return new BadInputException(file + ": " + what);
    }
  }
}
