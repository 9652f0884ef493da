package org.conceptclip.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.conceptclip.tensor.BadInputException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a text costs depends on its tokens and not on its length. Bytes are counted, not time: a busy machine cannot make them more. */
@Timeout(60)
class LongTextTest {
  private static final int CONTEXT = 77;
  private static final int CHARS = 4_000_000;

  /** Three arrays of tokens, those of a word, and the result. */
  private static final long BYTES_OF_A_TEXT = 16_000;

  private static TextTokenizer tokenizer;

  @BeforeAll
  static void open() {
    tokenizer = TokenizerJsons.tokenizer(TestVocabulary.JSON, CONTEXT);
    for (int i = 0; i < 200; i++) { // classes, tables and the compiler's own allocations
      tokenizer.encode("\u00e9l\u00e8ve of 3.2 cm, \ud55c\uae00 \u8089 \u302e [SEP] " + i);
    }
  }

  @AfterAll
  static void close() {
    tokenizer.close();
  }

  private static long bytes(Runnable work) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    work.run();
    long before = threads.getCurrentThreadAllocatedBytes();
    work.run();
    return threads.getCurrentThreadAllocatedBytes() - before;
  }

  private static String repeat(String part) {
    return part.repeat(CHARS / part.length());
  }

  @Test
  void memoryIsThatOfTheTokens() {
    List<String> texts = List.of(repeat("opacity in the left lower lobe "), repeat("x"), repeat("\u00e9"), repeat("\ud55c"), repeat(" "),
        repeat("\u0007"), "e" + repeat("\u0301"), repeat("\ud83e"), repeat("[SEP]"), repeat("\u8089"), repeat("."), "lung" + repeat(" \n"));
    for (String text : texts) {
      long bytes = bytes(() -> tokenizer.encode(text));
      assertTrue(bytes < BYTES_OF_A_TEXT, bytes + " bytes for " + WordPieceOracleTest.escaped(text.substring(0, 8)));
    }
  }

  @Test
  void marksWithoutEndAreBoundedToo() {
    for (String text : List.of("a" + repeat("\u302e\u0301"), repeat("a" + "\u302e\u0301".repeat(500)))) {
      long bytes = bytes(() -> tokenizer.encode(text));
      assertTrue(bytes < 200_000, bytes + " bytes");
      assertEquals(3, tokenizer.encode(text).length());
    }
  }

  /** A special token may begin at each character, and none does. */
  @Test
  void specialTokensThatAlmostOccurCostNothing() {
    String json = TokenizerJsons.of(TokenizerJsons.Settings.UNCASED, List.of("x"))
        .replace("\"id\": 4, \"content\": \"[MASK]\"", "\"id\": 6, \"content\": \"" + "x".repeat(63) + "y\"");
    String text = repeat("x");
    try (TextTokenizer special = TokenizerJsons.tokenizer(json, CONTEXT)) {
      long bytes = bytes(() -> special.encode(text));
      assertTrue(bytes < BYTES_OF_A_TEXT, bytes + " bytes");
      assertArrayEquals(new int[] {2, 1, 6, 3}, special.encode(text + " " + "x".repeat(63) + "y").ids());
    }
  }

  @Test
  void aBatchOfLongTextsCostsWhatItsTokensCost() {
    String text = repeat("opacity in the left lower lobe ");
    List<String> batch = Collections.nCopies(256, text);
    long bytes = bytes(() -> tokenizer.encode(batch));
    assertTrue(bytes < 256 * BYTES_OF_A_TEXT, bytes + " bytes");
  }

  /** The longest words, and what leaves nothing, at every place of the end. */
  @Test
  void whatFollowsTheLastTokenChangesNothing() {
    Random random = new Random(4);
    List<String> parts = List.of("lung ", "[SEP]", "x".repeat(100), "y".repeat(150), "immunohistochemistry", ".", " \u0301", "e\u0301",
        "\u0000", "  ", "\u8089", "\u302e");
    for (int round = 0; round < 2000; round++) {
      StringBuilder text = new StringBuilder();
      for (int i = random.nextInt(60); i > 0; i--) {
        text.append(parts.get(random.nextInt(parts.size())));
      }
      String shorter = text.append(' ').toString();
      TokenizedText expected = tokenizer.encode(shorter);
      TokenizedText longer = tokenizer.encode(shorter + "and more");
      int kept = expected.length() - 1; // the last one is [SEP]
      assertArrayEquals(Arrays.copyOf(expected.ids(), kept), Arrays.copyOf(longer.ids(), kept), shorter);
      assertEquals(expected.truncated() || expected.length() + 2 > CONTEXT, longer.truncated(), shorter);
    }
  }

  @Test
  void endsOfWordsAreFoundHoweverFarTheyAre() {
    TokenizedText text = tokenizer.encode(" " + repeat("x") + " lung");
    assertEquals(4, text.length());
    assertEquals(1, text.charBegin()[1]);
    assertEquals(1 + CHARS, text.charEnd()[1]);
    assertEquals(CHARS + 2, text.charBegin()[2]);
  }

  @Test
  void aTextWhoseTokensAreNotFoundInEightMillionCharactersIsRefused() {
    String blanks = " ".repeat(WordPieceEncoder.LONGEST_SCAN);
    assertEquals(2, tokenizer.encode(blanks).length());
    BadInputException e = assertThrows(BadInputException.class, () -> tokenizer.encode("lung" + blanks));
    assertTrue(e.getMessage().startsWith("text of 8388612 characters: its first 8388608 hold only 1 tokens; expected "), e.getMessage());
    List<String> words = new ArrayList<>(Collections.nCopies(CONTEXT, "lung"));
    assertTrue(tokenizer.encode(String.join(" ", words) + blanks).truncated(), "decided long before");
  }
}
