package org.conceptclip.catalog;

import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.OneLine;
import org.conceptclip.weights.ModelFiles;
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
   * Checks {@code vocab.txt}, one token a line. No more of it is read than a vocabulary that fits may have.
   *
   * @param rows of the model's table
   * @throws BadInputException if a token has an id that the table does not have, or the file cannot be read
   */
  static void requireLinesFit(Path vocabulary, int rows) {
    ModelFiles.requireRegular(vocabulary, "a vocabulary");
    VocabularyCheck check = new VocabularyCheck(vocabulary, rows);
    try (InputStream in = new BufferedInputStream(Files.newInputStream(vocabulary))) {
      int lines = 0;
      int before = '\n';
      for (int value = in.read(); value >= 0; before = value, value = in.read()) {
        boolean begins = before == '\n' || before == '\r' && value != '\n';
        if (begins) {
          check.require(lines, "line " + (lines + 1));
          lines++;
        }
      }
    } catch (IOException e) {
      throw new BadInputException(vocabulary + ": its tokens cannot be counted (" + OneLine.of(e.getMessage()) + ")", e);
    }
  }

  /**
   * Checks {@code tokenizer.json}. The tokenizer has been made from it before, so it is sound.
   *
   * @param rows of the model's table
   * @throws BadInputException if a token has an id that the table does not have
   */
  static void requireTokensFit(Path tokenizer, int rows) {
    try (BufferedReader text = Files.newBufferedReader(tokenizer, StandardCharsets.UTF_8)) {
      new VocabularyCheck(tokenizer, rows).json(StrictJson.reader(text));
    } catch (IOException | IllegalStateException | NumberFormatException e) {
      throw new BadInputException(
          tokenizer + ": its tokens cannot be counted (" + OneLine.of(e.getMessage()) + "), expected a vocabulary", e);
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
