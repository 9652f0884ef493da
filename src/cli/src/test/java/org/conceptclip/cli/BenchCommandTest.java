package org.conceptclip.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.conceptclip.bench.throughput.BenchRow;
import org.conceptclip.bench.throughput.ResultFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BenchCommandTest {
  private static final Object[] TINY = {"bench", "cpu", "--model", "synthetic:tiny", "--quick"};

  @TempDir private Path folder;

  @Test
  void measuresATinyModelAndItsControl() throws IOException {
    Path file = folder.resolve("new").resolve("rows.jsonl");
    CliRun run = CliRun.of(CliRun.join(TINY, "--threads", 1, "--peers", "none", "--json", "--out", file));
    run.ended(ExitCode.DONE);
    assertEquals(run.outLines(), Files.readAllLines(file));
    List<JsonObject> rows = run.outLines().stream().map(line -> JsonParser.parseString(line).getAsJsonObject()).toList();
    assertEquals(
        List.of("vision, batch 1", "vision, batch 1", "32 texts of 8-24 tokens", "32 texts of 8-24 tokens"),
        rows.stream().map(row -> row.get("workload").getAsString()).toList());
    for (JsonObject row : rows) {
      assertTrue(row.get("median").getAsDouble() > 0, row::toString);
      assertEquals(3, row.getAsJsonArray("rounds").size());
      assertFalse(row.has("failure"), row::toString);
    }
    assertTrue(rows.getFirst().getAsJsonObject("ratios").has("conceptclip fp32, again (A/A)"));
  }

  @Test
  void printsATableForPeople() {
    String out = CliRun.of(CliRun.join(TINY, "--peers", "none")).ended(ExitCode.DONE).out();
    assertTrue(out.contains("vision, batch 1"), out);
    assertTrue(out.contains("conceptclip fp32, again (A/A)"), out);
  }

  @Test
  void rowsOfEveryBenchmarkAreReportedAndComparedAlike() throws IOException {
    Path old = folder.resolve("old.jsonl");
    Path page = folder.resolve("page.html");
    Object[] ops = CliRun.join(TINY, "--ops", "--precision", "fp32", "--threads", 1);
    CliRun run = CliRun.of(CliRun.join(ops, "--out", old, "--report", page)).ended(ExitCode.DONE);
    assertTrue(run.err().contains("multiply-add peak"), run.err());
    assertTrue(run.out().contains("vision qkv, 16 x 144 x 432"), run.out());
    assertTrue(Files.readString(page).contains("vision qkv"), "the page shows the ops");
    List<BenchRow> rows = ResultFile.read(old);
    assertEquals(12, rows.size());
    CliRun compared = CliRun.of(CliRun.join(ops, "--compare", old)).ended(ExitCode.DONE);
    assertTrue(compared.err().contains("12 rows have a counterpart"), compared.err());
  }

  @Test
  void loadingIsMeasured() {
    CliRun run = CliRun.of("bench", "load", "--model", "synthetic:tiny", "--backend", "reference", "--json");
    JsonObject result = JsonParser.parseString(run.ended(ExitCode.DONE).out()).getAsJsonObject();
    assertEquals("LOAD", result.get("section").getAsString());
    assertTrue(result.get("median").getAsDouble() > 0, result::toString);
    assertTrue(result.getAsJsonObject("figures").get("weightBytes").getAsLong() > 1_000_000, result::toString);
  }

  @Test
  void filesThatCannotBeWrittenAreNamed() throws IOException {
    Object[] load = {"bench", "load", "--model", "synthetic:tiny", "--backend", "reference"};
    for (String option : List.of("--out", "--report")) {
      CliRun.of(CliRun.join(load, option, "/dev/full")).ended(ExitCode.BAD_INPUT).said(option + " /dev/full: cannot be written");
      CliRun.of(CliRun.join(load, option, folder)).ended(ExitCode.BAD_INPUT).said("is a folder");
      Path file = Files.writeString(folder.resolve("file"), "");
      CliRun.of(CliRun.join(load, option, file.resolve("x"))).ended(ExitCode.BAD_INPUT).said(option);
    }
    Path old = Files.write(folder.resolve("old.jsonl"), new byte[] {(byte) 0xff, (byte) 0xfe, '{', 0});
    CliRun.of(CliRun.join(load, "--compare", old)).ended(ExitCode.BAD_INPUT).said("is UTF-16 text");
    CliRun.of(CliRun.join(load, "--compare", Files.writeString(old, "\ufeff\r\n"))).ended(ExitCode.DONE);
  }

  @Test
  void mistakesAreNamed() {
    CliRun.of(CliRun.join(TINY, "--peers", "tvm")).ended(ExitCode.WRONG_USAGE).refused("--peers none, ort, torch or all");
    CliRun.of(CliRun.join(TINY, "--rounds", 0)).ended(ExitCode.WRONG_USAGE).refused("--rounds");
    CliRun.of("bench", "cpu", "--threads", -1).ended(ExitCode.WRONG_USAGE).refused("--threads");
    CliRun.of("bench", "gpu", "--backend", "cpu").ended(ExitCode.WRONG_USAGE).refused("--backend cpu", "cuda or emulated");
    CliRun.of("bench", "gpu", "--peers", "tvm").ended(ExitCode.WRONG_USAGE).refused("--peers tvm");
    CliRun.of("bench", "--warm-up", "soon").ended(ExitCode.WRONG_USAGE).refused("--warm-up", "soon");
    CliRun.of("bench", "--batches-per-run", "0").ended(ExitCode.WRONG_USAGE).refused("--batches-per-run");
    CliRun.of("bench", "gpu", "--peers", "torch,none").ended(ExitCode.WRONG_USAGE).refused("--peers none");
    CliRun.of("bench", "gpu", "--warm-up", "soon").ended(ExitCode.WRONG_USAGE).refused("--warm-up", "soon");
    CliRun.of("bench", "gpu", "--stream", "0ms").ended(ExitCode.WRONG_USAGE).refused("--stream 0ms");
    CliRun.of("bench", "gpu", "--batches", "8,0").ended(ExitCode.WRONG_USAGE).refused("--batches");
  }

  @Test
  void peersThatWereNotPreparedAreNamedWithWhatToDo() {
    CliRun.of(CliRun.join(TINY, "--work", folder)).ended(ExitCode.BAD_INPUT).refused("not found", "bench/peers/prepare");
  }
}
