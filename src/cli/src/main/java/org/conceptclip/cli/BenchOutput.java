package org.conceptclip.cli;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.conceptclip.bench.report.HtmlReport;
import org.conceptclip.bench.report.TextReport;
import org.conceptclip.bench.throughput.BenchRow;
import org.conceptclip.bench.throughput.Comparison.Verdict;
import org.conceptclip.bench.throughput.Comparison;
import org.conceptclip.bench.throughput.ResultFile;
import org.conceptclip.bench.throughput.Section;
import org.conceptclip.bench.throughput.Session;
import picocli.CommandLine.Option;

/**
 * Output of every benchmark: rows to stdout and to a file as they come, with progress, at the end a page and a comparison with older
 * rows.
 */
final class BenchOutput implements Session.Sink, AutoCloseable {
  /** All sections have the same length on the progress bar. */
  private static final int SECTION = 1000;

  @Option(names = "--out", paramLabel = "FILE", description = "append results to this file, one JSON object per line")
  private Path out;

  @Option(names = "--json", description = "results as JSON lines instead of a table")
  private boolean json;

  @Option(names = "--report", paramLabel = "FILE", description = "write a page of HTML with plots; it needs no network")
  private Path page;

  @Option(names = "--compare", paramLabel = "OLD.jsonl", description = "compare the results with rows of an earlier run on this machine")
  private Path old;

  @Option(names = "--fail-on-regression",
      description = "end with exit code 6 where --compare finds something slower, 7 where a control says that the machine was unsteady")
  private boolean failOnRegression;

  private final TextReport text = new TextReport();
  private final List<BenchRow> all = new ArrayList<>();
  private List<BenchRow> oldRows = List.of();
  private Console console;
  private Progress progress;
  private int section = -1;
  private int steps = 1;
  private int done;

  /**
   * Begins a run of a number of sections. Looks at all files first, so that one that cannot be read or written does not cost an hour.
   * Returns this object.
   */
  BenchOutput begin(Console where, int sections) {
    if (failOnRegression && old == null) {
      throw new UsageException("--fail-on-regression: expected --compare OLD.jsonl");
    }
    oldRows = old == null ? List.of() : ResultFile.read(old);
    // Before anything is measured: a place that cannot be written to must not cost an hour.
    if (out != null) {
      OutputFiles.requirePlace("--out", out);
    }
    if (page != null) {
      OutputFiles.requirePlace("--report", page);
    }
    console = where;
    progress = new Progress(console, "bench", (long) sections * SECTION);
    return this;
  }

  /** Appends rows to the file, and prints them, at once: if a long run fails later, its rows so far are kept. */
  @Override
  public void rows(List<BenchRow> rows) {
    if (rows.isEmpty()) {
      return;
    }
    all.addAll(rows);
    List<String> lines = rows.stream().map(ResultFile::line).toList();
    if (out != null) {
      OutputFiles.append("--out", out, (String.join("\n", lines) + "\n").getBytes(StandardCharsets.UTF_8));
    }
    progress.asideOfResults(() -> {
      (json ? lines : text.lines(rows)).forEach(console.out()::line);
      console.out().flush();
    });
  }

  @Override
  public void begin(Section name, int itsSteps) {
    section++;
    steps = itsSteps;
    done = 0;
    progress.reach((long) section * SECTION);
  }

  @Override
  public void step() {
    done = Math.min(steps, done + 1);
    progress.reach((long) section * SECTION + (long) SECTION * done / steps);
  }

  @Override
  public void close() {
    progress.close();
  }

  /** Page and comparison of all rows. Returns the exit code of the command. */
  int finish() {
    List<Comparison.Pair> pairs = Comparison.of(oldRows, all);
    if (page != null) {
      OutputFiles.replace("--report", page, HtmlReport.of(all, pairs).getBytes(StandardCharsets.UTF_8));
      console.say("report: " + page);
    }
    List<String> unsteady = Comparison.unsteady(all);
    unsteady.forEach(line -> console.say("the machine was unsteady: " + line));
    if (old != null) {
      console.say(pairs.size() + " rows have a counterpart in " + old);
      pairs.forEach(pair -> console.say(TextReport.line(pair)));
    }
    if (failOnRegression && !unsteady.isEmpty()) {
      return ExitCode.MACHINE_UNSTEADY;
    }
    if (failOnRegression && pairs.stream().anyMatch(pair -> pair.verdict() == Verdict.SLOWER)) {
      return ExitCode.REGRESSION;
    }
    return all.stream().anyMatch(row -> row.failure() != null) ? ExitCode.PARTLY_DONE : ExitCode.DONE;
  }
}
