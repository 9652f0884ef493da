package org.conceptclip.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.conceptclip.bench.BenchRow;
import org.conceptclip.bench.DeviceOpsBenchmark;
import org.conceptclip.bench.DeviceRoof;
import org.conceptclip.bench.Gpu;
import org.conceptclip.bench.MultiplyAddPeak;
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
   * @param peak measured in the same run; {@code null} when it could not be
   */
  record OpResult(String precision, int threads, MultiplyAddPeak peak, OpsBenchmark.Row result) {}

  /**
   * One op on a device, as a line of a results file.
   *
   * @param device the backend's description
   * @param gpu as nvidia-smi tells it; {@code null} where none computed
   * @param roof of the data sheet; {@code null} where it is not known
   */
  record DeviceOpResult(
      String device, Gpu gpu, DeviceRoof roof, String commit, String precision, DeviceOpsBenchmark.Row result) {}

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
    lines.add(String.format(Locale.ROOT, "%-13s %-40s %9s %8s %7s %6s  %s", "precision", "op", "us", "GFLOP/s", "% peak", "GB/s",
        "what limits it"));
    for (Object each : rows) {
      OpResult row = (OpResult) each;
      OpsBenchmark.Row op = row.result();
      lines.add(String.format(Locale.ROOT, "%-13s %-40s %9.0f %8.1f %7s %6.1f  %s",
          row.precision(), op.op(), op.micros(), op.gflops(), percent(op.percentOfPeak()), op.gigabytes(), op.limit()));
    }
    return lines;
  }

  static List<String> deviceOps(List<Object> rows) {
    List<String> lines = new ArrayList<>();
    lines.add(((DeviceOpResult) rows.getFirst()).device());
    lines.add(String.format(Locale.ROOT, "%-52s %10s %9s %9s %8s %8s %7s  %s", "op", "us", "GFLOP", "MB", "TFLOP/s", "GB/s", "% roof",
        "roof"));
    for (Object each : rows) {
      DeviceOpsBenchmark.Row op = ((DeviceOpResult) each).result();
      lines.add(String.format(Locale.ROOT, "%-52s %10.1f %9.2f %9.1f %8s %8s %7s  %s", op.op(), op.micros(), op.gigaflop(),
          op.megabytes(), number("%.1f", op.teraflops()), number("%.0f", op.gigabytes()), percent(op.percentOfRoof()),
          op.roof() == null ? "" : op.roof()));
    }
    return lines;
  }

  private static String percent(Double valueOrNull) {
    return number("%.1f%%", valueOrNull);
  }

  private static String number(String format, Double valueOrNull) {
    return valueOrNull == null ? "" : String.format(Locale.ROOT, format, valueOrNull);
  }
}
