package org.conceptclip.text;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import java.io.IOException;
import java.io.StringReader;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.OneLine;

/**
 * Reads the older form of a BERT tokenizer, {@code vocab.txt} with {@code tokenizer_config.json}.
 *
 * <p>{@code vocab.txt}: UTF-8, one token per line; the number of the line, from 0, is its id, continuation pieces begin with {@code ##}.
 * A line ends with a line feed, a carriage return or both; blanks belong to the token. An empty line takes an id that no text gets. Two
 * equal lines are refused.
 *
 * <p>Of the configuration, {@code do_lower_case} (true), {@code strip_accents} (as lowercase), {@code tokenize_chinese_chars} (true) and
 * the names of the special tokens are read; the defaults are in brackets. Keys that would change ids in a way that is not supported are
 * refused: {@code do_basic_tokenize} false, {@code truncation_side} left, a {@code tokenizer_class} other than BERT's, further special
 * tokens that the vocabulary lacks.
 */
final class VocabularyFiles {
  private static final int LONGEST_CONFIG = 4 << 20;
  private static final int LONGEST_WORD = 100;
  private static final Set<String> CLASSES = Set.of("BertTokenizer", "BertTokenizerFast", "DistilBertTokenizer", "DistilBertTokenizerFast",
      "ElectraTokenizer", "ElectraTokenizerFast", "PreTrainedTokenizerFast");

  private final String vocabularyFile;
  private final String configFile;
  private final VocabularyBuilder vocabulary;
  private JsonObject config;
  private int lines;

  private VocabularyFiles(String where) {
    this.vocabularyFile = where + "/vocab.txt";
    this.configFile = where + "/tokenizer_config.json";
    this.vocabulary = new VocabularyBuilder(vocabularyFile);
  }

  /**
   * Reads the two files.
   *
   * @param where folder or resource path of the two files, for messages
   * @throws BadInputException if a file is malformed or the vocabulary lacks a special token
   */
  static WordPieceModel read(String where, byte[] vocabularyBytes, byte[] configBytes) {
    VocabularyFiles reading = new VocabularyFiles(where);
    reading.config(configBytes);
    reading.vocabulary(vocabularyBytes);
    return reading.model();
  }

  private void config(byte[] bytes) {
    if (bytes.length > LONGEST_CONFIG) {
      throw new BadInputException(configFile + ": larger than " + (LONGEST_CONFIG >> 20) + " MiB, expected the settings of a tokenizer");
    }
    JsonElement root;
    JsonReader reader = new JsonReader(new StringReader(TokenizerFile.json(configFile, bytes)));
    reader.setStrictness(Strictness.STRICT);
    try {
      root = JsonParser.parseReader(reader);
      reader.peek(); // fails unless the document ends here
    } catch (JsonParseException | IOException | IllegalStateException e) {
      throw new BadInputException(configFile + ": not JSON", e);
    }
    if (!root.isJsonObject()) {
      throw new BadInputException(configFile + ": expected a JSON object");
    }
    config = root.getAsJsonObject();
  }

  private void vocabulary(byte[] bytes) {
    char[] text = TokenizerFile.text(vocabularyFile, bytes).toCharArray();
    if (text.length > 0 && text[0] == '\ufeff') {
      throw new BadInputException(vocabularyFile + ": begins with a byte-order mark, which would become a part of the first token; save it"
          + " as UTF-8 without one");
    }
    int begin = 0;
    while (begin < text.length) {
      int end = begin;
      while (end < text.length && text[end] != '\n' && text[end] != '\r') {
        end++;
      }
      vocabulary.add(text, begin, end, lines++);
      begin = end + (end + 1 < text.length && text[end] == '\r' && text[end + 1] == '\n' ? 2 : 1);
    }
  }

