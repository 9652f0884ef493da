package org.conceptclip.bench.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.conceptclip.bench.Gpu;
import org.conceptclip.bench.throughput.BenchRow;
import org.conceptclip.bench.throughput.Origin;

/**
 * The state of a GPU at one moment, which all rows of one measurement carry.
 *
 * @param date of the reading
 * @param gpu as it was read
 * @param after section and workload of the measurements that it was read after, each once
 */
record ClockReading(String date, Gpu gpu, List<String> after) {
  /** The readings of rows, in their order; none where no GPU computed. */
  static List<ClockReading> of(List<BenchRow> rows) {
    Map<Origin, Set<String>> measurements = new LinkedHashMap<>();
    for (BenchRow row : rows) {
      if (row.origin().gpu() != null) {
        Integer batch = row.subject().batch();
        // Single ops are workloads of their own, and are read after once.
        String what = row.section().title() + (row.section().hasWorkloadOfEachRow() ? "" : ": " + row.workload())
            + (batch == null ? "" : ", batch " + batch);
        measurements.computeIfAbsent(row.origin(), origin -> new LinkedHashSet<>()).add(what);
      }
    }
    List<ClockReading> readings = new ArrayList<>();
    measurements.forEach((origin, after) -> readings.add(new ClockReading(origin.date(), origin.gpu(), List.copyOf(after))));
    return readings;
  }
}
