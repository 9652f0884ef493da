package org.conceptclip.batch;

import java.time.Duration;
import java.util.Objects;

/**
 * How a batcher trades latency for full batches.
 *
 * @param maxWait how long a request that is ready waits for others to share its batch while a replica is idle
 * @param queueBatches batches that may wait or be prepared per replica, besides the one that is computed. This bounds memory, and the
 *     time that an accepted request waits: about so many batch times. With 1, it is answered within {@code maxWait} and two batch
 *     times
 */
public record BatcherOptions(Duration maxWait, double queueBatches) {
  /** 2 ms, one batch. */
  public static final BatcherOptions DEFAULT = new BatcherOptions(Duration.ofMillis(2), 1);

  public BatcherOptions {
    Objects.requireNonNull(maxWait, "maxWait");
    if (maxWait.isNegative() || maxWait.compareTo(Duration.ofDays(1)) > 0) {
      throw new IllegalArgumentException("maxWait is " + maxWait + ", expected 0 to a day");
    }
    if (!(queueBatches >= 0.01 && queueBatches <= 1e6)) {
      throw new IllegalArgumentException("queueBatches is " + queueBatches + ", expected 0.01 to 1000000");
    }
  }
}
