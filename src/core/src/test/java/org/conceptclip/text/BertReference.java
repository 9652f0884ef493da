package org.conceptclip.text;

import java.text.Normalizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * BERT's tokenisation written from its description, plainly: clean, space out CJK, decompose, drop marks, lowercase, split at
 * whitespace and punctuation, then longest-match-first word pieces. Shares nothing with the tokenizer under test.
 */
final class BertReference {
  private final Map<String, Integer> vocabulary;

  BertReference(Map<String, Integer> vocabulary) {
    this.vocabulary = vocabulary;
  }

  /** A code point after normalisation, and the chars of the text that it came from. */
  private record Origin(int codePoint, int begin, int end) {}

  /** A token and its span. */
  private record Piece(int id, int begin, int end) {}

  TokenizedText encode(String text, int maxTokens) {
    List<Piece> pieces = new ArrayList<>();
    List<Origin> word = new ArrayList<>();
    for (Origin c : normalise(text)) {
      if (isWhitespace(c.codePoint)) {
        flush(word, pieces);
      } else if (isPunctuation(c.codePoint)) {
        flush(word, pieces);
        word.add(c);
        flush(word, pieces);
      } else {
        word.add(c);
      }
    }
    flush(word, pieces);
    boolean truncated = pieces.size() > maxTokens - 2;
    List<Piece> kept = new ArrayList<>(pieces.subList(0, Math.min(pieces.size(), maxTokens - 2)));
    kept.addFirst(new Piece(vocabulary.get("[CLS]"), 0, 0));
    kept.addLast(new Piece(vocabulary.get("[SEP]"), 0, 0));
    return new TokenizedText(
        kept.stream().mapToInt(Piece::id).toArray(),
        kept.stream().mapToInt(Piece::begin).toArray(),
        kept.stream().mapToInt(Piece::end).toArray(),
        truncated);
  }

  private static List<Origin> normalise(String text) {
    List<Origin> result = new ArrayList<>();
    int end;
    for (int begin = 0; begin < text.length(); begin = end) {
      int c = text.codePointAt(begin);
      end = begin + Character.charCount(c);
      if (c == 0 || c == 0xfffd || isControl(c)) {
        continue;
      }
      boolean alone = isCjkIdeograph(c);
      if (alone) {
        result.add(new Origin(' ', begin, begin));
      }
      for (int d : Normalizer.normalize(Character.toString(c), Normalizer.Form.NFD).codePoints().toArray()) {
        if (Character.getType(d) != Character.NON_SPACING_MARK) {
          result.add(new Origin(Character.toLowerCase(d), begin, end));
        }
      }
      if (alone) {
        result.add(new Origin(' ', end, end));
      }
    }
    return result;
  }

  private void flush(List<Origin> word, List<Piece> pieces) {
    if (word.isEmpty()) {
      return;
    }
    List<Piece> found = new ArrayList<>();
    int from = 0;
    while (from < word.size() && word.size() <= 100) {
      int to = word.size();
      while (to > from && !vocabulary.containsKey(spelling(word, from, to))) {
        to--;
      }
      if (to == from) {
        break;
      }
      found.add(new Piece(vocabulary.get(spelling(word, from, to)), word.get(from).begin, word.get(to - 1).end));
      from = to;
    }
    if (from == word.size()) {
      pieces.addAll(found);
    } else {
      pieces.add(new Piece(vocabulary.get("[UNK]"), word.getFirst().begin, word.getLast().end));
    }
    word.clear();
  }

  private static String spelling(List<Origin> word, int from, int to) {
    StringBuilder spelling = new StringBuilder(from == 0 ? "" : "##");
    word.subList(from, to).forEach(c -> spelling.appendCodePoint(c.codePoint));
    return spelling.toString();
  }

  private static boolean isControl(int c) {
    if (c == '\t' || c == '\n' || c == '\r') {
      return false;
    }
    return switch (Character.getType(c)) {
      case Character.CONTROL, Character.FORMAT, Character.UNASSIGNED, Character.PRIVATE_USE, Character.SURROGATE -> true;
      default -> false;
    };
  }

  private static boolean isWhitespace(int c) {
    return c == '\t' || c == '\n' || c == '\r' || Character.isSpaceChar(c);
  }

  private static boolean isPunctuation(int c) {
    if (c >= 33 && c <= 47 || c >= 58 && c <= 64 || c >= 91 && c <= 96 || c >= 123 && c <= 126) {
      return true;
    }
    return switch (Character.getType(c)) {
      case Character.CONNECTOR_PUNCTUATION, Character.DASH_PUNCTUATION, Character.START_PUNCTUATION,
          Character.END_PUNCTUATION, Character.INITIAL_QUOTE_PUNCTUATION, Character.FINAL_QUOTE_PUNCTUATION,
          Character.OTHER_PUNCTUATION -> true;
      default -> false;
    };
  }

  private static boolean isCjkIdeograph(int c) {
    int[][] blocks = {
      {0x4E00, 0x9FFF}, {0x3400, 0x4DBF}, {0x20000, 0x2A6DF}, {0x2A700, 0x2B73F}, {0x2B740, 0x2B81F}, {0x2B920, 0x2CEAF},
      {0xF900, 0xFAFF}, {0x2F800, 0x2FA1F}
    };
    for (int[] block : blocks) {
      if (c >= block[0] && c <= block[1]) {
        return true;
      }
    }
    return false;
  }
}
