package org.conceptclip.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import javax.xml.parsers.DocumentBuilderFactory;
import org.conceptclip.bench.throughput.Threshold;
import org.conceptclip.bench.throughput.ResultFile;
import org.conceptclip.bench.throughput.Section;
import org.conceptclip.bench.Checkout;
import org.conceptclip.bench.Machine;
import org.conceptclip.bench.throughput.BenchRow;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code conceptclip bench} on the tiny model: that everything runs and is written down; no figure of it means anything. */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class BenchThroughputTest {
  private static final Object[] TINY = {
    "bench", "--quick", "--backend", "cpu", "--model", "synthetic:tiny", "--latency-model", "synthetic:tiny", "--seconds", 0.5,
    "--rounds", 2
  };

  @TempDir private Path folder;

  private static List<BenchRow> rows(List<String> lines, Path file) throws IOException {
    return ResultFile.read(Files.write(file, lines));
  }

  @Test
  void quickMeasuresEverySectionAndReports() throws Exception {
    Path out = folder.resolve("rows.jsonl");
    Path page = folder.resolve("new/report.html");
    CliRun run = CliRun.of(CliRun.join(TINY, "--out", out, "--report", page, "--ab", "batch=2,max-wait=0ms"));
    run.ended(ExitCode.DONE);
    List<BenchRow> rows = ResultFile.read(out);
    Set<Section> sections = rows.stream().map(BenchRow::section).collect(Collectors.toCollection(() -> EnumSet.noneOf(Section.class)));
    assertEquals(EnumSet.complementOf(EnumSet.of(Section.SOAK, Section.TOWERS, Section.LOAD)), sections);
    for (BenchRow row : rows) {
      assertNull(row.failure(), row::toString);
      assertTrue(0 < row.low() && row.low() <= row.median() && row.median() <= row.high(), row::toString);
      assertTrue(row.section() != Section.STAGES || row.high() <= 101, row::toString);
      assertEquals(Machine.current(), row.origin().machine(), row::toString);
      assertEquals(Checkout.commit(), row.origin().commit(), row::toString);
    }
    BenchRow engine = rows.getFirst();
    assertEquals("engine, pixels in memory", engine.contestant());
    assertEquals(4, engine.subject().batch());
    assertEquals(2, engine.rounds().size());
    assertTrue(engine.ratios().containsKey("bare loop") && engine.thresholds().size() == 1, engine::toString);
    for (BenchRow row : rows) {
      if (row.contestant().equals("engine, packed")) {
        assertEquals(1.0, row.figures().get("tokensComputedOverWanted"), row::toString);
      }
      if (row.section() == Section.LATENCY) {
        assertEquals(row.figures().get("offered"), row.figures().get("accepted") + row.figures().get("refused"), row::toString);
      }
    }
    DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(page.toFile());
    assertTrue(run.out().contains("engine over the bare loop"), run.out());
  }

  @Test
  void onlySomeSectionsAsJsonAndHeldAgainstThemselves() throws IOException {
    Path old = folder.resolve("old.jsonl");
    Object[] few = CliRun.join(TINY, "--only", "queue,images", "--json");
    CliRun first = CliRun.of(few).ended(ExitCode.DONE);
    List<BenchRow> rows = rows(first.outLines(), old);
    assertEquals(EnumSet.of(Section.IMAGES, Section.STAGES, Section.QUEUE),
        EnumSet.copyOf(rows.stream().map(BenchRow::section).toList()));
    CliRun second = CliRun.of(CliRun.join(few, "--compare", old)).ended(ExitCode.DONE);
    assertTrue(second.err().contains(rows.size() + " rows have a counterpart"), second.err());
  }

  @Test
  void aRegressionHasAnExitCodeOfItsOwn() throws IOException {
    Path old = folder.resolve("old.jsonl");
    Object[] queue = CliRun.join(TINY, "--only", "queue", "--json");
    // As if it had been ten times as fast, with quartiles that leave no doubt.
    List<String> lines = CliRun.of(queue).ended(ExitCode.DONE).outLines().stream()
        .map(line -> line.replaceAll("\"(median|low|high)\":([0-9.E]+)", "\"$1\":1e9")).toList();
    Files.write(old, lines);
    CliRun.of(CliRun.join(queue, "--compare", old)).ended(ExitCode.DONE);
    CliRun failed = CliRun.of(CliRun.join(queue, "--compare", old, "--fail-on-regression")).ended(ExitCode.REGRESSION);
    assertTrue(failed.err().contains("SLOWER"), failed.err());
  }

  @Test
  void ownImagesAndTextsAreTaken() throws IOException {
    Path texts = Files.writeString(folder.resolve("lengths.txt"), "5\n\n24\n7\n");
    Path image = Path.of("examples", "skin-lesion-nevus.jpg");
    CliRun run = CliRun.of(CliRun.join(TINY, "--only", "images,texts", "--json", "--images", image, "--texts", texts));
    List<BenchRow> rows = rows(run.ended(ExitCode.DONE).outLines(), folder.resolve("rows.jsonl"));
    assertEquals("1", rows.getFirst().parameters().get("files"));
    assertEquals("3 texts of lengths.txt, 36 tokens", rows.getLast().workload());
  }

  @Test
  void whatCannotBeMeasuredIsARowAndTheRestGoesOn() throws IOException {
    Path broken = Files.writeString(folder.resolve("broken.jpg"), "no image");
    CliRun run = CliRun.of(CliRun.join(TINY, "--only", "images,queue", "--json", "--images", broken));
    List<BenchRow> rows = rows(run.ended(ExitCode.PARTLY_DONE).outLines(), folder.resolve("rows.jsonl"));
    List<String> failed = rows.stream().filter(row -> row.failure() != null).map(BenchRow::contestant).toList();
    assertEquals(List.of("engine, JPEG files", "all"), failed);
    assertTrue(rows.stream().filter(row -> row.failure() != null).allMatch(row -> row.failure().contains("broken.jpg")));
    assertEquals(Section.QUEUE, rows.getLast().section());
    assertTrue(rows.getLast().median() > 0);
  }

  @Test
  void peersThatWereNotPreparedAreLeftOutWithALineThatSaysHow() {
    CliRun run = CliRun.of(CliRun.join(TINY, "--only", "queue", "--peers", "all"));
    run.ended(ExitCode.WRONG_USAGE).refused("peers have synthetic:full alone");
    CliRun missing = CliRun.of("bench", "--quick", "--backend", "cpu", "--only", "queue", "--model", "synthetic:full", "--rounds", 1,
        "--peers", "ort", "--work", folder);
    assertTrue(missing.ended(ExitCode.DONE).err().contains("without peers: ") && missing.err().contains("bench/peers/prepare"), missing.err());
  }

  @Test
  void aSoakSamplesMemoryAndEndsWithAVerdict() throws IOException {
    CliRun run = CliRun.of("bench", "soak", "--backend", "cpu", "--model", "synthetic:tiny", "--warm-up", 0.01, "--minutes",
        0.05, "--samples", 4, "--json");
    List<BenchRow> rows = rows(run.outLines(), folder.resolve("soak.jsonl"));
    assertEquals(4, rows.size(), run.err());
    BenchRow counts = rows.getLast();
    assertTrue(counts.thresholds().stream().allMatch(Threshold::met), "something was held after draining: " + counts);
    assertTrue(counts.figures().get("submitted") > 20 && counts.figures().get("cancelled") > 0, counts::toString);
    // Three seconds are all warm-up: whether memory was flat is not known, but the code must say what the rows say.
    boolean flat = rows.stream().flatMap(row -> row.thresholds().stream()).allMatch(Threshold::met);
    run.ended(flat ? ExitCode.DONE : ExitCode.REGRESSION);
    CliRun.of("bench", "soak", "--minutes", 0).ended(ExitCode.WRONG_USAGE).refused("--minutes");
  }

  @Test
  void mistakesAreNamed() throws IOException {
    refused("--rounds", "--rounds", 0);
    refused("--batches", "--batches", "4,0");
    refused("--rates", "--rates", "fast");
    refused("--rates", "--rates", "0x");
    refused("--seconds", "--seconds", 0);
    refused("--only latencies: expected some of images", "--only", "latencies");
    refused("--only ab: expected", "--only", "ab");
    refused("--max-wait", "--max-wait", "soon");
    refused("--peers tvm", "--peers", "tvm");
    refused("--fail-on-regression", "--fail-on-regression");
    CliRun.of("bench", "--ab", "colour=red").ended(ExitCode.BAD_INPUT).refused("colour", "max-wait");
    CliRun.of("bench", "--compare", folder.resolve("none.jsonl")).ended(ExitCode.BAD_INPUT).refused("none.jsonl");
    Path words = Files.writeString(folder.resolve("words.txt"), "a chest X-ray\n");
    CliRun.of(CliRun.join(TINY, "--only", "texts", "--texts", words)).ended(ExitCode.BAD_INPUT).refused("no tokenizer", "a chest X-ray");
    CliRun.of(CliRun.join(TINY, "--only", "images", "--images", folder.resolve("nowhere"))).ended(ExitCode.BAD_INPUT)
        .refused("no such file or folder");
  }

  private static void refused(String words, Object... arguments) {
    Object[] all = CliRun.join(new Object[] {"bench"}, arguments);
    CliRun.of(all).ended(ExitCode.WRONG_USAGE).refused(words);
  }
}
