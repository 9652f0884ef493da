package org.conceptclip.batch;

import java.util.List;

/**
 * Requests that a replica computes together. The payloads are the replica's to read until it ends the batch; it must not keep them.
 * Thread-safe. Of {@link #done}, {@link #failed} and {@link #lost} the first call counts; a second one is refused.
 */
public interface Batch<K, P, R> {
  K kind();

  /** At least one, in the order in which the results are expected. */
  List<P> payloads();

  /** Costs together, in tokens. */
  long cost();

  /**
   * All were computed.
   *
   * @param results one for each payload, in their order
   */
  void done(List<R> results);

  /**
   * The batch could not be computed; the replica goes on. Its requests are tried again in halves, so that one that cannot be computed
   * fails alone.
   */
  void failed(Throwable failure);

  /**
   * The replica has lost its device: it gets no more batches. Each of the requests is tried once more, alone, on another
   * replica; one that takes that along as well fails.
   */
  void lost(Throwable failure);
}
