package org.conceptclip.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.text.TokenizerJsons.Settings;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Which {@code tokenizer.json} is followed, which is refused and how. */
@Timeout(120)
class TokenizerJsonTest {
  private static final String GOOD = TokenizerJsons.of(Settings.UNCASED, List.of("lung", "##s", "scan"));

  @TempDir Path folder;

  private static String with(String old, String replacement) {
    assertTrue(GOOD.contains(old), old);
    return GOOD.replace(old, replacement);
  }

  private static String message(String json) {
    BadInputException e = assertThrows(BadInputException.class, () -> TokenizerJsons.tokenizer(json, 77), json);
    assertOneLine(e.getMessage());
    return e.getMessage();
  }

  private static void assertOneLine(String message) {
    assertTrue(message.startsWith("test/tokenizer.json: not a tokenizer"), message);
    assertTrue(message.length() < 300 && message.chars().noneMatch(c -> c < ' ' || c == 127), message);
  }

  private static void assertRefused(String json, String... parts) {
    String message = message(json);
    for (String part : parts) {
      assertTrue(message.contains(part), "'" + part + "' in: " + message);
    }
  }

  @Test
  void whatCannotBeFollowedIsRefusedByName() {
    assertRefused(with("\"1.0\"", "\"2.0\""), "version is \"2.0\"", "\"1.0\"");
    assertRefused(with("\"type\": \"BertNormalizer\"", "\"type\": \"NFKC\""), "normalizer.type is \"NFKC\", expected \"BertNormalizer\"");
    assertRefused(with("\"BertPreTokenizer\"", "\"Whitespace\""), "pre_tokenizer.type is \"Whitespace\"");
    assertRefused(with("\"BertProcessing\"", "\"RobertaProcessing\""), "post_processor.type is \"RobertaProcessing\"");
    assertRefused(with("{\"type\": \"WordPiece\", \"unk", "{\"type\": \"BPE\", \"unk"), "model.type is \"BPE\", expected \"WordPiece\"");
    assertRefused(with("\"normalized\": false", "\"normalized\": true"), "added_tokens.normalized is true");
    assertRefused(with("\"lstrip\": false", "\"lstrip\": true"), "added_tokens.lstrip is true");
    assertRefused(with("\"single_word\": false", "\"single_word\": true"), "added_tokens.single_word is true");
    assertRefused(with("\"truncation\": null", "\"truncation\": {\"direction\": \"Left\"}"), "truncation.direction is \"Left\"");
    assertRefused(with("\"padding\"", "\"paddings\""), "key \"paddings\"", "not known");
    assertRefused(with("\"lowercase\": true", "\"lowercase\": true, \"nfc\": true"), "normalizer has the key \"nfc\"");
    assertRefused(with("100", "0"), "max_input_chars_per_word is 0");
    assertRefused(with("100", "501"), "max_input_chars_per_word is 501", "0 to 500");
    assertRefused(with("100", "1e2"), "max_input_chars_per_word is 1e2");
  }

  @Test
  void whatIsMissingIsNamed() {
    assertRefused(with("\"pre_tokenizer\": {\"type\": \"BertPreTokenizer\"},", ""), "pre_tokenizer is missing");
    assertRefused(with(", \"sep\": [\"[SEP]\", 3]", ""), "lacks sep or cls");
    assertRefused(with("\"unk_token\": \"[UNK]\", ", ""), "model.unk_token is missing");
    assertRefused(with("\"unk_token\": \"[UNK]\"", "\"unk_token\": \"<unk>\""), "lacks the token that model.unk_token names");
    assertRefused(with("\"lowercase\": true", "\"lowercase\": null"), "normalizer.lowercase is null, expected true or false");
    assertRefused("{\"version\": \"1.0\"}", "model.vocab is missing");
    assertRefused(GOOD.substring(0, GOOD.length() / 2), "not JSON");
    assertRefused(GOOD + "x", "not JSON");
    assertRefused(GOOD + "{}", "not a tokenizer");
    assertRefused("[".repeat(100_000), "the file is a list, expected an object");
    assertRefused(with("\"padding\": null", "\"padding\": " + "[".repeat(100_000)), "not JSON");
  }

