package org.conceptclip.text;

import com.google.gson.JsonPrimitive;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** Files {@code tokenizer.json} for tests, of any vocabulary and any settings of BERT's normalizer. */
final class TokenizerJsons {
  static final List<String> SPECIALS = List.of("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]");

  private TokenizerJsons() {}

  /** @param stripAccents {@code null}, {@code true} or {@code false} */
  record Settings(boolean clean, boolean spaceIdeographs, String stripAccents, boolean lowercase) {
    static final Settings UNCASED = new Settings(true, true, "null", true);

    /** All of them. */
    static List<Settings> all() {
      return List.of(true, false).stream().flatMap(clean -> List.of(true, false).stream().flatMap(ideographs ->
          List.of("null", "true", "false").stream().flatMap(strip -> List.of(true, false).stream()
              .map(lower -> new Settings(clean, ideographs, strip, lower))))).toList();
    }
  }

  /** @param pieces tokens besides the special ones */
  static String of(Settings settings, Collection<String> pieces) {
    Set<String> all = new LinkedHashSet<>(SPECIALS);
    all.addAll(pieces);
    StringBuilder vocabulary = new StringBuilder();
    int id = 0;
    for (String piece : all) {
      vocabulary.append(id == 0 ? "" : ",").append(new JsonPrimitive(piece)).append(':').append(id++);
    }
    String added = SPECIALS.stream().map(token -> """
        {"id": %d, "content": "%s", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}"""
        .formatted(SPECIALS.indexOf(token), token)).collect(Collectors.joining(","));
    return """
        {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [%s],
         "normalizer": {"type": "BertNormalizer", "clean_text": %s, "handle_chinese_chars": %s, "strip_accents": %s, "lowercase": %s},
         "pre_tokenizer": {"type": "BertPreTokenizer"},
         "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]},
         "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
         "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
          "vocab": {%s}}}
        """.formatted(added, settings.clean, settings.spaceIdeographs, settings.stripAccents, settings.lowercase, vocabulary);
  }

  static TextTokenizer tokenizer(String json, int maxTokens) {
    return TextTokenizer.fromJson("test/tokenizer.json", json.getBytes(StandardCharsets.UTF_8), maxTokens);
  }
}
