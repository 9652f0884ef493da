package org.conceptclip.bench.throughput;

import java.util.ArrayList;
import java.util.List;
import org.conceptclip.batch.BatchListener;
import org.conceptclip.batch.BatchReport;
import org.conceptclip.batch.WorkKind;

/** How long full batches took to compute, as the engine reports them. Thread-safe. */
final class BatchTimes implements BatchListener<WorkKind> {
  private final List<BatchReport<WorkKind>> reports = new ArrayList<>();

  @Override
  public synchronized void batchEnded(BatchReport<WorkKind> report) {
    reports.add(report);
  }

  /** Forgets all batches so far. */
  synchronized void clear() {
    reports.clear();
  }

  synchronized int batches() {
    return reports.size();
  }

  /** Mean number of requests in a batch. */
  synchronized double meanRequests() {
    return reports.stream().mapToInt(BatchReport::requests).average().orElse(Double.NaN);
  }

  /** The times of those batches that had this number of requests. */
  synchronized LatencySummary ofSize(int requests) {
    return LatencySummary.of(reports.stream().filter(report -> report.requests() == requests && report.failureOrNull() == null)
        .mapToLong(BatchReport::computeNanos).toArray());
  }
}