  private WordPieceModel model() {
    refuse("do_basic_tokenize", !flag("do_basic_tokenize", true), "false, expected true");
    refuse("truncation_side", !string("truncation_side", "right").equals("right"), "not \"right\", the only side that is supported");
    refuse("tokenizer_class", !CLASSES.contains(string("tokenizer_class", "BertTokenizer")), "not a tokenizer of BERT's kind");
    Map<String, Integer> specials = new LinkedHashMap<>();
    int unknown = special("unk_token", "[UNK]", specials);
    int first = special("cls_token", "[CLS]", specials);
    int last = special("sep_token", "[SEP]", specials);
    special("pad_token", "[PAD]", specials);
    if (content("mask_token", config.get("mask_token")) != null || vocabulary.id("[MASK]") >= 0) {
      special("mask_token", "[MASK]", specials);
    }
    furtherSpecials(specials);
    specials.forEach(vocabulary::addSpecial);
    boolean lowercase = flag("do_lower_case", true);
    WordPieceModel.Normalizer normalizer = new WordPieceModel.Normalizer(
        true, flag("tokenize_chinese_chars", true), flag("strip_accents", lowercase), lowercase);
    return new WordPieceModel(vocabulary.tokens(), vocabulary.specials(), unknown, "##", LONGEST_WORD, new int[] {first}, new int[] {last},
        vocabulary.size(), normalizer);
  }

  private void refuse(String key, boolean wrong, String found) {
    if (wrong) {
      throw new BadInputException(configFile + ": " + key + " is " + found);
    }
  }

  /** Tokens of {@code added_tokens_decoder} (by id) and {@code additional_special_tokens} are special too, if the vocabulary has them. */
  private void furtherSpecials(Map<String, Integer> specials) {
    JsonElement additional = config.get("additional_special_tokens");
    if (additional != null && additional.isJsonArray()) {
      for (JsonElement token : additional.getAsJsonArray()) {
        add("additional_special_tokens", content("additional_special_tokens", token), -1, specials);
      }
    }
    JsonElement decoder = config.get("added_tokens_decoder");
    if (decoder != null && decoder.isJsonObject()) {
      for (Map.Entry<String, JsonElement> entry : decoder.getAsJsonObject().entrySet()) {
        int id;
        try {
          id = Integer.parseInt(entry.getKey());
        } catch (NumberFormatException e) {
          throw new BadInputException(configFile + ": a key of added_tokens_decoder is not an id", e);
        }
        add("added_tokens_decoder", content("added_tokens_decoder", entry.getValue()), id, specials);
      }
    }
  }

  private void add(String key, String token, int id, Map<String, Integer> specials) {
    int known = token == null ? -1 : vocabulary.id(token);
    if (known < 0 || id >= 0 && id != known) {
      throw new BadInputException(configFile + ": " + key + " has a token that vocab.txt "
          + (known < 0 ? "lacks" : "has on line " + (known + 1) + ", not on line " + (id + 1L)));
    }
    specials.put(token, known);
  }

  private int special(String key, String absent, Map<String, Integer> specials) {
    String token = content(key, config.get(key));
    String name = token == null ? absent : token;
    int id = vocabulary.id(name);
    if (id < 0) {
      throw new BadInputException(vocabularyFile + ": lacks the special token " + OneLine.of(name, 40) + " (" + key + ") among its " + lines
          + " lines");
    }
    specials.put(name, id);
    return id;
  }

  /** A string, or the content of an object that describes one; null if there is none. */
  private String content(String key, JsonElement value) {
    JsonElement content = value != null && value.isJsonObject() ? value.getAsJsonObject().get("content") : value;
    if (content == null || content.isJsonNull()) {
      return null;
    }
    if (content instanceof JsonPrimitive primitive && primitive.isString()) {
      return primitive.getAsString();
    }
    throw new BadInputException(configFile + ": " + key + " is " + OneLine.of(content.toString(), 40) + ", expected a string");
  }

  private String string(String key, String absent) {
    String value = content(key, config.get(key));
    return value == null ? absent : value;
  }

  private boolean flag(String key, boolean absent) {
    JsonElement value = config.get(key);
    if (value == null || value.isJsonNull()) {
      return absent;
    }
    if (value instanceof JsonPrimitive primitive && primitive.isBoolean()) {
      return primitive.getAsBoolean();
    }
    throw new BadInputException(configFile + ": " + key + " is " + OneLine.of(value.toString(), 40) + ", expected true or false");
  }
}
