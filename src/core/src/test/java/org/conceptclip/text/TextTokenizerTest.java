package org.conceptclip.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.conceptclip.tensor.BadInputException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TextTokenizerTest {
  private static final int CONTEXT = 77;

  /** Snippets that tests glue together at random: every rule of the normaliser and the splitter has its bait here. */
  private static final String[] BAIT = {
    "pneumothorax", "Chest X-Ray", " ", "  ", "\t", "\n", "\r\n", "\u00a0", "\u3000", "\u2028", "\u200b", "\u0007", "\0",
    "\ufffd", "\ufeff", "é", "e\u0301", "NAÏVE", "Ångström", "Å", "ﬁ", "ß", "İ", "Σίσυφος", "Ω", "µm", "μ", "½", "10^-3",
    "肺炎", "胸部X線", "한글", "ภาษาไทย", "हिन्दी", "العربية", "עִבְרִית", "🫁", "👩‍⚕️", "🇩🇪", "𝒳", "𠀋", "\u0301", "a\u0300\u0323",
    "...", "—", "“quoted”", "don't", "T2-weighted", "(arrow)", "CO₂", "x²", "H&E", "¿qué?", "∑", "±", "$", "_", "^", "`",
    "supercalifragilisticexpialidocious", "immunohistochemistry", "zzzzqqqq", "\ue000", "\u0085", "hyper­tension",
    "a".repeat(100), "a".repeat(101), "ⅷ", "ǅ", "ﷺ", "Ⴀ", "Ꭰ"
  };

  private static final BertReference REFERENCE = new BertReference(TestVocabulary.IDS);
  private static TextTokenizer tokenizer;

  @TempDir Path folder;

  @BeforeAll
  static void open(@TempDir Path folder) throws IOException {
    Files.writeString(folder.resolve("tokenizer.json"), TestVocabulary.JSON);
    tokenizer = TextTokenizer.open(folder, CONTEXT);
  }

  @AfterAll
  static void close() {
    tokenizer.close();
  }

  private static void assertSame(TokenizedText expected, TokenizedText actual, String text) {
    assertArrayEquals(expected.ids(), actual.ids(), () -> "ids of " + escaped(text));
    assertArrayEquals(expected.charBegin(), actual.charBegin(), () -> "begins of " + escaped(text));
    assertArrayEquals(expected.charEnd(), actual.charEnd(), () -> "ends of " + escaped(text));
    assertEquals(expected.truncated(), actual.truncated(), () -> "truncation of " + escaped(text));
  }

  private static String escaped(String text) {
    StringBuilder out = new StringBuilder();
    text.chars().forEach(c -> out.append(c > 31 && c < 127 ? String.valueOf((char) c) : String.format("\\u%04x", c)));
    return out.toString();
  }

  @Test
  void everyTrickySnippetMatchesTheReference() {
    for (String text : BAIT) {
      assertSame(REFERENCE.encode(text, CONTEXT), tokenizer.encode(text), text);
    }
  }

  @Test
  void gluedSnippetsMatchTheReferenceAloneAndInABatch() {
    Random random = new Random(20261124);
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < 1500; i++) {
      StringBuilder text = new StringBuilder();
      for (int parts = random.nextInt(24); parts > 0; parts--) {
        text.append(BAIT[random.nextInt(BAIT.length)]);
      }
      texts.add(text.toString());
    }
    List<TokenizedText> batch = tokenizer.encode(texts);
    for (int i = 0; i < texts.size(); i++) {
      TokenizedText expected = REFERENCE.encode(texts.get(i), CONTEXT);
      assertSame(expected, tokenizer.encode(texts.get(i)), texts.get(i));
      assertSame(expected, batch.get(i), texts.get(i));
    }
  }

  @Test
  void captionsMatchTheReference() {
    for (String caption : Captions.ALL) {
      assertSame(REFERENCE.encode(caption, CONTEXT), tokenizer.encode(caption), caption);
    }
  }

  @Test
  void vocabularyAndConfigurationGiveTheSameTokenizerAsItsJson() {
    try (TextTokenizer other = TextTokenizer.fromVocabulary(
        "test", TestVocabulary.lines(), TestVocabulary.CONFIG.getBytes(StandardCharsets.UTF_8), CONTEXT)) {
      for (String text : BAIT) {
        assertSame(tokenizer.encode(text), other.encode(text), text);
      }
      String specials = "a [SEP] b [MASK] [UNK] c[CLS]";
      assertSame(tokenizer.encode(specials), other.encode(specials), specials);
    }
  }

  /** The demo model's vocabulary, of 451 pieces, is read from the checkout: its module is built after this one. */
  @Test
  void aSmallVocabularyMatchesTheReference() throws IOException {
    Path demo = Path.of("src/demo/src/main/resources/org/conceptclip/demo");
    List<String> words = Files.readAllLines(demo.resolve("vocab.txt"));
    Map<String, Integer> ids = new HashMap<>();
    words.forEach(word -> ids.put(word, ids.size()));
    BertReference reference = new BertReference(ids);
    List<String> texts = new ArrayList<>(List.of(BAIT));
    texts.add("A chest X-ray with a nodule in the left lung, and a brain MRI.");
    texts.addAll(words.stream().filter(word -> !word.startsWith("[")).toList());
    try (TextTokenizer small = TextTokenizer.open(demo, CONTEXT)) {
      for (String text : texts) {
        assertSame(reference.encode(text, CONTEXT), small.encode(text), text);
      }
    }
  }

  @Test
  void knownIdsOfBertBaseUncased() {
    assertArrayEquals(new int[] {101, 1037, 3108, 1060, 1011, 4097, 102}, tokenizer.encode("A chest X-ray").ids());
  }

  @Test
  void emptyTextIsItsTwoSpecialTokens() {
    for (String text : List.of("", " ", "\n\t", "\u0007")) {
      TokenizedText empty = tokenizer.encode(text);
      assertArrayEquals(new int[] {101, 102}, empty.ids());
      assertArrayEquals(new int[] {0, 0}, empty.charEnd());
      assertFalse(empty.truncated());
    }
    assertEquals(List.of(), tokenizer.encode(List.of()));
  }

  @Test
  void loneSurrogatesAreDroppedAndHarmNothingElse() {
    String clean = "lung 🫁 scan";
    int[] expected = tokenizer.encode(clean).ids();
    for (String text : List.of("\ud83elung 🫁 scan", "lung \udec1🫁 scan", "lung 🫁 scan\ud83e", "lu\udec1ng 🫁 \ud83escan")) {
      TokenizedText encoded = tokenizer.encode(text);
      assertArrayEquals(expected, encoded.ids(), escaped(text));
      int scan = text.indexOf("scan");
      assertEquals(scan, encoded.charBegin()[expected.length - 2], escaped(text));
    }
  }

  @Test
  void longTextIsCutAndSaysSo() {
    String text = "opacity in the left lower lobe ".repeat(100_000 / 31 + 1).substring(0, 100_000);
    TokenizedText encoded = tokenizer.encode(text);
    assertEquals(CONTEXT, encoded.length());
    assertEquals(102, encoded.ids()[CONTEXT - 1]);
    assertTrue(encoded.truncated());
    assertSame(REFERENCE.encode(text, CONTEXT), encoded, "long text");
    assertTrue(tokenizer.encode("x".repeat(100_000)).length() == 3);
    assertFalse(tokenizer.encode("lung ".repeat(CONTEXT - 2)).truncated(), "fits exactly");
    assertTrue(tokenizer.encode("lung ".repeat(CONTEXT - 1)).truncated(), "one too many");
  }

  @ParameterizedTest
  @ValueSource(ints = {3, 8, 77, 512})
  void maxTokensCountsTheSpecialOnes(int maxTokens) throws IOException {
    Files.writeString(folder.resolve("tokenizer.json"), TestVocabulary.JSON);
    try (TextTokenizer other = TextTokenizer.open(folder, maxTokens)) {
      assertEquals(maxTokens, other.encode("lung ".repeat(600)).length());
    }
  }

  @Test
  void spansFindAConceptAmongLettersThatTakeSeveralChars() {
    String text = "🫁 Naïve pneumothörax, 肺 of e\u0301lite";
    TokenizedText encoded = tokenizer.encode(text);
    int begin = text.indexOf("pneumothörax");
    int[] tokens = encoded.tokensOfSpan(begin, begin + "pneumothörax".length());
    StringBuilder covered = new StringBuilder();
    for (int token : tokens) {
      covered.append(text, encoded.charBegin()[token], encoded.charEnd()[token]);
    }
    assertEquals("pneumothörax", covered.toString());
    assertTrue(tokens.length > 1, "a rare word has several pieces");
    int lung = text.indexOf("肺");
    assertEquals(1, encoded.tokensOfSpan(lung, lung + 1).length);
    assertArrayEquals(new int[0], encoded.tokensOfSpan(lung + 1, lung + 2), "whitespace");
    assertArrayEquals(new int[0], encoded.tokensOfSpan(text.length(), text.length() + 5), "past the end");
    assertEquals(encoded.length() - 2, encoded.tokensOfSpan(0, text.length()).length, "all but the special ones");
  }

  @Test
  void partOfAWordPieceSelectsIt() {
    TokenizedText encoded = tokenizer.encode("chest scan");
    assertArrayEquals(new int[] {1}, encoded.tokensOfSpan(4, 6));
    assertArrayEquals(new int[] {1, 2}, encoded.tokensOfSpan(4, 7));
    assertThrows(IllegalArgumentException.class, () -> encoded.tokensOfSpan(3, 3));
    assertThrows(IllegalArgumentException.class, () -> encoded.tokensOfSpan(-1, 3));
  }

  @Test
  void threadsShareATokenizer() throws Exception {
    String[] texts = Arrays.stream(BAIT).map(bait -> bait + " seen on " + bait).toArray(String[]::new);
    Callable<Boolean> work = () -> {
      for (int round = 0; round < 20; round++) {
        for (String text : texts) {
          assertSame(REFERENCE.encode(text, CONTEXT), tokenizer.encode(text), text);
        }
      }
      return true;
    };
    try (ExecutorService pool = Executors.newFixedThreadPool(4)) {
      List<Future<Boolean>> all = pool.invokeAll(List.of(work, work, work, work));
      for (Future<Boolean> one : all) {
        assertTrue(one.get());
      }
    }
  }

  @Test
  void closedTokenizerRefuses() throws IOException {
    Files.writeString(folder.resolve("tokenizer.json"), TestVocabulary.JSON);
    TextTokenizer other = TextTokenizer.open(folder, CONTEXT);
    other.close();
    other.close();
    assertThrows(IllegalStateException.class, () -> other.encode("x"));
    assertThrows(IllegalStateException.class, () -> other.encode(List.of("x", "y")));
  }

  @Test
  void missingFilesAreNamed() throws IOException {
    assertMessage(folder.resolve("nowhere"), "no such folder", "tokenizer.json", "vocab.txt", "tokenizer_config.json");
    assertMessage(folder, folder.toString(), "none of its files", "expected tokenizer.json");
    Files.write(folder.resolve("vocab.txt"), TestVocabulary.lines());
    assertMessage(folder, "vocab.txt alone");
    assertMessage(folder.resolve("vocab.txt"), "not a folder");
    Files.writeString(folder.resolve("tokenizer_config.json"), "{");
    assertMessage(folder, "tokenizer_config.json", "not JSON");
    Files.writeString(folder.resolve("tokenizer_config.json"), "[]");
    assertMessage(folder, "expected a JSON object");
    Files.writeString(folder.resolve("tokenizer_config.json"), "{\"do_lower_case\": \"yes\"}");
    assertMessage(folder, "do_lower_case", "\"yes\"", "true or false");
    Files.writeString(folder.resolve("tokenizer_config.json"), "{\"sep_token\": {\"content\": \"</s>\"}}");
    assertMessage(folder, "vocab.txt", "</s>", "sep_token");
    Files.write(folder.resolve("vocab.txt"), new byte[] {(byte) 0xff, 10});
    assertMessage(folder, "vocab.txt", "not UTF-8");
    Files.write(folder.resolve("vocab.txt"), new byte[0]);
    assertMessage(folder, "lacks the special token", "0 lines");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "{", "null", "[]", "{}", "\"text\"", "{\"model\": {\"type\": \"WordPiece\", \"vocab\": 3}}", "\u0000\u0001"})
  void brokenJsonIsBadInput(String content) throws IOException {
    Files.writeString(folder.resolve("tokenizer.json"), content);
    assertMessage(folder, folder.resolve("tokenizer.json").toString(), "not a tokenizer");
  }

  @Test
  void truncatedAndBinaryJsonAreBadInput() throws IOException {
    Path file = folder.resolve("tokenizer.json");
    Files.writeString(file, TestVocabulary.JSON.substring(0, TestVocabulary.JSON.length() / 2));
    assertMessage(folder, "not a tokenizer");
    Files.write(file, new byte[] {(byte) 0xc3, 0x28});
    assertMessage(folder, "not UTF-8");
    Files.delete(file);
    Files.createDirectory(file);
    assertMessage(folder, "tokenizer.json", "cannot be read");
  }

  @Test
  void tooFewTokensAreBadInput() throws IOException {
    Files.writeString(folder.resolve("tokenizer.json"), TestVocabulary.JSON);
    BadInputException e = assertThrows(BadInputException.class, () -> TextTokenizer.open(folder, 2));
    assertTrue(e.getMessage().contains("at most 2 tokens"), e.getMessage());
  }

  private static void assertMessage(Path folder, String... parts) {
    BadInputException e = assertThrows(BadInputException.class, () -> TextTokenizer.open(folder, CONTEXT).close());
    assertFalse(e.getMessage().contains("\n"), e.getMessage());
    for (String part : parts) {
      assertTrue(e.getMessage().contains(part), "'" + part + "' in: " + e.getMessage());
    }
  }
}
