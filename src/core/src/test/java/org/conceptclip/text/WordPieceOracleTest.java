package org.conceptclip.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.conceptclip.text.TokenizerJsons.Settings;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Ids, offsets and truncation are those of Hugging Face's own code: for every code point, for captions, and for texts drawn from all of
 * Unicode.
 */
@Timeout(300)
class WordPieceOracleTest {
  private static final int CONTEXT = 77;

  /** Texts of each setting; {@code -Dtokenizer.fuzz=10000} tries 240,000 in all. */
  private static final int TEXTS = Integer.getInteger("tokenizer.fuzz", 250);

  private static final String[] SPELLINGS = {
    "[SEP]", "[CLS]", "[MASK]", "[UNK]", "[PAD]", "[sep]", "[SEP", "SEP]", "[", "]", "##a", "#", "[SEP][SEP]", "a[SEP]b"
  };

  private static final String[] WORDS = {
    "pneumothorax", "Chest", "x-ray", "the", "of", "immunohistochemistry", "3.2", "T2", "CT", "\u00e9l\u00e8ve", "a".repeat(99),
    "b".repeat(101)
  };

  /** Marks that are no accents to the tokenizer, so that their order shows. */
  private static final int[] KEPT_MARKS = {
    0x302e, 0x8d4, 0xa9c0, 0x1b44, 0x11446, 0x1d165, 0x1d16d, 0x1e000, 0x1e94a, 0x1dfb, 0x1d15e, 0x1d160
  };

  private static final int[] WHITESPACE = {
    9, 10, 11, 12, 13, 32, 0x85, 0xa0, 0x1680, 0x2000, 0x200a, 0x200b, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000, 0xfeff
  };

  static void assertSame(TokenizedText expected, TokenizedText actual, String text, Object what) {
    assertArrayEquals(expected.ids(), actual.ids(), () -> "ids of " + escaped(text) + " " + what);
    assertArrayEquals(expected.charBegin(), actual.charBegin(), () -> "begins of " + escaped(text) + " " + what);
    assertArrayEquals(expected.charEnd(), actual.charEnd(), () -> "ends of " + escaped(text) + " " + what);
    assertEquals(expected.truncated(), actual.truncated(), () -> "truncation of " + escaped(text) + " " + what);
  }

  static String escaped(String text) {
    StringBuilder out = new StringBuilder();
    text.chars().forEach(c -> out.append(c > 31 && c < 127 ? String.valueOf((char) c) : String.format("\\u%04x", c)));
    return out.toString();
  }

  /** With a vocabulary of single characters, first and inside a word, so that the ids tell what became of each. */
  private static List<String> singles(int from, int to) {
    List<String> pieces = new ArrayList<>();
    for (int c = from; c < to; c++) {
      if (c < Character.MIN_SURROGATE || c > Character.MAX_SURROGATE) {
        pieces.add(Character.toString(c));
        pieces.add("##" + Character.toString(c));
      }
    }
    return pieces;
  }

