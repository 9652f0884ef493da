package org.conceptclip.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.stream.IntStream;
import org.conceptclip.tensor.BadInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What stands in {@code vocab.txt} and {@code tokenizer_config.json}, and what editors and people do to them. */
@Timeout(60)
class VocabularyFilesTest {
  private static final String LINES = "[PAD]\n[UNK]\n[CLS]\n[SEP]\nlung\n##s\nscan\n";

  private static TextTokenizer tokenizer(String vocabulary, String config) {
    return TextTokenizer.fromVocabulary(
        "folder", vocabulary.getBytes(StandardCharsets.UTF_8), config.getBytes(StandardCharsets.UTF_8), 77);
  }

  private static int[] ids(String vocabulary, String config, String text) {
    try (TextTokenizer tokenizer = tokenizer(vocabulary, config)) {
      return tokenizer.encode(text).ids();
    }
  }

  private static void assertRefused(String vocabulary, String config, String... parts) {
    BadInputException e = assertThrows(BadInputException.class, () -> tokenizer(vocabulary, config));
    assertTrue(e.getMessage().lines().count() == 1 && e.getMessage().length() < 300, e.getMessage());
    for (String part : parts) {
      assertTrue(e.getMessage().contains(part), "'" + part + "' in: " + e.getMessage());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"\n", "\r\n", "\r"})
  void everyEndOfALineIsOne(String end) {
    assertArrayEquals(new int[] {2, 4, 5, 6, 3}, ids(LINES.replace("\n", end), "{}", "Lungs scan"));
    String withoutTheLast = LINES.substring(0, LINES.length() - 1).replace("\n", end);
    assertArrayEquals(new int[] {2, 4, 5, 6, 3}, ids(withoutTheLast, "{}", "Lungs scan"));
    assertEquals(7, tokenizer(withoutTheLast, "{}").vocabularySize());
  }

  /** As in Hugging Face's loader: a line is a token whatever is in it, and those that no text can become do no harm. */
  @Test
  void linesOfBlanksTakeTheirIds() {
    String odd = LINES.replace("lung\n", "\n \n\u00a0\n\nlung \n\u2028\nlung\n");
    assertArrayEquals(new int[] {2, 10, 11, 12, 3}, ids(odd, "{}", "Lungs scan"));
    assertArrayEquals(new int[] {2, 10, 3}, ids(odd, "{}", "lung \u00a0 \u2028"));
    assertEquals(15, tokenizer(odd + "\n\n", "{}").vocabularySize());
  }

  @Test
  void otherSeparatorsEndNoLine() {
    assertEquals(8, tokenizer(LINES + "a\u0085\u2028\u000b\u000cb\n", "{}").vocabularySize());
  }

  @Test
  void aByteOrderMarkIsRefusedWhereItWouldBelongToAToken() {
    assertRefused("\ufeff" + LINES, "{}", "folder/vocab.txt: begins with a byte-order mark", "without one");
    assertArrayEquals(new int[] {2, 4, 3}, ids(LINES, "\ufeff{}", "lung"));
    byte[] wide = LINES.getBytes(StandardCharsets.UTF_16);
    BadInputException e = assertThrows(BadInputException.class,
        () -> TextTokenizer.fromVocabulary("folder", wide, "{}".getBytes(StandardCharsets.UTF_8), 77));
    assertTrue(e.getMessage().startsWith("folder/vocab.txt: not UTF-8 text"), e.getMessage());
  }

  @Test
  void twoLinesAreNotTheSame() {
    assertRefused(LINES + "lung\n", "{}", "folder/vocab.txt", "the tokens of ids 4 and 7 are the same");
  }

  @Test
  void whatIsFoundInPlaceOfTheFilesIsNamed() {
    assertRefused("version https://git-lfs.github.com/spec/v1\n", "{}", "folder/vocab.txt: a pointer of git-lfs");
    assertRefused("<!doctype html>\n<html>", "{}", "folder/vocab.txt: a web page");
    assertRefused(LINES, "<html>", "folder/tokenizer_config.json: a web page");
    assertRefused(LINES, "", "folder/tokenizer_config.json: expected a JSON object");
    assertRefused(LINES, "{} {}", "folder/tokenizer_config.json: not JSON");
    assertRefused(LINES, "{\"a\":" + "[".repeat(100_000), "folder/tokenizer_config.json: not JSON");
    assertRefused(LINES, "{\"a\":\"" + "x".repeat(5 << 20) + "\"}", "tokenizer_config.json: larger than 4 MiB");
  }

