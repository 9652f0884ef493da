package org.conceptclip.bench.throughput;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.conceptclip.bench.Statistics;
import org.conceptclip.bench.report.HtmlReport;
import org.conceptclip.bench.report.TextReport;
import org.conceptclip.tensor.BadInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ResultFileTest {
  @TempDir private Path folder;

  private Path file(String... lines) throws IOException {
    return Files.write(folder.resolve("rows.jsonl"), List.of(lines));
  }

  @Test
  void rowsComeBackAsTheyWere() throws IOException {
    BenchRow full = Rows.images(3, 1, 2).parameter("maxWait", "2ms").figure("p99Millis", 12.5)
        .ratio("bare", new Statistics(0.99, 0.98, 1)).atLeast("engine over bare", 0.99, 0.97).curve(1, 2, 3).build();
    BenchRow failed = Rows.images().failure("broke \"here\"\n</script>").build();
    assertEquals(List.of(full, failed), ResultFile.read(file(ResultFile.line(full), "", ResultFile.line(failed))));
    assertEquals(2, full.median());
    assertEquals(List.of(3.0, 1.0, 2.0), full.rounds(), "in the order of the rounds");
    assertEquals(1, full.schema());
  }

  @Test
  void rowsOfEarlierRunsAreStillRead() {
    List<BenchRow> rows = ResultFile.read(Path.of("bench", "results", "2026-11-24-epyc-zen3-2cores-throughput.jsonl"));
    assertEquals(35, rows.size());
    assertEquals(List.of(new Threshold("engine over the bare loop", 0.9979869951972005, true, 0.97)), rows.getFirst().thresholds(),
        "called bars then");
  }

  @ParameterizedTest
  @CsvSource({"libraries, 74, 0", "lab-attention, 48, 0", "lab-products, 350, 0", "lab-cudnn, 187, 7"})
  void everyLineOfTheLabsIsARow(String name, int count, int failures) {
    List<BenchRow> rows = ResultFile.read(Path.of("bench", "results", "2026-11-27-h200-" + name + ".jsonl"));
    assertEquals(count, rows.size());
    assertEquals(failures, rows.stream().filter(row -> row.failure() != null).count());
    assertEquals(rows, rows.stream().map(ResultFile::line).map(line -> ResultFile.parse(name, line)).toList());
    assertTrue(rows.stream().map(BenchRow::origin).allMatch(origin -> origin.gpu().name().equals("NVIDIA H200")));
    assertFalse(HtmlReport.of(rows, List.of()).isEmpty());
    assertFalse(new TextReport().lines(rows).isEmpty());
  }

  @Test
  void linesOfOtherBenchmarksArePassedOver() throws IOException {
    String towers = "{\"date\":\"2026-11-24T06:23:08Z\",\"workload\":\"vision, batch 1\",\"median\":0.47}";
    assertEquals(List.of(), ResultFile.read(file(towers)));
  }

  @Test
  void figuresThatAreNoNumbersAreLeftOut() {
    assertFalse(ResultFile.line(Rows.images(1).figure("p99Millis", Double.NaN).build()).contains("p99Millis"));
  }

  @Test
  void whatIsNoRowIsNamedWithItsLine() throws IOException {
    String row = ResultFile.line(Rows.images(1).build());
    assertRefused("line 2", row, "{\"schema\":1");
    assertRefused("schema 7, expected 1", "{\"schema\":7}");
    assertRefused("expected a JSON object", "[]");
    assertRefused("expected section", "{\"schema\":1}");
    assertRefused("line 1", "{\"schema\":1,\"median\":\"fast\"}");
    BadInputException missing =
        assertThrows(BadInputException.class, () -> ResultFile.read(folder.resolve("none.jsonl")));
    assertTrue(missing.getMessage().contains("none.jsonl"), missing.getMessage());
  }

  private void assertRefused(String words, String... lines) throws IOException {
    Path file = file(lines);
    BadInputException refusal = assertThrows(BadInputException.class, () -> ResultFile.read(file));
    assertTrue(refusal.getMessage().contains(words), refusal.getMessage());
  }
}
