package org.conceptclip.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.conceptclip.bench.BenchRow;
import org.conceptclip.bench.OpsBenchmark;

/** Benchmark results for people. */
final class BenchTables {
  private BenchTables() {}

  /** Makes lines of rows. */
  interface Table {
    List<String> lines(List<Object> rows);
  }

  /**
   * One op, as a line of a results file.
   *
   * @param peakGflops measured float32 multiply-add peak
   */
  record OpResult(String precision, int threads, double peakGflops, OpsBenchmark.Row result) {}

  static List<String> towers(List<Object> rows) {
    List<String> lines = new ArrayList<>();
    String workload = null;
    BenchRow own = null;
    for (Object each : rows) {
      BenchRow row = (BenchRow) each;
      if (!row.workload().equals(workload)) {
        workload = row.workload();
        own = row;
        lines.add("");
        lines.add(String.format(Locale.ROOT, "%-34s %10s   %-17s %s", workload, row.unit(), "quartiles", "ours is"));
      }
      if (row.failure() != null) {
        lines.add("  " + row.contestant() + ": " + row.failure());
        continue;
      }
      Double ratio = own.ratios().get(row.contestant());
      lines.add(String.format(
          Locale.ROOT,
          "  %-32s %10.3f   %-17s %s",
          row.contestant(),
          row.median(),
          String.format(Locale.ROOT, "%.3f-%.3f", row.low(), row.high()),
          ratio == null ? "" : String.format(Locale.ROOT, "%.2fx", ratio)));
    }
    return lines;
  }

  static List<String> ops(List<Object> rows) {
    List<String> lines = new ArrayList<>();
    lines.add(String.format(Locale.ROOT, "%-13s %-44s %10s %9s %7s %7s", "precision", "op", "us", "GFLOP/s", "% peak", "GB/s"));
    for (Object each : rows) {
      OpResult row = (OpResult) each;
      OpsBenchmark.Row op = row.result();
      lines.add(String.format(Locale.ROOT, "%-13s %-44s %10.1f %9.1f %6.1f%% %7.1f",
          row.precision(), op.op(), op.micros(), op.gflops(), op.percentOfPeak(), op.gigabytes()));
    }
    return lines;
  }
}
