package org.conceptclip.batch;

import java.time.Duration;
import java.util.Objects;

/**
 * How a batcher trades latency for full batches.
 *
 * @param maxWait how long a ready request waits for others to share its batch while a replica is idle
 * @param queueBatches batches per replica that may be prepared or wait, in addition to the one being computed. This bounds memory and
 *     the waiting time of an accepted request, to about this number of batch times. With 1, a request is answered within {@code
 *     maxWait} plus two batch times
 */
public record BatcherOptions(Duration maxWait, double queueBatches) {
  /** A wait of at most 2 ms, and one batch in the queue. */
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
