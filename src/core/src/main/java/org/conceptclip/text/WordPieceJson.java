package org.conceptclip.text;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import com.google.gson.stream.JsonWriter;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.OneLine;

/**
 * Makes the {@code tokenizer.json} that is equivalent to a BERT {@code vocab.txt} and {@code tokenizer_config.json}.
 *
 * <p>{@code vocab.txt}: UTF-8, one token per line; the number of the line, from 0, is its id, continuation pieces begin with
 * {@code ##}. Of the configuration, {@code do_lower_case} (true), {@code strip_accents} (as lowercase),
 * {@code tokenize_chinese_chars} (true) and the names of the special tokens are read; the defaults are in brackets.
 */
final class WordPieceJson {
  private static final int MAX_CHARS_OF_A_WORD = 100;

  private final String where;
  private final JsonObject config;
  private final Map<String, Integer> vocabulary;

  private WordPieceJson(String where, JsonObject config, Map<String, Integer> vocabulary) {
    this.where = where;
    this.config = config;
    this.vocabulary = vocabulary;
  }

  /**
   * Builds the JSON.
   *
   * @param where folder or resource path of the two files, for messages
   * @throws BadInputException if a file is malformed or the vocabulary lacks a special token
   */
  static String build(String where, byte[] vocabularyFile, byte[] configFile) {
    JsonObject config = parseConfig(where, configFile);
    return new WordPieceJson(where, config, parseVocabulary(where, vocabularyFile)).json();
  }

  private static JsonObject parseConfig(String where, byte[] file) {
    try {
      JsonElement root = JsonParser.parseString(utf8(where + "/tokenizer_config.json", file));
      if (root.isJsonObject()) {
        return root.getAsJsonObject();
      }
    } catch (JsonParseException e) {
      throw new BadInputException(where + "/tokenizer_config.json: not JSON: " + OneLine.of(e.getMessage()), e);
    }
    throw new BadInputException(where + "/tokenizer_config.json: expected a JSON object");
  }

  private static Map<String, Integer> parseVocabulary(String where, byte[] file) {
    Map<String, Integer> ids = new HashMap<>();
    List<String> lines = utf8(where + "/vocab.txt", file).lines().toList();
    for (int id = 0; id < lines.size(); id++) {
      ids.put(lines.get(id), id); // a repeated token keeps its last id, as in BERT's own loader
    }
    return ids;
  }

  private static String utf8(String file, byte[] bytes) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new BadInputException(file + ": not UTF-8 text", e);
    }
  }

  private String json() {
    String unknown = special("unk_token", "[UNK]");
    String first = special("cls_token", "[CLS]");
    String last = special("sep_token", "[SEP]");
    StringWriter text = new StringWriter();
    // Streamed: a tree of 30,000 tokens cost 0.2 s more at start.
    try (JsonWriter json = new JsonWriter(text)) {
      json.beginObject().name("version").value("1.0");
      addedTokens(json.name("added_tokens"), special("pad_token", "[PAD]"), unknown, first, last);
      normalizer(json.name("normalizer"));
      json.name("pre_tokenizer").beginObject().name("type").value("BertPreTokenizer").endObject();
      template(json.name("post_processor"), first, last);
      model(json.name("model"), unknown);
      json.endObject();
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory", e);
    }
    return text.toString();
  }

  private String special(String key, String absent) {
    JsonElement value = config.get(key);
    if (value != null && value.isJsonObject()) {
      value = value.getAsJsonObject().get("content");
    }
    if (value != null && !value.isJsonNull() && !(value instanceof JsonPrimitive)) {
      throw new BadInputException(where + "/tokenizer_config.json: " + key + " is " + value + ", expected a string");
    }
    String token = value == null || value.isJsonNull() ? absent : value.getAsString();
    if (!vocabulary.containsKey(token)) {
      throw new BadInputException(where + "/vocab.txt: lacks the special token " + token + " (" + key + ") among its "
          + vocabulary.size() + " lines");
    }
    return token;
  }

  private void addedTokens(JsonWriter json, String... specials) throws IOException {
    json.beginArray();
    for (String token : specials) {
      addedToken(json, token);
    }
    if (config.has("mask_token") || vocabulary.containsKey("[MASK]")) {
      addedToken(json, special("mask_token", "[MASK]"));
    }
    json.endArray();
  }

  private void addedToken(JsonWriter json, String token) throws IOException {
    json.beginObject().name("id").value(vocabulary.get(token)).name("content").value(token)
        .name("single_word").value(false).name("lstrip").value(false).name("rstrip").value(false)
        .name("normalized").value(false).name("special").value(true).endObject();
  }

  private void normalizer(JsonWriter json) throws IOException {
    boolean lowercase = flag("do_lower_case", true);
    json.beginObject().name("type").value("BertNormalizer")
        .name("clean_text").value(true)
        .name("handle_chinese_chars").value(flag("tokenize_chinese_chars", true))
        .name("strip_accents").value(flag("strip_accents", lowercase))
        .name("lowercase").value(lowercase).endObject();
  }

  private boolean flag(String key, boolean absent) {
    JsonElement value = config.get(key);
    if (value == null || value.isJsonNull()) {
      return absent;
    }
    if (value instanceof JsonPrimitive primitive && primitive.isBoolean()) {
      return primitive.getAsBoolean();
    }
    throw new BadInputException(where + "/tokenizer_config.json: " + key + " is " + value + ", expected true or false");
  }

  /** {@code first $A last}. */
  private void template(JsonWriter json, String first, String last) throws IOException {
    json.beginObject().name("type").value("TemplateProcessing").name("single").beginArray();
    sequence(json, first, last);
    // The format wants a template for pairs too; pairs are never encoded here.
    json.endArray().name("pair").beginArray();
    sequence(json, first, last);
    piece(json, "Sequence", "B");
    json.endArray().name("special_tokens").beginObject();
    for (String token : new String[] {first, last}) {
      json.name(token).beginObject().name("id").value(token)
          .name("ids").beginArray().value(vocabulary.get(token)).endArray()
          .name("tokens").beginArray().value(token).endArray().endObject();
    }
    json.endObject().endObject();
  }

  private static void sequence(JsonWriter json, String first, String last) throws IOException {
    piece(json, "SpecialToken", first);
    piece(json, "Sequence", "A");
    piece(json, "SpecialToken", last);
  }

  private static void piece(JsonWriter json, String kind, String id) throws IOException {
    json.beginObject().name(kind).beginObject().name("id").value(id).name("type_id").value(0).endObject().endObject();
  }

  private void model(JsonWriter json, String unknown) throws IOException {
    json.beginObject().name("type").value("WordPiece").name("unk_token").value(unknown)
        .name("continuing_subword_prefix").value("##")
        .name("max_input_chars_per_word").value(MAX_CHARS_OF_A_WORD)
        .name("vocab").beginObject();
    for (Map.Entry<String, Integer> token : vocabulary.entrySet()) {
      json.name(token.getKey()).value(token.getValue());
    }
    json.endObject().endObject();
  }
}
