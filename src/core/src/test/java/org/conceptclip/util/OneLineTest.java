package org.conceptclip.util;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class OneLineTest {
  @Test
  void blanksAndLineBreaksBecomeOneSpace() {
    assertEquals("a b c d", OneLine.of("  a\r\n  b\t\tc\u00a0\u2028d \n"));
    assertEquals("null", OneLine.of(null));
    assertEquals("", OneLine.of(" \n "));
  }

  @Test
  void whatCannotBePrintedBecomesAQuestionMark() {
    assertEquals("a?[31mb?c", OneLine.of("a\u001b[31mb\u0007c"));
    assertEquals("x?y", OneLine.of("x\u202ey"), "text direction must not be turned");
    assertEquals("?", OneLine.of("\ud800"), "half a surrogate pair");
    assertEquals("肺 🫁", OneLine.of("肺 🫁"));
  }

  @Test
  void longTextIsCutBetweenCharacters() {
    assertEquals("abc...", OneLine.of("abcd", 3));
    assertEquals("abc", OneLine.of("abc", 3));
    assertEquals("🫁🫁...", OneLine.of("🫁🫁🫁", 2));
    assertEquals(203, OneLine.of("x".repeat(100_000)).length());
    assertEquals("\"abc...\"", OneLine.quoted("abcd", 3));
  }
}
