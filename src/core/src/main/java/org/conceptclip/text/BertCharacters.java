package org.conceptclip.text;

import java.text.Normalizer;
import java.util.Arrays;
import java.util.BitSet;
import java.util.concurrent.atomic.AtomicReferenceArray;

/** The character classes, decompositions and lowercase letters of Hugging Face's BERT tokenizer. See {@link BertTables}. */
final class BertCharacters {
  static final int CONTROL = 1;
  static final int WHITESPACE = 2;
  static final int PUNCTUATION = 4;

  /** Dropped where accents are stripped. */
  static final int ACCENT = 8;

  /** Changes places with its neighbours when a text is decomposed, see {@link #order}. */
  static final int ORDERED = 16;

  /** What stands for half of a surrogate pair. */
  static final int REPLACEMENT = 0xfffd;

  static final int I_WITH_DOT = 0x130;

  /** The planes with letters; of those above, a few ranges have properties. */
  private static final int PLANES = 0x20000;

  /** No code point from here on has a decomposition. */
  private static final int DECOMPOSED_BELOW = 0x30000;

  private static final int PAGE = 256;
  private static final int[][] NONE_OF_PAGE = new int[PAGE][];

  private static final int FIRST_SYLLABLE = 0xac00;
  private static final int SYLLABLES = 11172;
  private static final int VOWELS = 21;
  private static final int TRAILS = 28;

  private static final byte[] PROPERTIES = new byte[PLANES];

  /** First, last, properties; of the planes above. */
  private static final int[][] HIGH = new int[16][];

  private static int high;

  /** Decompositions of {@value #PAGE} code points each, null for one that stands for itself; filled when a page is first needed. */
  private static final AtomicReferenceArray<int[][]> PAGES = new AtomicReferenceArray<>(DECOMPOSED_BELOW / PAGE);

  static {
    set(BertTables.CONTROL, CONTROL);
    set(BertTables.WHITESPACE, WHITESPACE);
    set(BertTables.PUNCTUATION, PUNCTUATION);
    set(BertTables.ACCENTS, ACCENT);
    set(BertTables.ORDERED_MARKS, ORDERED);
  }

  private BertCharacters() {}

  private static void set(String ranges, int property) {
    forRanges(ranges, (first, last) -> {
      if (first >= PLANES) {
        HIGH[high++] = new int[] {first, last, property};
        return;
      }
      for (int c = first; c <= last; c++) {
        PROPERTIES[c] |= (byte) property;
      }
    });
  }

  private interface Range {
    void accept(int first, int last);
  }

  private static void forRanges(String ranges, Range range) {
    int first = -1;
    int number = 0;
    for (int i = 0; i <= ranges.length(); i++) {
      char c = i < ranges.length() ? ranges.charAt(i) : ' ';
      int digit = Character.digit(c, 16);
      if (digit >= 0) {
        number = number << 4 | digit;
      } else if (c == '-') {
        first = number;
        number = 0;
      } else if (c == ' ') {
        range.accept(first < 0 ? number : first, number);
        first = -1;
        number = 0;
      } else { // the bar between groups stands alone: its blank is the end of no range
        i++;
      }
    }
  }

  /** The properties of a code point, as a sum of the constants. */
  static int of(int c) {
    return c < PLANES ? PROPERTIES[c] : ofHigh(c);
  }

  private static int ofHigh(int c) {
    int properties = 0;
    for (int i = 0; i < high; i++) {
      if (c >= HIGH[i][0] && c <= HIGH[i][1]) {
        properties |= HIGH[i][2];
      }
    }
    return properties;
  }

  /** Whether a code point is in one of the eight blocks that the tokenizer puts blanks around. */
  static boolean isIdeograph(int c) {
    return c >= 0x3400 && (c <= 0x4dbf || c >= 0x4e00 && c <= 0x9fff || c >= 0xf900 && c <= 0xfaff
        || c >= 0x20000 && (c <= 0x2a6df || c >= 0x2a700 && c <= 0x2b81f || c >= 0x2b920 && c <= 0x2ceaf || c >= 0x2f800 && c <= 0x2fa1f));
  }

  /**
   * The lowercase letter, whatever stands around it. {@link #I_WITH_DOT} is the only letter that becomes two: {@code i} and U+0307. The
   * letters of Unicode 17 are named because older Javas do not know them.
   */
  static int lower(int c) {
    if (c < 0x80) {
      return c >= 'A' && c <= 'Z' ? c + 32 : c;
    }
    if (c >= 0x16ea0 && c <= 0x16eb8) {
      return c + 27;
    }
    return c == 0xa7ce || c == 0xa7d2 || c == 0xa7d4 ? c + 1 : Character.toLowerCase(c);
  }

  /** The canonical decomposition of a code point; null if it stands for itself. Callers must not change it. */
  static int[] decomposed(int c) {
    if (c < 0xc0 || c >= DECOMPOSED_BELOW) {
      return null;
    }
    if (isSyllable(c)) {
      return trail(c) < 0 ? new int[] {lead(c), vowel(c)} : new int[] {lead(c), vowel(c), trail(c)};
    }
    int[][] page = PAGES.get(c / PAGE);
    if (page == null) {
      page = page(c / PAGE * PAGE);
      PAGES.set(c / PAGE, page);
    }
    return page[c % PAGE];
  }

  /** Whether a code point is a syllable of Hangul: {@link #lead}, {@link #vowel} and {@link #trail} are its decomposition. */
  static boolean isSyllable(int c) {
    return c >= FIRST_SYLLABLE && c < FIRST_SYLLABLE + SYLLABLES;
  }

  static int lead(int syllable) {
    return 0x1100 + (syllable - FIRST_SYLLABLE) / (VOWELS * TRAILS);
  }

  static int vowel(int syllable) {
    return 0x1161 + (syllable - FIRST_SYLLABLE) / TRAILS % VOWELS;
  }

  /** The last consonant of a syllable, or -1 if there is none. */
  static int trail(int syllable) {
    int trail = (syllable - FIRST_SYLLABLE) % TRAILS;
    return trail == 0 ? -1 : 0x11a7 + trail;
  }

  private static int[][] page(int first) {
    int[][] page = NONE_OF_PAGE;
    for (int i = 0; i < PAGE; i++) {
      String itself = Character.toString(first + i);
      String decomposed = Normalizer.normalize(itself, Normalizer.Form.NFD);
      if (!decomposed.equals(itself) && !Whole.SET.get(first + i)) {
        page = page == NONE_OF_PAGE ? new int[PAGE][] : page;
        page[i] = decomposed.codePoints().toArray();
      }
    }
    return page;
  }

  /** The place of a mark in the canonical order: marks with a smaller number come first. 0 for what keeps its place. */
  static int order(int c) {
    return c < PLANES ? Order.OF[c] : 0;
  }

  /** Read when a text first needs it, which few do. */
  private static final class Order {
    static final byte[] OF = new byte[PLANES];

    static {
      String[] groups = BertTables.ORDERED_MARKS.split(" \\| ");
      for (int i = 0; i < groups.length; i++) {
        byte place = (byte) (i + 1);
        forRanges(groups[i], (first, last) -> Arrays.fill(OF, first, last + 1, place));
      }
    }
  }

  private static final class Whole {
    static final BitSet SET = new BitSet();

    static {
      forRanges(BertTables.WHOLE, (first, last) -> SET.set(first, last + 1));
    }
  }
}
