package org.conceptclip.text;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.conceptclip.text.JsonCursor.Value;
import org.conceptclip.util.OneLine;

/**
 * Reads a {@code tokenizer.json} of BERT's kind: {@code BertNormalizer}, {@code BertPreTokenizer}, {@code WordPiece}, special tokens in
 * front of the text and behind it. Everything in the file that decides about ids is followed, or the file is refused by the name of what
 * cannot be followed. What decides about something else (padding, the length to cut at, the way back from ids to texts) is passed over.
 */
final class TokenizerJson {
  private static final int LONGEST_NAME = 100;

  /** Characters of a string that is a token: longer ones are compared with nothing. */
  private static final int LONGEST_TOKEN = VocabularyBuilder.LONGEST_SPECIAL;

  /** Code points of {@code max_input_chars_per_word}: the work for a word grows with its square. */
  static final int LONGEST_WORD = 500;

  private static final int MOST_EXTRA_TOKENS = 16;

  private final JsonCursor json;
  private final VocabularyBuilder vocabulary;
  private final List<AddedToken> added = new ArrayList<>();

  private WordPieceModel.Normalizer normalizer;
  private boolean splits;
  private String unknown;
  private String prefix;
  private int longestWord;
  private int[] first;
  private int[] last;
  private boolean hasVocabulary;

  private record AddedToken(String content, int id) {}

  private TokenizerJson(String file, String text) {
    this.json = new JsonCursor(file, text);
    this.vocabulary = new VocabularyBuilder(file);
  }

  /**
   * Reads the file.
   *
   * @param file what messages call it
   * @throws org.conceptclip.tensor.BadInputException if it is broken or of another kind
   */
  static WordPieceModel read(String file, byte[] bytes) {
    TokenizerJson reading = new TokenizerJson(file, TokenizerFile.json(file + ": not a tokenizer", bytes));
    reading.json.document(reading::root);
    return reading.model();
  }

  private WordPieceModel model() {
    require(hasVocabulary, "model.vocab");
    require(normalizer != null, "normalizer");
    require(splits, "pre_tokenizer");
    require(first != null, "post_processor");
    require(unknown != null, "model.unk_token");
    require(prefix != null, "model.continuing_subword_prefix");
    require(longestWord > 0, "model.max_input_chars_per_word");
    added.forEach(token -> vocabulary.addSpecial(token.content, token.id));
    int unknownId = vocabulary.id(unknown);
    if (unknownId < 0) {
      throw json.refused("model.vocab lacks the token that model.unk_token names");
    }
    IntStream.concat(Arrays.stream(first), Arrays.stream(last)).filter(id -> !vocabulary.hasId(id)).forEach(id -> {
      throw json.refused("post_processor adds the id " + id + ", which no token has");
    });
    return new WordPieceModel(
        vocabulary.tokens(), vocabulary.specials(), unknownId, prefix, longestWord, first, last, vocabulary.size(), normalizer);
  }

  private void require(boolean found, String key) {
    if (!found) {
      throw json.refused(key + " is missing");
    }
  }

  private void root() throws IOException {
    json.object("the file", Map.of(
        "version", () -> only("version", "1.0"),
        "truncation", this::truncation,
        "padding", json::skip,
        "added_tokens", () -> json.list("added_tokens", VocabularyBuilder.MOST_SPECIALS, this::addedToken),
        "normalizer", this::normalizer,
        "pre_tokenizer", this::preTokenizer,
        "post_processor", this::postProcessor,
        "decoder", json::skip,
        "model", this::wordPiece));
  }

  private void only(String what, String expected) throws IOException {
    String found = json.string(what, LONGEST_NAME);
    if (!found.equals(expected)) {
      throw json.refused(what + " is " + OneLine.quoted(found, 40) + ", expected \"" + expected + "\"");
    }
  }

