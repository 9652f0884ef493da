package org.conceptclip.batch;

/**
 * How large batches of one kind may be.
 *
 * @param maxCost budget of a batch, in tokens; a single request that costs more goes alone
 * @param maxRequests in a batch at most
 * @param powersOfTwo whether the requests of a batch must be a power of two, so that few sizes occur: each is one recorded graph
 */
public record BatchLimits(int maxCost, int maxRequests, boolean powersOfTwo) {
  public BatchLimits {
    if (maxCost < 1 || maxRequests < 1) {
      throw new IllegalArgumentException(
          "batches of " + maxRequests + " requests and " + maxCost + " tokens, expected at least 1 of each");
    }
  }

  /** Requests of the next batch when so many would fit it: all, or the largest size that is allowed. */
  int size(int fitting) {
    int most = Math.min(maxRequests, fitting);
    return powersOfTwo ? Integer.highestOneBit(most) : most;
  }
}
