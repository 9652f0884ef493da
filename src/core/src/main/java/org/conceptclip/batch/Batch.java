package org.conceptclip.batch;

import java.util.List;

/**
 * Requests that a replica computes together. The replica may read the payloads until it ends the batch, and must not keep them after
 * that. It ends the batch with one call of {@link #done}, {@link #failed} or {@link #lost}; a second call throws {@link
 * IllegalStateException}. Thread-safe.
 */
public interface Batch<K, P, R> {
  K kind();

  /** The payloads, at least one, in the order in which results are expected. */
  List<P> payloads();

  /** The sum of the requests' costs, in tokens. */
  long cost();

  /**
   * Ends the batch with its results.
   *
   * @param results one for each payload, in the order of the payloads
   */
  void done(List<R> results);

  /**
   * Ends a batch that could not be computed. The replica stays in use. The requests are tried again in halves, so that a request that
   * cannot be computed fails alone.
   */
  void failed(Throwable failure);

  /**
   * Ends a batch whose replica has lost its device. The replica gets no more batches. Each request is tried once more, alone, on
   * another replica; if that replica loses its device as well, the request fails.
   */
  void lost(Throwable failure);
}
