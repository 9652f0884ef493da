package org.conceptclip.bench.throughput;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.conceptclip.batch.BatchReport;
import org.conceptclip.batch.WorkKind;
import org.conceptclip.runtime.Detail;
import org.junit.jupiter.api.Test;

class BatchTimesTest {
  private final BatchTimes times = new BatchTimes();

  private void ended(int requests, long computeNanos, Throwable failureOrNull) {
    times.batchEnded(new BatchReport<>("cpu-0", new WorkKind.Images(Detail.FEATURES), requests, 16L * requests, 64, 0, computeNanos,
        false, failureOrNull));
  }

  @Test
  void onlyFullBatchesThatSucceededAreBatchTimes() {
    ended(4, 100, null);
    ended(4, 300, null);
    ended(1, 1, null);
    ended(4, 9, new IllegalStateException("failed at once"));
    assertEquals(2, times.ofSize(4).count());
    assertEquals(100, times.ofSize(4).nanos(0));
    assertEquals(300, times.ofSize(4).nanos(1));
    assertEquals(4, times.batches());
    assertEquals(13 / 4.0, times.meanRequests());
    times.clear();
    assertEquals(0, times.batches());
    assertTrue(Double.isNaN(times.meanRequests()));
  }
}