  @Test
  void millionsOfLinesAreRefused() {
    StringBuilder lines = new StringBuilder(LINES);
    for (int i = 0; i < 3_000_000; i++) {
      lines.append(i).append('\n');
    }
    assertRefused(lines.toString(), "{}", "folder/vocab.txt", "more than 1048576 ids");
  }

  /** Tokens that a hash without a random part would all put into one place. */
  @Test
  @Timeout(30)
  void tokensThatCollideInAWeakHashCostNoMore() {
    StringBuilder lines = new StringBuilder(LINES);
    for (int i = 0; i < 1 << 17; i++) {
      for (int bit = 0; bit < 17; bit++) {
        lines.append((i >> bit & 1) == 0 ? "Aa" : "BB");
      }
      lines.append('\n');
    }
    assertEquals(7 + (1 << 17), tokenizer(lines.toString(), "{}").vocabularySize());
  }

  @Test
  void settingsThatWouldChangeIdsAreRefused() {
    assertRefused(LINES, "{\"do_basic_tokenize\": false}", "do_basic_tokenize is false");
    assertRefused(LINES, "{\"truncation_side\": \"left\"}", "truncation_side is not \"right\"");
    assertRefused(LINES, "{\"tokenizer_class\": \"BertJapaneseTokenizer\"}", "tokenizer_class is not a tokenizer of BERT's kind");
    assertRefused(LINES, "{\"additional_special_tokens\": [\"<figure>\"]}", "additional_special_tokens has a token that vocab.txt lacks");
    assertRefused(LINES, "{\"added_tokens_decoder\": {\"6\": {\"content\": \"lung\"}}}", "vocab.txt has on line 5, not on line 7");
    assertRefused(LINES, "{\"added_tokens_decoder\": {\"x\": {\"content\": \"lung\"}}}", "a key of added_tokens_decoder is not an id");
  }

  @Test
  void furtherSpecialTokensOfTheVocabularyAreFoundAsTheyAreSpelled() {
    String config = "{\"tokenizer_class\": \"BertTokenizerFast\", \"additional_special_tokens\": [\"<x>\"],"
        + " \"added_tokens_decoder\": {\"0\": {\"content\": \"[PAD]\"}, \"7\": {\"content\": \"<x>\"}}}";
    assertArrayEquals(new int[] {2, 4, 7, 4, 0, 3}, ids(LINES + "<x>\n", config, "lung<x>Lung[PAD]"));
  }

  /** Both files changed at random end in a tokenizer or in one line. */
  @Test
  void changedFilesAreTokenizersOrBadInput() {
    Random random = new Random(12);
    String config = "{\"do_lower_case\": true, \"unk_token\": \"[UNK]\", \"mask_token\": null, \"cls_token\": {\"content\": \"[CLS]\"},"
        + " \"added_tokens_decoder\": {\"0\": {\"content\": \"[PAD]\"}}, \"strip_accents\": null}";
    int opened = 0;
    for (int round = 0; round < 3000; round++) {
      byte[] vocabulary = changed(LINES, random);
      byte[] settings = random.nextBoolean() ? changed(config, random) : config.getBytes(StandardCharsets.UTF_8);
      try (TextTokenizer tokenizer = TextTokenizer.fromVocabulary("folder", vocabulary, settings, 8)) {
        opened++;
        TokenizedText text = tokenizer.encode("Lungs [SEP] e\u0301 scan \ud83e");
        assertTrue(IntStream.of(text.ids()).allMatch(id -> id < tokenizer.vocabularySize()));
      } catch (BadInputException e) {
        assertTrue(e.getMessage().startsWith("folder/") && e.getMessage().chars().noneMatch(c -> c < ' '), e.getMessage());
      }
    }
    assertTrue(opened > 50 && opened < 2950, opened + " opened");
  }

  private static byte[] changed(String text, Random random) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    for (int changes = random.nextInt(3); changes > 0; changes--) {
      bytes[random.nextInt(bytes.length)] = (byte) (random.nextBoolean() ? random.nextInt(256) : "\n\r{}[]\",:".charAt(random.nextInt(9)));
    }
    return bytes;
  }
}
