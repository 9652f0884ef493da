package org.conceptclip.text;

import java.util.Arrays;
import org.conceptclip.tensor.BadInputException;

/**
 * Encodes one text. Reads it once, from its beginning, a character at a time, and keeps one word: it stops where the tokens that the model
 * takes are complete and one more has begun. So neither its memory nor, for a text of words, its time depends on the length of the text.
 *
 * <p>That cannot change the tokens. BERT's normalizer looks at one character at a time, except that combining marks behind a letter change
 * places with each other; the splitter looks at one character; word pieces depend on their word alone; and special tokens are found from
 * left to right. So each token depends on what stands before the end of its word, and on nothing behind it. A fixed number of characters
 * would not do: blanks, controls and accents, of which nothing is left, may stand between any two tokens in any number.
 */
final class WordPieceEncoder {
  /** Characters that are read, at most. Only a text without words is read so far; that takes some tens of milliseconds. */
  static final int LONGEST_SCAN = 1 << 23;

  private final WordPieceModel model;
  private final WordPieceModel.Normalizer normalizer;
  private final String text;
  private final int room;
  private final long prefixHash;

  private int[] ids = new int[16]; // grows to the number of tokens that are kept and those of one word
  private int[] begins = new int[16];
  private int[] ends = new int[16];
  private int count;
  private boolean truncated;

  // The word being read, normalised: its characters (UTF-16), and for each the place in the text that it came from.
  private final char[] word;
  private final int[] from;
  private final int[] to;
  private int wordLength;
  private int wordCodePoints;
  private int wordBegin;
  private int wordEnd;

  private final char[] ahead; // what may be a special token

  // The letter and the marks behind it, of which some wait until it is known in which order they come.
  private int runBegin;
  private boolean runWaits;
  private MarkRun markRun; // null until a run waits: few texts have such marks

  WordPieceEncoder(WordPieceModel model, String text, int maxTokens) {
    this.model = model;
    this.normalizer = model.normalizer();
    this.text = text;
    this.room = maxTokens - model.first().length - model.last().length;
    this.prefixHash = TokenTable.hash(model.prefix());
    this.word = new char[2 * model.longestWord()];
    this.from = new int[word.length];
    this.to = new int[word.length];
    this.ahead = new char[model.specials().longest()];
  }

  TokenizedText encode() {
    int at = 0;
    while (at < text.length() && !truncated) {
      if (at >= LONGEST_SCAN) {
        throw new BadInputException("text of " + text.length() + " characters: its first " + LONGEST_SCAN + " hold only " + count
            + " tokens; expected a text that is not mostly blanks, control characters, accents or one word");
      }
      at = model.specials().mayBeginWith(text.charAt(at)) ? special(at) : next(at);
    }
    if (!truncated) {
      endSegment(at);
    }
    return result();
  }

  private TokenizedText result() {
    int kept = Math.min(count, room);
    int[] first = model.first();
    int[] last = model.last();
    int length = first.length + kept + last.length;
    int[] all = Arrays.copyOf(first, length);
    int[] allBegins = new int[length];
    int[] allEnds = new int[length];
    System.arraycopy(ids, 0, all, first.length, kept);
    System.arraycopy(begins, 0, allBegins, first.length, kept);
    System.arraycopy(ends, 0, allEnds, first.length, kept);
    System.arraycopy(last, 0, all, first.length + kept, last.length);
    return new TokenizedText(all, allBegins, allEnds, truncated);
  }

  /** Takes the special token at {@code at}, or else the character; returns where the next one begins. */
  private int special(int at) {
    long match = model.specials().longestMatch(text, at, ahead);
    if (match < 0) {
      return next(at);
    }
    endSegment(at);
    int end = at + (int) (match >>> 32);
    if (!truncated) {
      addToken((int) match, at, end);
      truncated = count > room;
    }
    runBegin = end;
    return end;
  }

  /** What stands on the two sides of a special token is normalised apart. */
  private void endSegment(int at) {
    endRun(at);
    endWord();
  }

