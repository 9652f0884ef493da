package org.conceptclip.text;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.conceptclip.tensor.BadInputException;

/**
 * The {@code tokenizer.json} that a BERT {@code vocab.txt} and {@code tokenizer_config.json} stand for.
 *
 * <p>{@code vocab.txt}: UTF-8, one token a line, the line's number from 0 is its id, continuation pieces begin with
 * {@code ##}. Of the configuration, {@code do_lower_case} (true), {@code strip_accents} (as lowercase),
 * {@code tokenize_chinese_chars} (true) and the names of the special tokens are read; in brackets what absence means.
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
   * @throws BadInputException if a file is not what it should be or the vocabulary lacks a special token
   */
  static String build(String where, byte[] vocabularyFile, byte[] configFile) {
    JsonObject config = parseConfig(where, configFile);
    return new WordPieceJson(where, config, parseVocabulary(where, vocabularyFile)).json().toString();
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
    Map<String, Integer> ids = new LinkedHashMap<>();
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

  private JsonObject json() {
    String unknown = special("unk_token", "[UNK]");
    String first = special("cls_token", "[CLS]");
    String last = special("sep_token", "[SEP]");
    JsonObject root = new JsonObject();
    root.addProperty("version", "1.0");
    root.add("added_tokens", addedTokens(List.of(special("pad_token", "[PAD]"), unknown, first, last)));
    root.add("normalizer", normalizer());
    root.add("pre_tokenizer", typed("BertPreTokenizer"));
    root.add("post_processor", template(first, last));
    root.add("model", model(unknown));
    return root;
  }

  private String special(String key, String absent) {
    JsonElement value = config.get(key);
    if (value != null && value.isJsonObject()) {
      value = value.getAsJsonObject().get("content");
    }
    String token = value == null || value.isJsonNull() ? absent : value.getAsString();
    if (!vocabulary.containsKey(token)) {
      throw new BadInputException(where + "/vocab.txt: lacks the special token " + token + " (" + key + ") among its "
          + vocabulary.size() + " lines");
    }
    return token;
  }

  private JsonArray addedTokens(List<String> specials) {
    List<String> tokens = new ArrayList<>(specials);
    JsonElement mask = config.get("mask_token");
    if (mask != null || vocabulary.containsKey("[MASK]")) {
      tokens.add(special("mask_token", "[MASK]"));
    }
    JsonArray list = new JsonArray();
    for (String token : tokens) {
      JsonObject entry = new JsonObject();
      entry.addProperty("id", vocabulary.get(token));
      entry.addProperty("content", token);
      for (String off : List.of("single_word", "lstrip", "rstrip", "normalized")) {
        entry.addProperty(off, false);
      }
      entry.addProperty("special", true);
      list.add(entry);
    }
    return list;
  }

  private JsonObject normalizer() {
    JsonObject normalizer = typed("BertNormalizer");
    boolean lowercase = flag("do_lower_case", true);
    normalizer.addProperty("clean_text", true);
    normalizer.addProperty("handle_chinese_chars", flag("tokenize_chinese_chars", true));
    normalizer.addProperty("strip_accents", flag("strip_accents", lowercase));
    normalizer.addProperty("lowercase", lowercase);
    return normalizer;
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
  private JsonObject template(String first, String last) {
    JsonArray single = new JsonArray();
    single.add(piece("SpecialToken", first));
    single.add(piece("Sequence", "A"));
    single.add(piece("SpecialToken", last));
    JsonObject specials = new JsonObject();
    for (String token : List.of(first, last)) {
      JsonObject entry = new JsonObject();
      entry.addProperty("id", token);
      entry.add("ids", arrayOf(new JsonPrimitive(vocabulary.get(token))));
      entry.add("tokens", arrayOf(new JsonPrimitive(token)));
      specials.add(token, entry);
    }
    JsonObject template = typed("TemplateProcessing");
    template.add("single", single);
    // The format wants a pair template; pairs are never encoded here.
    JsonArray pair = single.deepCopy();
    pair.add(piece("Sequence", "B"));
    template.add("pair", pair);
    template.add("special_tokens", specials);
    return template;
  }

  private static JsonObject piece(String kind, String id) {
    JsonObject body = new JsonObject();
    body.addProperty("id", id);
    body.addProperty("type_id", 0);
    JsonObject piece = new JsonObject();
    piece.add(kind, body);
    return piece;
  }

  private JsonObject model(String unknown) {
    JsonObject words = new JsonObject();
    vocabulary.forEach(words::addProperty);
    JsonObject model = typed("WordPiece");
    model.addProperty("unk_token", unknown);
    model.addProperty("continuing_subword_prefix", "##");
    model.addProperty("max_input_chars_per_word", MAX_CHARS_OF_A_WORD);
    model.add("vocab", words);
    return model;
  }

  private static JsonObject typed(String type) {
    JsonObject object = new JsonObject();
    object.addProperty("type", type);
    return object;
  }

  private static JsonArray arrayOf(JsonElement element) {
    JsonArray array = new JsonArray();
    array.add(element);
    return array;
  }
}
