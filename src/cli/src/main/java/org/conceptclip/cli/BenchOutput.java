package org.conceptclip.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.conceptclip.bench.report.HtmlReport;
import org.conceptclip.bench.report.TextReport;
import org.conceptclip.bench.throughput.BenchRow;
import org.conceptclip.bench.throughput.Comparison;
import org.conceptclip.bench.throughput.Comparison.Verdict;
import org.conceptclip.bench.throughput.ResultFile;
import org.conceptclip.tensor.BadInputException;
import picocli.CommandLine.Option;

/** Output of every benchmark: rows to stdout and to a file as they come, at the end a page and a comparison with older rows. */
final class BenchOutput {
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

  private List<BenchRow> oldRows = List.of();

  /** Begins a run of so many sections. Reads the old rows first, so that a file that cannot be read does not cost an hour. */
  BenchSink begin(Console console, int sections) {
    if (failOnRegression && old == null) {
      throw new UsageException("--fail-on-regression: expected --compare OLD.jsonl");
    }
    oldRows = old == null ? List.of() : ResultFile.read(old);
    return new BenchSink(console, this, sections);
  }

  /** Appends rows to the file, and prints them, at once: if a long run fails later, its rows so far are kept. */
  void report(Console console, TextReport text, List<BenchRow> rows) {
    List<String> lines = rows.stream().map(ResultFile::line).toList();
    if (out != null) {
      write("--out", out, String.join("\n", lines) + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }
    (json ? lines : text.lines(rows)).forEach(console.out()::println);
    console.out().flush();
  }

  /** Page and comparison of all rows. Returns the exit code of the command. */
  int finish(Console console, List<BenchRow> rows) {
    List<Comparison.Pair> pairs = Comparison.of(oldRows, rows);
    if (page != null) {
      write("--report", page, HtmlReport.of(rows, pairs));
      console.say("report: " + page);
    }
    List<String> unsteady = Comparison.unsteady(rows);
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
    return rows.stream().anyMatch(row -> row.failure() != null) ? ExitCode.PARTLY_DONE : ExitCode.DONE;
  }

  private static void write(String option, Path file, String text, StandardOpenOption... how) {
    try {
      Files.createDirectories(file.toAbsolutePath().getParent());
      Files.writeString(file, text, how);
    } catch (IOException e) {
      throw new BadInputException(option + " " + file + ": cannot be written: " + Failures.reason(e), e);
    }
  }
}
