package org.conceptclip.runtime;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.conceptclip.op.Sequences;
import org.conceptclip.op.TokenBatch;
import org.junit.jupiter.api.Test;

/** Texts are padded to few sizes, at a bounded price, and stay what they are. */
class TextBucketsTest {
  private static final int CONTEXT = 77;
  private static final int BUDGET = 32 << 10;

  /** The size of a padded pass. */
  private record Size(int rows, int texts) {
    static Size of(TokenBatch batch) {
      return new Size(batch.sequences().totalRows(), batch.count());
    }
  }

  private static TokenBatch texts(int... lengths) {
    int next = 1;
    List<int[]> ids = new ArrayList<>();
    for (int length : lengths) {
      int[] text = new int[length];
      for (int i = 0; i < length; i++) {
        text[i] = next++;
      }
      ids.add(text);
    }
    return TokenBatch.packed(ids);
  }

  /** Texts of 8 to 77 tokens, as many as fit into this budget. */
  private static TokenBatch texts(Random random, int budget) {
    List<Integer> lengths = new ArrayList<>();
    int next = 8 + random.nextInt(CONTEXT - 7);
    for (int total = 0; total + next <= budget || lengths.isEmpty(); next = 8 + random.nextInt(CONTEXT - 7)) {
      lengths.add(next);
      total += next;
    }
    return texts(lengths.stream().mapToInt(Integer::intValue).toArray());
  }

  @Test
  void thereAreFewNumbersOfRows() {
    List<Integer> sizes = TextBuckets.rowsUpTo(BUDGET);
    assertEquals(56, sizes.size());
    assertEquals(List.of(64, 128, 192), sizes.subList(0, 3));
    assertEquals(BUDGET, sizes.getLast());
    for (int rows = 1; rows <= BUDGET; rows++) {
      int padded = TextBuckets.rows(rows);
      assertTrue(padded >= rows && sizes.contains(padded), rows + " rows become " + padded);
      assertTrue(padded - rows < Math.max(64, rows / 8 + 1), rows + " rows become " + padded);
    }
    // A single text longer than the budget.
    assertTrue(TextBuckets.rows(BUDGET + 1) > BUDGET);
  }

  @Test
  void thereAreFewNumbersOfTextsForEach() {
    for (int rows : TextBuckets.rowsUpTo(BUDGET)) {
      Set<Integer> numbers = new HashSet<>();
      for (int texts = 1; texts <= rows; texts++) {
        int padded = TextBuckets.texts(rows, texts);
        assertTrue(padded >= texts && padded <= rows && rows % padded == 0, texts + " texts of " + rows + " rows become " + padded);
        numbers.add(padded);
      }
      assertTrue(numbers.size() <= 7, rows + " rows: " + numbers);
    }
  }

  @Test
  void textsStayAndOthersFollow() {
    TokenBatch given = texts(5, 77, 20);
    TokenBatch padded = TextBuckets.padded(given, 10);
    int tokens = given.ids().length;
    assertEquals(new Size(128, 8), Size.of(padded));
    assertArrayEquals(given.ids(), Arrays.copyOf(padded.ids(), tokens));
    assertArrayEquals(given.positions(), Arrays.copyOf(padded.positions(), tokens));
    assertArrayEquals(new int[] {0, 5, 82, 102, 112, 122, 128, 128, 128}, padded.sequences().cumulativeRows());
    assertArrayEquals(new int[] {5, 77, 20, 1, 1, 1, 0, 0}, padded.sequences().keyLengths());
    for (int row = tokens; row < 128; row++) {
      assertEquals(given.ids()[0], padded.ids()[row]);
      assertEquals(given.positions()[0], padded.positions()[row]);
    }
    Sequences full = TextBuckets.padded(texts(32, 32), CONTEXT).sequences();
    assertArrayEquals(new int[] {0, 32, 64, 64, 64}, full.cumulativeRows(), "no row is added where the size is one of the few");
    int[] single = new int[64];
    Arrays.fill(single, 1);
    assertEquals(new Size(64, 64), Size.of(TextBuckets.padded(texts(single), CONTEXT)));
  }

  /** What padding costs texts of 8 to 77 tokens: full passes hardly anything, passes of any smaller size a sixteenth on average. */
  @Test
  void padsLittle() {
    Random random = new Random(5);
    assertTrue(padding(random, 200, BUDGET, BUDGET) < 0.002);
    double large = padding(random, 400, 1024, BUDGET);
    assertTrue(large > 0.02 && large < 0.065, "from 1024 tokens on: " + large);
    double small = padding(random, 400, 256, 1024);
    assertTrue(small < 0.065, "from 256 to 1024 tokens: " + small);
  }

  private static double padding(Random random, int passes, int least, int most) {
    long tokens = 0;
    long rows = 0;
    for (int pass = 0; pass < passes; pass++) {
      TokenBatch given = texts(random, least == most ? most : random.nextInt(least, most + 1));
      tokens += given.ids().length;
      rows += TextBuckets.padded(given, CONTEXT).ids().length;
    }
    return (double) rows / tokens - 1;
  }

  /** A steady stream is one or two shapes; passes of all sizes are as many as a lane keeps graphs of. */
  @Test
  void streamsHaveFewShapes() {
    Random random = new Random(6);
    Set<Size> full = new HashSet<>();
    Set<Size> all = new HashSet<>();
    for (int pass = 0; pass < 300; pass++) {
      full.add(Size.of(TextBuckets.padded(texts(random, BUDGET), CONTEXT)));
    }
    for (int pass = 0; pass < 1500; pass++) {
      // Evenly over the logarithm: as many small passes as large ones.
      int budget = (int) (8 * Math.pow(BUDGET / 8.0, random.nextDouble()));
      all.add(Size.of(TextBuckets.padded(texts(random, budget), CONTEXT)));
    }
    assertTrue(full.size() <= 2, full::toString);
    assertTrue(all.size() <= 80, all.size() + " shapes: " + all);
  }
}
