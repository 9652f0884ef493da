package org.conceptclip.text;

import java.util.BitSet;
import org.conceptclip.tensor.BadInputException;

/** Collects the tokens of a model, each with an id of its own. Messages name ids and not tokens: a file may be anything. */
final class VocabularyBuilder {
  /** Ids of a vocabulary. The largest WordPiece vocabularies in use have half a million. */
  static final int MOST_IDS = 1 << 20;

  static final int MOST_SPECIALS = 1024;

  /** Characters of a special token: the work for a place in a text where one may begin. */
  static final int LONGEST_SPECIAL = 64;

  private final String file;
  private final TokenTable tokens = new TokenTable();
  private final WordPieceModel.Specials specials = new WordPieceModel.Specials();
  private final BitSet ids = new BitSet();
  private final BitSet specialIds = new BitSet();
  private int inVocabulary;

  VocabularyBuilder(String file) {
    this.file = file;
  }

  /** Adds a token of the vocabulary. Tokens longer than any word only take their id. */
  void add(char[] source, int from, int to, int id) {
    takeId(id);
    inVocabulary++;
    if (to > from && to - from <= TokenTable.LONGEST_TOKEN) {
      int other = tokens.add(source, from, to, id);
      if (other >= 0) {
        throw refused("the tokens of ids " + other + " and " + id + " are the same");
      }
    }
  }

  private void takeId(int id) {
    if (id >= MOST_IDS) {
      throw refused("it has more than " + MOST_IDS + " ids");
    }
    if (ids.get(id)) {
      throw refused("two tokens have the id " + id);
    }
    ids.set(id);
  }

  /** Adds a token that is found in texts as it is spelled; the vocabulary may have it already, with the same id. */
  void addSpecial(String token, int id) {
    if (token.isEmpty() || token.length() > LONGEST_SPECIAL) {
      throw refused("the special token of id " + id + " has " + token.length() + " characters, expected 1 to " + LONGEST_SPECIAL);
    }
    int known = tokens.id(token);
    if (known >= 0 && known != id) {
      throw refused("the special token of id " + id + " has the id " + known + " in the vocabulary");
    }
    if (known < 0) {
      // The library numbers such tokens itself, whatever the file says.
      int next = Math.max(inVocabulary, specialIds.length());
      if (id != next) {
        throw refused("the special token of id " + id + " is not in the vocabulary, behind which its id would be " + next);
      }
      takeId(id);
    }
    if (specials.add(token, id) >= 0 || specialIds.get(id)) {
      throw refused("the special token of id " + id + " is there twice");
    }
    specialIds.set(id);
    if (specialIds.cardinality() > MOST_SPECIALS) {
      throw refused("it has more than " + MOST_SPECIALS + " special tokens");
    }
  }

  /** The id of a token of the vocabulary, or -1. */
  int id(String token) {
    return tokens.id(token);
  }

  boolean hasId(int id) {
    return ids.get(id);
  }

  TokenTable tokens() {
    return tokens;
  }

  WordPieceModel.Specials specials() {
    return specials;
  }

  /** The highest id plus one. */
  int size() {
    return ids.length();
  }

  private BadInputException refused(String what) {
    return new BadInputException(file + ": not a tokenizer that can be used: " + what);
  }
}
