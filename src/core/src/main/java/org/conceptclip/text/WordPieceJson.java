package org.conceptclip.text;

import static java.util.stream.Collectors.joining;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
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

  /** @param file what a message calls the bytes */
  static String utf8(String file, byte[] bytes) {
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
    Stream<String> specials = Stream.of(special("pad_token", "[PAD]"), unknown, first, last);
    if (config.has("mask_token") || vocabulary.containsKey("[MASK]")) {
      specials = Stream.concat(specials, Stream.of(special("mask_token", "[MASK]")));
    }
    boolean lowercase = flag("do_lower_case", true);
    // %s alone: %d writes the digits of the user's locale. Pairs are never encoded here, but the format requires a template for them.
    return """
        {"version": "1.0",
         "added_tokens": [%s],
         "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": %s, "strip_accents": %s, "lowercase": %s},
         "pre_tokenizer": {"type": "BertPreTokenizer"},
         "post_processor": {"type": "TemplateProcessing",
          "single": [{"SpecialToken": {"id": %5$s, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
           {"SpecialToken": {"id": %6$s, "type_id": 0}}],
          "pair": [{"SpecialToken": {"id": %5$s, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
           {"SpecialToken": {"id": %6$s, "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
          "special_tokens": {%5$s: {"id": %5$s, "ids": [%7$s], "tokens": [%5$s]}, %6$s: {"id": %6$s, "ids": [%8$s], "tokens": [%6$s]}}},
         "model": {"type": "WordPiece", "unk_token": %9$s, "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
          "vocab": {%10$s}}}
        """.formatted(specials.map(this::addedToken).collect(joining(",")), flag("tokenize_chinese_chars", true),
        flag("strip_accents", lowercase), lowercase, quoted(first), quoted(last), vocabulary.get(first), vocabulary.get(last),
        quoted(unknown), vocabulary.keySet().stream().map(token -> quoted(token) + ":" + vocabulary.get(token)).collect(joining(",")));
  }

  private String addedToken(String token) {
    return """
        {"id": %s, "content": %s, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}"""
        .formatted(vocabulary.get(token), quoted(token));
  }

  private static String quoted(String token) {
    return new JsonPrimitive(token).toString();
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
}