  /** How long texts may be is the model's business; at which end they are cut is the tokenizer's. */
  private void truncation() throws IOException {
    if (!json.isNull()) {
      json.object("truncation", Map.of(
          "direction", () -> only("truncation.direction", "Right"),
          "max_length", json::skip,
          "strategy", json::skip,
          "stride", json::skip));
    }
  }

  private void addedToken() throws IOException {
    String[] content = new String[1];
    int[] id = {-1};
    Map<String, Value> keys = new HashMap<>();
    keys.put("content", () -> content[0] = json.string("added_tokens.content", LONGEST_TOKEN));
    keys.put("id", () -> id[0] = json.number("added_tokens.id", VocabularyBuilder.MOST_IDS - 1));
    keys.put("special", () -> json.flag("added_tokens.special")); // matters for the way back only
    boolean[] normalized = {true}; // what a file that does not say means
    for (String key : List.of("single_word", "lstrip", "rstrip")) {
      keys.put(key, () -> never("added_tokens." + key));
    }
    keys.put("normalized", () -> {
      never("added_tokens.normalized");
      normalized[0] = false;
    });
    json.object("an element of added_tokens", keys);
    require(content[0] != null, "added_tokens.content");
    require(id[0] >= 0, "added_tokens.id");
    require(!normalized[0], "added_tokens.normalized");
    added.add(new AddedToken(content[0], id[0]));
  }

  private void never(String what) throws IOException {
    if (json.flag(what)) {
      throw json.refused(what + " is true, expected false");
    }
  }

  private void normalizer() throws IOException {
    Map<String, Boolean> flags = new HashMap<>();
    String[] type = new String[1];
    Map<String, Value> keys = new HashMap<>();
    keys.put("type", () -> {
      only("normalizer.type", "BertNormalizer");
      type[0] = "BertNormalizer";
    });
    for (String key : List.of("clean_text", "handle_chinese_chars", "lowercase")) {
      keys.put(key, () -> flags.put(key, json.flag("normalizer." + key)));
    }
    keys.put("strip_accents", () -> {
      if (!json.isNull()) {
        flags.put("strip_accents", json.flag("normalizer.strip_accents"));
      }
    });
    json.object("normalizer", keys);
    require(type[0] != null, "normalizer.type");
    for (String key : List.of("clean_text", "handle_chinese_chars", "lowercase")) {
      require(flags.containsKey(key), "normalizer." + key);
    }
    boolean lowercase = flags.get("lowercase");
    normalizer = new WordPieceModel.Normalizer(flags.get("clean_text"), flags.get("handle_chinese_chars"),
        flags.getOrDefault("strip_accents", lowercase), lowercase);
  }

  private void preTokenizer() throws IOException {
    json.object("pre_tokenizer", Map.of("type", () -> {
      only("pre_tokenizer.type", "BertPreTokenizer");
      splits = true;
    }));
    require(splits, "pre_tokenizer.type");
  }

  private void postProcessor() throws IOException {
    PostProcessorJson processor = new PostProcessorJson(json, MOST_EXTRA_TOKENS);
    processor.read();
    first = processor.first();
    last = processor.last();
  }

  private void wordPiece() throws IOException {
    json.object("model", Map.of(
        "type", () -> only("model.type", "WordPiece"),
        "unk_token", () -> unknown = json.string("model.unk_token", LONGEST_TOKEN),
        "continuing_subword_prefix", () -> prefix = json.string("model.continuing_subword_prefix", LONGEST_NAME),
        "max_input_chars_per_word", () -> {
          longestWord = json.number("model.max_input_chars_per_word", LONGEST_WORD);
          if (longestWord == 0) {
            throw json.refused("model.max_input_chars_per_word is 0, expected 1 to " + LONGEST_WORD);
          }
        },
        "vocab", this::vocab));
  }

  private void vocab() throws IOException {
    hasVocabulary = true;
    json.table("model.vocab", token -> {
      char[] chars = token.toCharArray();
      vocabulary.add(chars, 0, chars.length, json.number("an id of model.vocab", VocabularyBuilder.MOST_IDS - 1));
    });
  }
}