  /** Takes one code point; returns where the next one begins. */
  private int next(int at) {
    int c = text.codePointAt(at);
    int end = at + Character.charCount(c);
    if (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE) {
      c = BertCharacters.REPLACEMENT;
    }
    int properties = BertCharacters.of(c);
    if (normalizer.clean()) {
      if ((properties & BertCharacters.CONTROL) != 0) {
        return end;
      }
      c = (properties & BertCharacters.WHITESPACE) != 0 ? ' ' : c;
    }
    if (c < 0x80) {
      beginRun(at);
      put(normalizer.lowercase() ? BertCharacters.lower(c) : c, at, end);
    } else if (normalizer.spaceIdeographs() && BertCharacters.isIdeograph(c)) {
      beginRun(at);
      endWord();
      decompose(c, at, end);
      endWord();
    } else {
      decompose(c, at, end);
    }
    return end;
  }

  /** Strips accents if they are to be stripped, and passes on what is left. */
  private void decompose(int c, int at, int end) {
    if (!normalizer.stripAccents()) {
      lower(c, at, end);
    } else if (BertCharacters.isSyllable(c)) {
      beginRun(at);
      put(BertCharacters.lead(c), at, end);
      put(BertCharacters.vowel(c), at, end);
      if (BertCharacters.trail(c) >= 0) {
        put(BertCharacters.trail(c), at, end);
      }
    } else {
      int[] parts = BertCharacters.decomposed(c);
      if (parts == null) {
        part(c, at, end, true);
      } else {
        for (int i = 0; i < parts.length; i++) {
          part(parts[i], at, end, i == 0);
        }
      }
    }
  }

  /** Takes a part of a character; the first one begins a run unless it is a mark that may change places with those before it. */
  private void part(int c, int at, int end, boolean first) {
    int properties = BertCharacters.of(c);
    if (first && (properties & BertCharacters.ORDERED) == 0) {
      beginRun(at);
    }
    if ((properties & BertCharacters.ACCENT) != 0) {
      return;
    }
    if ((properties & BertCharacters.ORDERED) != 0) {
      runWaits = true;
    } else {
      lower(c, at, end);
    }
  }

  private void beginRun(int at) {
    endRun(at);
    runBegin = at;
  }

  private void endRun(int at) {
    if (runWaits) {
      runWaits = false;
      markRun = markRun == null ? new MarkRun() : markRun;
      markRun.ordered(text, runBegin, at, normalizer, this::put);
    }
  }

  private void lower(int c, int at, int end) {
    if (!normalizer.lowercase()) {
      put(c, at, end);
    } else if (c == BertCharacters.I_WITH_DOT) {
      put('i', at, end);
      put(0x307, at, end);
    } else {
      put(BertCharacters.lower(c), at, end);
    }
  }

  /** Takes a normalised character. */
  private void put(int c, int at, int end) {
    int properties = BertCharacters.of(c);
    if ((properties & BertCharacters.WHITESPACE) != 0) {
      endWord();
    } else if ((properties & BertCharacters.PUNCTUATION) != 0) {
      endWord();
      append(c, at, end);
      endWord();
    } else {
      append(c, at, end);
    }
  }

  private void append(int c, int at, int end) {
    if (count >= room) {
      truncated = true;
    }
    if (wordCodePoints == 0) {
      wordBegin = at;
    }
    wordEnd = end;
    if (wordCodePoints++ < model.longestWord()) {
      int length = Character.toChars(c, word, wordLength);
      for (int i = 0; i < length; i++) {
        from[wordLength] = at;
        to[wordLength++] = end;
      }
    }
  }

  /** Cuts the word into the longest pieces of the vocabulary, from its beginning on. */
  private void endWord() {
    if (wordCodePoints == 0) {
      return;
    }
    int before = count;
    int at = wordCodePoints > model.longestWord() ? -1 : 0;
    while (at >= 0 && at < wordLength) {
      long match = at == 0
          ? model.tokens().longestMatch(word, at, wordLength, 0, 0)
          : model.tokens().longestMatch(word, at, wordLength, prefixHash, model.prefix().length());
      if (match >= 0) {
        int end = (int) (match >>> 32);
        addToken((int) match, from[at], to[end - 1]);
        at = end;
      } else {
        at = -1;
      }
    }
    if (at < 0) {
      count = before;
      addToken(model.unknown(), wordBegin, wordEnd);
    }
    wordLength = 0;
    wordCodePoints = 0;
    truncated |= count > room;
  }

  private void addToken(int id, int begin, int end) {
    if (count == ids.length) {
      ids = Arrays.copyOf(ids, 2 * count);
      begins = Arrays.copyOf(begins, 2 * count);
      ends = Arrays.copyOf(ends, 2 * count);
    }
    ids[count] = id;
    begins[count] = begin;
    ends[count++] = end;
  }
}