  @Test
  void everyCodePointCountsForWhatItIs() {
    List<String> pieces = singles(0, 0x30000);
    List<Settings> some = List.of(Settings.UNCASED, new Settings(false, false, "true", false), new Settings(false, true, "false", true));
    for (Settings settings : some) {
      String json = TokenizerJsons.of(settings, pieces);
      try (HuggingFaceOracle oracle = new HuggingFaceOracle(json, CONTEXT); TextTokenizer ours = TokenizerJsons.tokenizer(json, CONTEXT)) {
        StringBuilder text = new StringBuilder();
        // Twelve in one text, each between letters: the far planes hold little that differs.
        for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
          text.append('x').appendCodePoint(c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE ? 'x' : c);
          if (c % 12 == 11 || c == Character.MAX_CODE_POINT) {
            assertSame(oracle.encode(text.toString()), ours.encode(text.toString()), text.toString(), settings);
            text.setLength(0);
          }
        }
      }
    }
  }

  @Test
  void marksComeInTheOrderOfTheLibrary() {
    Random random = new Random(20261127);
    int[] marks = IntStream.range(0x300, 0x20000).filter(c -> (BertCharacters.of(c) & BertCharacters.ORDERED) != 0).toArray();
    String json = TokenizerJsons.of(Settings.UNCASED, singles(0x60, 0x20000));
    try (HuggingFaceOracle oracle = new HuggingFaceOracle(json, CONTEXT); TextTokenizer ours = TokenizerJsons.tokenizer(json, CONTEXT)) {
      for (int round = 0; round < 4000; round++) {
        StringBuilder text = new StringBuilder();
        for (int length = random.nextInt(14); length >= 0; length--) {
          text.appendCodePoint(switch (random.nextInt(8)) {
            case 0, 1, 2 -> marks[random.nextInt(marks.length)];
            case 3, 4 -> KEPT_MARKS[random.nextInt(KEPT_MARKS.length)];
            case 5 -> 'a' + random.nextInt(26);
            case 6 -> 0xc0 + random.nextInt(0x1c0);
            default -> new int[] {0x344, 0xf73, 0xf75, 0xf81, 7, 0x8c48, 0xf900, 0xac01, 32, '.'}[random.nextInt(10)];
          });
        }
        assertSame(oracle.encode(text.toString()), ours.encode(text.toString()), text.toString(), "marks");
      }
    }
  }

  @Test
  void everySettingAgreesOnTextsFromAllOfUnicode() {
    Random random = new Random(20261128);
    for (Settings settings : Settings.all()) {
      List<String> pieces = new ArrayList<>(singles(0, 0x3100));
      pieces.addAll(TestVocabulary.IDS.keySet());
      String json = TokenizerJsons.of(settings, pieces);
      int context = 8 + random.nextInt(100);
      try (HuggingFaceOracle oracle = new HuggingFaceOracle(json, context); TextTokenizer ours = TokenizerJsons.tokenizer(json, context)) {
        for (int i = 0; i < TEXTS; i++) {
          String text = text(random);
          assertSame(oracle.encode(text), ours.encode(text), text, settings);
        }
      }
    }
  }

  private static String text(Random random) {
    StringBuilder text = new StringBuilder();
    for (int parts = random.nextInt(40); parts >= 0; parts--) {
      switch (random.nextInt(16)) {
        case 0, 1, 2 -> text.append(WORDS[random.nextInt(WORDS.length)]);
        case 3 -> text.append(SPELLINGS[random.nextInt(SPELLINGS.length)]);
        case 4, 5 -> text.append(' ');
        case 6 -> text.appendCodePoint(WHITESPACE[random.nextInt(WHITESPACE.length)]);
        case 7 -> text.appendCodePoint(0x300 + random.nextInt(0x70));
        case 8 -> text.appendCodePoint(KEPT_MARKS[random.nextInt(KEPT_MARKS.length)]);
        case 9 -> text.appendCodePoint(0x3400 + random.nextInt(0x7000));
        case 10 -> text.appendCodePoint(0xac00 + random.nextInt(0x2c00));
        case 11 -> text.append((char) (Character.MIN_SURROGATE + random.nextInt(0x800)));
        case 12 -> text.appendCodePoint(random.nextInt(0x3000));
        case 13 -> text.appendCodePoint(random.nextInt(0x10000));
        case 14 -> text.appendCodePoint(0x10000 + random.nextInt(0x20000));
        default -> text.appendCodePoint(random.nextInt(Character.MAX_CODE_POINT + 1));
      }
    }
    return text.toString();
  }

  @Test
  void captionsAgree() {
    try (HuggingFaceOracle oracle = new HuggingFaceOracle(TestVocabulary.JSON, CONTEXT);
        TextTokenizer ours = TokenizerJsons.tokenizer(TestVocabulary.JSON, CONTEXT)) {
      for (String caption : Captions.ALL) {
        assertSame(oracle.encode(caption), ours.encode(caption), caption, "caption");
      }
      assertTrue(Captions.ALL.size() >= 70);
    }
  }
}