  @Test
  void everyTokenHasOneIdAndEveryIdOneToken() {
    assertRefused(with("\"scan\":7", "\"lung\":7"), "the tokens of ids 5 and 7 are the same");
    assertRefused(with("\"scan\":7", "\"scan\":6"), "two tokens have the id 6");
    assertRefused(with("\"scan\":7", "\"scan\":-1"), "an id of model.vocab is -1, expected a whole number from 0 to 1048575");
    assertRefused(with("\"scan\":7", "\"scan\":1048576"), "1048576, expected");
    assertRefused(with("\"scan\":7", "\"scan\":99999999999999999999"), "an id of model.vocab is 99999999999999999999");
    assertRefused(with("\"scan\":7", "\"scan\":7.0"), "an id of model.vocab is 7.0");
    assertRefused(with("\"scan\":7", "\"scan\":\"7\""), "an id of model.vocab is a string, expected a whole number");
    assertRefused(with("\"id\": 4", "\"id\": 6"), "special token of id 6 has the id 4 in the vocabulary");
    assertRefused(with("\"[MASK]\", \"single", "\"new\", \"single"), "special token of id 4 is not in the vocabulary");
    assertRefused(with("\"[MASK]\", \"single", "\"[SEP]\", \"single"), "special token of id 4 has the id 3");
    assertRefused(with("\"[MASK]\", \"single", "\"\", \"single"), "special token of id 4 has 0 characters");
    assertRefused(with("\"id\": 4, \"content\": \"[MASK]\"", "\"id\": 12, \"content\": \"<figure>\""), "behind which its id would be 8");
    assertRefused(with("[\"[SEP]\", 3]", "[\"[SEP]\", 9]"), "post_processor adds the id 9, which no token has");
  }

  @Test
  void sizeIsTheHighestIdPlusOne() {
    assertEquals(8, TokenizerJsons.tokenizer(GOOD, 77).vocabularySize());
    assertEquals(101, TokenizerJsons.tokenizer(with("\"scan\":7", "\"scan\":100"), 77).vocabularySize());
    String added = with("\"id\": 4, \"content\": \"[MASK]\"", "\"id\": 8, \"content\": \"<figure>\"");
    try (TextTokenizer tokenizer = TokenizerJsons.tokenizer(added, 77)) {
      assertEquals(9, tokenizer.vocabularySize());
      assertEquals(List.of(2, 5, 8, 5, 3), IntStream.of(tokenizer.encode("lung<figure>lung").ids()).boxed().toList());
    }
  }

  @Test
  void aByteOrderMarkStandsForNothing() {
    assertEquals(8, TokenizerJsons.tokenizer("\ufeff" + GOOD, 77).vocabularySize());
  }

