package org.conceptclip.batch;

/**
 * How large batches of one kind may be.
 *
 * @param maxCost budget of a batch, in tokens; a request that costs more than this forms a batch by itself
 * @param maxRequests most requests in a batch
 * @param powersOfTwo whether the number of requests must be a power of two: a backend that records one graph per size then has few of
 *     them
 */
public record BatchLimits(int maxCost, int maxRequests, boolean powersOfTwo) {
  public BatchLimits {
    if (maxCost < 1 || maxRequests < 1) {
      throw new IllegalArgumentException("batches of " + maxRequests + " requests and " + maxCost + " tokens, expected at least 1 of each");
    }
  }

  /** Number of requests in the next batch if {@code fitting} requests would fit. */
  int size(int fitting) {
    int most = Math.min(maxRequests, fitting);
    return powersOfTwo ? Integer.highestOneBit(most) : most;
  }
}
