package org.conceptclip.batch;

import java.util.concurrent.CompletableFuture;

/**
 * A place in the batcher, held for an admitted request while its payload is prepared. Its holder must call exactly one of {@link #ready}
 * and {@link #fail}, once; closing the batcher waits for that call. Neither of them fails, not even when memory is short. Thread-safe.
 */
public interface Admission<P, R> {
  /**
   * True if the request was cancelled, has expired or was dropped. Its payload need not be prepared then, but the admission must still be
   * ended. Known before the future's callbacks run.
   */
  boolean isOver();

  /** Whether neither {@link #ready} nor {@link #fail} was called. */
  boolean isOpen();

  /** Hands over the payload, so that the request can enter a batch. The batcher releases the payload, also if the request is over. */
  void ready(P payload);

  /** Reports that the payload could not be prepared. The request fails with {@code failure}. */
  void fail(Throwable failure);

  /** Completes with the result, or exceptionally. Cancelling it removes the request from the queue. */
  CompletableFuture<R> future();
}
