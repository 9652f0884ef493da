package org.conceptclip.text;

import java.util.Arrays;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Tokens and their ids, for finding the longest token at the beginning of some characters without making strings. Immutable once built;
 * a lookup costs one step a character.
 *
 * <p>A hash of the characters so far grows with each character. Its multiplier is random and no token is long, so that a file made for the
 * purpose cannot fill the table with tokens of one hash.
 */
final class TokenTable {
  /** Characters (UTF-16) of a token. Longer ones are left out by whoever builds the table: no word is so long. */
  static final int LONGEST_TOKEN = 1100;

  private static final long MULTIPLIER = ThreadLocalRandom.current().nextLong() << 3 | 5;

  private char[] chars = new char[1 << 12];
  private int[] ends = new int[1 << 9];
  private int[] ids = new int[1 << 9];
  private long[] hashes = new long[1 << 9];
  private int[] slots = new int[1 << 10];
  private int size;
  private int longest;

  /** Adds a token of 1 to {@link #LONGEST_TOKEN} characters; returns -1, or the id under which it is there already. */
  int add(char[] source, int from, int to, int id) {
    long hash = hash(0, source, from, to);
    int slot = slot(hash, source, from, to, 0);
    if (slots[slot] != 0) {
      return ids[slots[slot] - 1];
    }
    int begin = begin(size);
    int end = begin + to - from;
    if (end > chars.length) {
      chars = Arrays.copyOf(chars, Math.max(end, 2 * chars.length));
    }
    if (size == ids.length) {
      ends = Arrays.copyOf(ends, 2 * size);
      ids = Arrays.copyOf(ids, 2 * size);
      hashes = Arrays.copyOf(hashes, 2 * size);
    }
    System.arraycopy(source, from, chars, begin, to - from);
    ends[size] = end;
    ids[size] = id;
    hashes[size] = hash;
    slots[slot] = ++size;
    longest = Math.max(longest, to - from);
    if (2 * size > slots.length) {
      rehash();
    }
    return -1;
  }

  /** As {@link #add(char[], int, int, int)}. */
  int add(String token, int id) {
    return add(token.toCharArray(), 0, token.length(), id);
  }

  private void rehash() {
    slots = new int[2 * slots.length];
    for (int i = 0; i < size; i++) {
      int slot = first(hashes[i]);
      while (slots[slot] != 0) {
        slot = slot + 1 & slots.length - 1;
      }
      slots[slot] = i + 1;
    }
  }

  /** The id of a token, or -1. */
  int id(String token) {
    char[] source = token.toCharArray();
    int entry = slots[slot(hash(0, source, 0, source.length), source, 0, source.length, 0)];
    return entry == 0 ? -1 : ids[entry - 1];
  }

  /** Number of tokens. */
  int size() {
    return size;
  }

  /** Characters of the longest token. */
  int longest() {
    return longest;
  }

  /** The state from which {@link #longestMatch} goes on behind {@code prefix}. */
  static long hash(String prefix) {
    return hash(0, prefix.toCharArray(), 0, prefix.length());
  }

  /**
   * The longest token that is the prefix followed by the first characters of {@code source}.
   *
   * @param prefixHash {@link #hash(String)} of the prefix, whose length is {@code prefixLength}; 0 and 0 for none
   * @return where it ends in {@code source}, in the upper half, and its id in the lower; -1 if there is none
   */
  long longestMatch(char[] source, int from, int to, long prefixHash, int prefixLength) {
    long found = -1;
    long hash = prefixHash;
    int last = Math.min(to, from + longest - prefixLength);
    for (int end = from + 1; end <= last; end++) {
      hash = (hash + source[end - 1] + 1) * MULTIPLIER;
      int entry = slots[slot(hash, source, from, end, prefixLength)];
      if (entry != 0) {
        found = (long) end << 32 | ids[entry - 1];
      }
    }
    return found;
  }

  private static long hash(long start, char[] source, int from, int to) {
    long hash = start;
    for (int i = from; i < to; i++) {
      hash = (hash + source[i] + 1) * MULTIPLIER;
    }
    return hash;
  }

  private int first(long hash) {
    return (int) (hash >>> 32 ^ hash >>> 12) & slots.length - 1;
  }

  /** The slot that holds a token, or the empty one where it belongs. Equal hashes stand for equal prefixes, which are not compared. */
  private int slot(long hash, char[] source, int from, int to, int prefixLength) {
    int slot = first(hash);
    while (slots[slot] != 0 && !holds(slots[slot] - 1, hash, source, from, to, prefixLength)) {
      slot = slot + 1 & slots.length - 1;
    }
    return slot;
  }

  private boolean holds(int entry, long hash, char[] source, int from, int to, int prefixLength) {
    int begin = begin(entry) + prefixLength;
    return hashes[entry] == hash && Arrays.equals(chars, begin, Math.max(begin, ends[entry]), source, from, to);
  }

  private int begin(int entry) {
    return entry == 0 ? 0 : ends[entry - 1];
  }
}
