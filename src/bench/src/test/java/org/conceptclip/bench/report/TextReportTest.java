package org.conceptclip.bench.report;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.conceptclip.bench.Statistics;
import org.conceptclip.bench.throughput.BenchRow;
import org.conceptclip.bench.throughput.Rows;
import org.conceptclip.bench.throughput.Section;
import org.junit.jupiter.api.Test;

class TextReportTest {
  private static BenchRow.Builder row(Section section, String workload, String contestant) {
    return new BenchRow.Builder(section, Rows.ORIGIN, Rows.SUBJECT, workload, contestant);
  }

  @Test
  void headingsAreNotRepeated() {
    TextReport report = new TextReport();
    List<BenchRow> rows = List.of(
        row(Section.IMAGES, "images", "engine").rounds("images/s", 3, 4, 5).ratio("bare", new Statistics(0.98, 0.9, 1))
            .atLeast("engine over bare", 0.98, 0.97).atMost("p99, ms", 3, 2).build(),
        row(Section.IMAGES, "images", "bare").rounds("images/s", 4).figure("threads", 2).build());
    assertEquals(List.of(
        "",
        "Images, from memory and end to end from JPEG files",
        "  images, synthetic:tiny, fp32, batch 4",
        "    engine                              4.00 images/s   (3.50-4.50)       0.980x bare",
        "      kept:   engine over bare 0.980 >= 0.970",
        "      MISSED: p99, ms 3.00 <= 2.00",
        "    bare                                4.00 images/s",
        "      threads 2.00"), report.lines(rows));
    assertEquals(List.of("    peer: crashed"), report.lines(List.of(row(Section.IMAGES, "images", "peer").failure("crashed").build())));
  }

  @Test
  void opsAreOneTable() {
    List<BenchRow> rows = List.of(
        row(Section.OPS, "qkv", "ours").rounds("us", 12).parameter("limit", "arithmetic").figure("percentOfRoof", 50).build(),
        row(Section.OPS, "attention", "ours").rounds("us", 13).build());
    assertEquals(List.of(
        "",
        "Single ops",
        "  synthetic:tiny, fp32, batch 4",
        "    qkv                                                     12.0 us",
        "      percentOfRoof 50.0, limit arithmetic",
        "    attention                                               13.0 us"), new TextReport().lines(rows));
  }
}
