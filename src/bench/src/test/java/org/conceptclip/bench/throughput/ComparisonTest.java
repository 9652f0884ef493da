package org.conceptclip.bench.throughput;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.conceptclip.bench.Machine;
import org.conceptclip.bench.Statistics;
import org.conceptclip.bench.throughput.Comparison.Verdict;
import org.junit.jupiter.api.Test;

class ComparisonTest {
  private static final double[] HUNDRED = {98, 99, 100, 101, 102};

  private static Comparison.Pair compare(BenchRow old, BenchRow fresh) {
    List<Comparison.Pair> pairs = Comparison.of(List.of(old), List.of(fresh));
    assertEquals(1, pairs.size());
    return pairs.getFirst();
  }

  private static Verdict verdict(double... fresh) {
    return compare(Rows.images(HUNDRED).build(), Rows.images(fresh).build()).verdict();
  }

  @Test
  void aDifferenceMustBeLargerThanNoiseAndOutsideBothQuartiles() {
    assertEquals(Verdict.FASTER, verdict(110, 111, 112, 113, 114));
    assertEquals(Verdict.SLOWER, verdict(88, 89, 90, 91, 92));
    assertEquals(Verdict.NO_DIFFERENCE, verdict(103, 104, 105, 106, 107), "5 % is within the noise");
    assertEquals(Verdict.NO_DIFFERENCE, verdict(95, 99, 112, 120, 130), "the old median lies inside the new quartiles");
    assertEquals(Verdict.NO_DIFFERENCE, compare(Rows.images(80, 90, 100, 115, 125).build(),
        Rows.images(110, 111, 112, 113, 114).build()).verdict(), "the new median lies inside the old quartiles");
  }

  @Test
  void shorterTimesAreFaster() {
    BenchRow old = Rows.images().rounds("ms", HUNDRED).build();
    Comparison.Pair pair = compare(old, Rows.images().rounds("ms", 50, 50, 50).build());
    assertEquals(2, pair.speedup(), 1e-12);
    assertEquals(Verdict.FASTER, pair.verdict());
  }

  @Test
  void otherMachinesUnitsAndParametersAreNotComparable() {
    BenchRow old = Rows.images(HUNDRED).build();
    Machine larger = new Machine("Test CPU", 64, List.of("avx2"), "Linux 6", "25");
    BenchRow elsewhere = new BenchRow.Builder(Section.IMAGES, new Origin("d", "abc", larger, null), Rows.SUBJECT,
        "images from memory", "engine").rounds("images/s", 500).build();
    assertEquals("other machine", compare(old, elsewhere).reason());
    assertEquals(Verdict.NOT_COMPARABLE, compare(old, elsewhere).verdict());
    assertEquals("other parameters", compare(old, Rows.images(500).parameter("maxWait", "9ms").build()).reason());
    assertEquals("other unit", compare(old, Rows.images().rounds("ms", 5).build()).reason());
  }

  @Test
  void moreRoundsAreTheSameMeasurement() {
    BenchRow old = Rows.images(HUNDRED).parameter("rounds", 3).parameter("warmups", 1).build();
    assertEquals(Verdict.FASTER, compare(old, Rows.images(200, 201).parameter("rounds", 9).build()).verdict());
  }

  @Test
  void otherWorkIsNoPair() {
    BenchRow old = Rows.images(HUNDRED).build();
    for (BenchRow other : List.of(
        new BenchRow.Builder(Section.IMAGES, Rows.ORIGIN, Rows.SUBJECT.withBatch(8), "images from memory", "engine")
            .rounds("images/s", 1).build(),
        new BenchRow.Builder(Section.IMAGES, Rows.ORIGIN, Rows.SUBJECT, "images from memory", "bare").rounds("images/s", 1).build(),
        new BenchRow.Builder(Section.TEXTS, Rows.ORIGIN, Rows.SUBJECT, "images from memory", "engine").rounds("images/s", 1).build(),
        Rows.images().failure("broke").build())) {
      assertEquals(List.of(), Comparison.of(List.of(old), List.of(other)), other.key());
    }
  }

  @Test
  void theLastRowOfTheSameMachineCounts() {
    Machine larger = new Machine("Test CPU", 64, List.of("avx2"), "Linux 6", "25");
    BenchRow elsewhere = new BenchRow.Builder(Section.IMAGES, new Origin("d", "abc", larger, null), Rows.SUBJECT,
        "images from memory", "engine").rounds("images/s", 500).build();
    List<BenchRow> old = List.of(Rows.images(50).build(), Rows.images(HUNDRED).build(), elsewhere);
    assertEquals(100, Comparison.of(old, List.of(Rows.images(HUNDRED).build())).getFirst().oldMedian());
  }

  @Test
  void aControlThatDiffersSaysThatTheMachineIsUnsteady() {
    BenchRow steady = Rows.images(HUNDRED).ratio("engine, again (A/A)", new Statistics(1.05, 1, 1.1))
        .ratio("bare", new Statistics(0.5, 0.4, 0.6)).build();
    assertEquals(List.of(), Comparison.unsteady(List.of(steady)));
    BenchRow unsteady = Rows.images(HUNDRED).ratio("engine, again (A/A)", new Statistics(0.92, 0.9, 1)).build();
    List<String> lines = Comparison.unsteady(List.of(steady, unsteady));
    assertEquals(1, lines.size());
    assertTrue(lines.getFirst().contains("0.92"), lines.getFirst());
  }
}
