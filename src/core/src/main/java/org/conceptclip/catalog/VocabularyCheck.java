package org.conceptclip.catalog;

import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.OneLine;
import org.conceptclip.weights.StrictJson;

/**
 * Compares a tokenizer's files with the model's table of token embeddings. A tokenizer with more tokens belongs to another model: its
 * ids would have no row in the table, or the wrong one.
 */
final class VocabularyCheck {
  private final Path file;
  private final int rows;

  private VocabularyCheck(Path file, int rows) {
    this.file = file;
    this.rows = rows;
  }

  /**
   * Checks the file that the tokenizer of this folder is made from. It has been read by the tokenizer before, so it is sound.
   *
   * @param rows of the model's table
   * @throws BadInputException if a token has an id that the table does not have
   */
  static void requireFits(Path folder, int rows) {
    Path json = folder.resolve("tokenizer.json");
    boolean hasJson = Files.exists(json);
    Path file = hasJson ? json : folder.resolve("vocab.txt");
    try (BufferedReader text = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
      VocabularyCheck check = new VocabularyCheck(file, rows);
      if (hasJson) {
        check.json(StrictJson.reader(text));
      } else {
        check.lines(text);
      }
    } catch (IOException | IllegalStateException | NumberFormatException e) {
      throw new BadInputException(file + ": its tokens cannot be counted (" + OneLine.of(e.getMessage()) + "), expected a vocabulary", e);
    }
  }

  private void lines(BufferedReader text) throws IOException {
    for (int id = 0; text.readLine() != null; id++) {
      require(id, "line " + (id + 1));
    }
  }

  private void json(JsonReader json) throws IOException {
    json.beginObject();
    while (json.hasNext()) {
      String key = json.nextName();
      if (key.equals("model") && json.peek() == JsonToken.BEGIN_OBJECT) {
        model(json);
      } else if (key.equals("added_tokens") && json.peek() == JsonToken.BEGIN_ARRAY) {
        added(json);
      } else {
        json.skipValue();
      }
    }
    json.endObject();
  }

  private void model(JsonReader json) throws IOException {
    json.beginObject();
    while (json.hasNext()) {
      if (json.nextName().equals("vocab") && json.peek() == JsonToken.BEGIN_OBJECT) {
        json.beginObject();
        while (json.hasNext()) {
          String token = json.nextName();
          require(json.nextLong(), "token " + OneLine.quoted(token, 40));
        }
        json.endObject();
      } else {
        json.skipValue();
      }
    }
    json.endObject();
  }

  private void added(JsonReader json) throws IOException {
    json.beginArray();
    while (json.hasNext()) {
      json.beginObject();
      while (json.hasNext()) {
        if (json.nextName().equals("id")) {
          require(json.nextLong(), "an added token");
        } else {
          json.skipValue();
        }
      }
      json.endObject();
    }
    json.endArray();
  }

  private void require(long id, String token) {
    if (id < 0 || id >= rows) {
      throw new BadInputException(file + ": " + token + " has id " + id + ", expected ids below " + rows
          + ", the rows of the model's token embedding (is this the tokenizer of another model?)");
    }
  }
}
