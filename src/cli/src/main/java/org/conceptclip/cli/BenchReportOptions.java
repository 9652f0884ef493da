package org.conceptclip.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.conceptclip.bench.report.Figures;
import org.conceptclip.bench.report.HtmlReport;
import org.conceptclip.bench.throughput.Comparison;
import org.conceptclip.bench.throughput.Comparison.Verdict;
import org.conceptclip.bench.throughput.ResultFile;
import org.conceptclip.bench.throughput.ThroughputRow;
import org.conceptclip.tensor.BadInputException;
import picocli.CommandLine.Option;

/** What becomes of all rows in the end: a page, and a comparison with older ones. */
final class BenchReportOptions {
  @Option(names = "--report", paramLabel = "FILE", description = "write a page of HTML with plots; it needs no network")
  private Path page;

  @Option(names = "--compare", paramLabel = "OLD.jsonl", description = "hold the results against rows of an earlier run on this machine")
  private Path old;

  @Option(names = "--fail-on-regression",
      description = "end with exit code 6 where --compare finds something slower, 7 where a control says that the machine was unsteady")
  private boolean failOnRegression;

  private List<ThroughputRow> oldRows = List.of();

  /** Before anything is measured: a file that cannot be read must not cost an hour. */
  void readOld() {
    if (failOnRegression && old == null) {
      throw new UsageException("--fail-on-regression: expected --compare OLD.jsonl");
    }
    oldRows = old == null ? List.of() : ResultFile.read(old);
  }

  /** Reports, and says with what exit code the command ends. */
  int finish(Console console, List<ThroughputRow> rows) {
    List<Comparison.Pair> pairs = Comparison.of(oldRows, rows);
    if (page != null) {
      write(HtmlReport.of(rows, pairs));
      console.say("report: " + page);
    }
    List<String> unsteady = Comparison.unsteady(rows);
    unsteady.forEach(line -> console.say("the machine was unsteady: " + line));
    if (old != null) {
      console.say(pairs.size() + " rows have a counterpart in " + old);
      pairs.forEach(pair -> console.say(line(pair)));
    }
    boolean failed = rows.stream().anyMatch(row -> row.failure() != null);
    if (failOnRegression && !unsteady.isEmpty()) {
      return ExitCode.MACHINE_UNSTEADY;
    }
    if (failOnRegression && pairs.stream().anyMatch(pair -> pair.verdict() == Verdict.SLOWER)) {
      return ExitCode.REGRESSION;
    }
    return failed ? ExitCode.PARTLY_DONE : ExitCode.DONE;
  }

  private static String line(Comparison.Pair pair) {
    ThroughputRow row = pair.row();
    return String.format(Locale.ROOT, "%s, %s: %s -> %s %s, %.2fx: %s%s", row.workload(), row.contestant(),
        Figures.of(pair.oldMedian()), Figures.of(row.median()), row.unit(), pair.speedup(), pair.verdict().words(),
        pair.reason() == null ? "" : " (" + pair.reason() + ")");
  }

  private void write(String html) {
    try {
      Files.createDirectories(page.toAbsolutePath().getParent());
      Files.writeString(page, html);
    } catch (IOException e) {
      throw new BadInputException("--report " + page + ": cannot be written: " + Failures.reason(e), e);
    }
  }
}