  @Test
  void whatIsFoundInPlaceOfTheFileIsNamed() throws IOException {
    assertRefused("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "a pointer of git-lfs", "git lfs pull");
    assertRefused("\n<!DOCTYPE html><html></html>", "a web page");
    Path file = folder.resolve("tokenizer.json");
    try (RandomAccessFile large = new RandomAccessFile(file.toFile(), "rw")) {
      large.setLength(4L << 30);
    }
    assertMessage("larger than 32 MiB");
    Files.delete(file);
    assertEquals(0, exitOf("mkfifo", file.toString()));
    assertMessage("cannot be read: not a regular file");
  }

  private void assertMessage(String part) {
    BadInputException e = assertThrows(BadInputException.class, () -> TextTokenizer.open(folder, 77));
    assertTrue(e.getMessage().contains(part) && e.getMessage().lines().count() == 1, e.getMessage());
  }

  private static int exitOf(String... command) throws IOException {
    try {
      return new ProcessBuilder(command).start().waitFor();
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  @Test
  void hugeFilesAreBounded() {
    String many = IntStream.range(8, 1_200_000).mapToObj(i -> "\"t" + i + "\":" + i).collect(Collectors.joining(","));
    assertRefused(with("\"scan\":7", "\"scan\":7," + many), "an id of model.vocab is 1048576, expected");
    String token = "a".repeat(20_000_000);
    assertEquals(8, TokenizerJsons.tokenizer(with("\"scan\":7", "\"" + token + "\":7"), 77).vocabularySize());
    assertRefused(with("\"unk_token\": \"[UNK]\"", "\"unk_token\": \"" + token + "\""), "model.unk_token has 20000000 characters");
    String specials = IntStream.range(0, 2000).mapToObj(i -> """
        {"id": %d, "content": "<%d>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}"""
        .formatted(i + 8, i)).collect(Collectors.joining(","));
    assertRefused(with("\"added_tokens\": [", "\"added_tokens\": [" + specials + ","), "added_tokens has more than 1024 elements");
  }

  /** Settings that are rarer than BERT's own, against the library. */
  @Test
  void everyFormThatIsFollowedAgreesWithTheLibrary() {
    String template = """
        "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}},
          {"SpecialToken": {"id": "two", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
          "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}], "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]},
          "two": {"id": "two", "ids": [4, 3], "tokens": ["a", "b"]}}},""";
    String processor = GOOD.substring(GOOD.indexOf("\"post_processor\""), GOOD.indexOf("\"decoder\""));
    String prefix = "_prefix\": \"##\"";
    List<String> forms = List.of(GOOD, with("\"type\": \"WordPiece\", \"unk", "\"unk"), with(processor, template), with("100", "4"),
        with("100", "1"), with(prefix, "_prefix\": \"\""), with(prefix, "_prefix\": \"lu\""), with(prefix, "_prefix\": \"abcdefghij\""),
        with("\"truncation\": null", """
            "truncation": {"direction": "Right", "max_length": 5, "strategy": "LongestFirst", "stride": 0}"""),
        with("\"padding\": null", """
            "padding": {"strategy": {"Fixed": 128}, "direction": "Right", "pad_to_multiple_of": null, "pad_id": 0, "pad_type_id": 0,
             "pad_token": "[PAD]"}"""),
        with("\"scan\":7", "\"scan\":100"), with("\"scan\":7", "\"scan\":7,\"[SEP\":8"),
        with("\"id\": 4, \"content\": \"[MASK]\"", "\"id\": 8, \"content\": \"[SEP]x\""),
        with("\"id\": 4, \"content\": \"[MASK]\"", "\"id\": 5, \"content\": \"lung\""));
    List<String> texts = List.of("", "lung", "lungs scan", "LUNGs[SEP]x", "scanlung [MASK] lun lu", "s [SEP][SEP", "lungslungs",
        "a b c d e f g h i j k l");
    for (String form : forms) {
      try (HuggingFaceOracle oracle = new HuggingFaceOracle(form, 8); TextTokenizer ours = TokenizerJsons.tokenizer(form, 8)) {
        for (String text : texts) {
          WordPieceOracleTest.assertSame(oracle.encode(text), ours.encode(text), text, form);
        }
      }
    }
  }

  /** A file changed at random ends in a tokenizer that encodes, or in one line. */
  @Test
  void changedFilesAreTokenizersOrBadInput() {
    Random random = new Random(11);
    byte[] good = GOOD.getBytes(StandardCharsets.UTF_8);
    int opened = 0;
    for (int round = 0; round < 6000; round++) {
      byte[] changed = changed(good, random);
      try (TextTokenizer tokenizer = TextTokenizer.fromJson("test/tokenizer.json", changed, 8)) {
        opened++;
        for (String text : List.of("", "Lungs [SEP] scan", "e\u0301\u8089\ud83e", "x".repeat(600))) {
          TokenizedText encoded = tokenizer.encode(text);
          assertTrue(encoded.length() <= 8 && IntStream.of(encoded.ids()).allMatch(id -> id >= 0 && id < tokenizer.vocabularySize()), text);
        }
      } catch (BadInputException e) {
        if (!e.getMessage().startsWith("a text of at most 8 tokens")) {
          assertOneLine(e.getMessage());
        }
      }
    }
    assertTrue(opened > 100 && opened < 5900, opened + " opened");
  }

  private static final String[] FRAGMENTS = {
    "null", "true", "{}", "[]", "\"\"", "-1", "1e999", "0.5", "18446744073709551616", "\"\\ud800\"", "[[[[", "}}}}", ",", "\\u0000", "NaN",
    "//", "\u00e9", "1", "\"[SEP]\"", "\"WordPiece\"", "4294967296"
  };

  private static byte[] changed(byte[] good, Random random) {
    StringBuilder text = new StringBuilder(new String(good, StandardCharsets.ISO_8859_1));
    for (int changes = 1 + random.nextInt(3); changes > 0; changes--) {
      int at = random.nextInt(text.length());
      int end = Math.min(text.length(), at + random.nextInt(30));
      switch (random.nextInt(6)) {
        case 0 -> text.setCharAt(at, (char) random.nextInt(256));
        case 1 -> text.delete(at, end);
        case 2 -> text.insert(at, FRAGMENTS[random.nextInt(FRAGMENTS.length)]);
        case 3 -> text.insert(random.nextInt(text.length()), text.substring(at, end));
        case 4 -> replaceValue(text, at, FRAGMENTS[random.nextInt(FRAGMENTS.length)]);
        default -> text.setLength(random.nextInt(8) == 0 ? at + 1 : text.length());
      }
    }
    return text.toString().getBytes(StandardCharsets.ISO_8859_1);
  }

  /** Puts a fragment in the place of the next value behind a colon. */
  private static void replaceValue(StringBuilder text, int at, String fragment) {
    int colon = text.indexOf(":", at);
    if (colon >= 0) {
      int end = colon + 1;
      while (end < text.length() && ",}]".indexOf(text.charAt(end)) < 0) {
        end++;
      }
      text.replace(colon + 1, end, fragment);
    }
  }

  @Test
  void aTokenizerThatIsClosedLetsGoOfItsVocabulary() {
    TextTokenizer tokenizer = TokenizerJsons.tokenizer(GOOD, 77);
    assertFalse(tokenizer.description().isEmpty());
    tokenizer.close();
    assertEquals(8, tokenizer.vocabularySize());
    assertThrows(IllegalStateException.class, () -> tokenizer.encode("x"));
  }
}
