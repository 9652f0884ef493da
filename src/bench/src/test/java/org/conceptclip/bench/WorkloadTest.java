package org.conceptclip.bench;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WorkloadTest {
  @Test
  void visionComesBackFromItsLine() {
    assertEquals(new Workload.Vision(4), Workload.parse(new Workload.Vision(4).line()));
  }

  @Test
  void textsComeBackFromTheirLine() {
    Workload.Texts mixed = Workload.Texts.mixed(32, 77);
    Workload.Texts parsed = assertInstanceOf(Workload.Texts.class, Workload.parse(mixed.line()));
    assertArrayEquals(mixed.lengths(), parsed.lengths());
    assertArrayEquals(mixed.padded(30522), parsed.padded(30522), "both ends of the protocol must make the same inputs");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "vision", "audio 3", "vision 1 2"})
  void otherLinesAreRefused(String line) {
    assertThrows(IllegalArgumentException.class, () -> Workload.parse(line));
  }

  @Test
  void mixedTextsSpreadOverTheWholeRangeInShuffledOrder() {
    int[] lengths = Workload.Texts.mixed(32, 77).lengths();
    int[] sorted = lengths.clone();
    Arrays.sort(sorted);
    assertEquals(8, sorted[0]);
    assertEquals(77, sorted[31]);
    assertTrue(Arrays.stream(sorted).distinct().count() == 32, () -> Arrays.toString(sorted));
    assertNotEquals(Arrays.toString(sorted), Arrays.toString(lengths));
  }

  @Test
  void paddingIsZeroAndTokensAreNot() {
    Workload.Texts texts = new Workload.Texts(3, 5);
    long[] padded = texts.padded(100);
    assertEquals(10, padded.length);
    assertEquals(2, padded[0]);
    assertEquals(3, padded[2]);
    assertEquals(0, padded[3]);
    assertEquals(0, padded[4]);
    for (int p = 5; p < 10; p++) {
      assertTrue(padded[p] > 0 && padded[p] < 100);
    }
  }

  @Test
  void pixelsAreFixedAndInRange() {
    float[] pixels = new Workload.Vision(2).pixels(4);
    assertEquals(2 * 3 * 16, pixels.length);
    assertArrayEquals(pixels, new Workload.Vision(2).pixels(4));
    for (float pixel : pixels) {
      assertTrue(pixel >= -1 && pixel < 1);
    }
  }
}
