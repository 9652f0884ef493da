package org.conceptclip.batch;

import java.util.concurrent.CompletableFuture;

/**
 * A place that a request was promised, held while its payload is prepared. Exactly one of {@link #ready} and {@link #fail} must follow,
 * once: closing the batcher waits for it. Thread-safe.
 */
public interface Admission<P, R> {
  /** Whether nobody waits for it any more (cancelled, expired): preparing it would be wasted. It must still be ended. */
  boolean isOver();

  /** The payload is there: the request may enter a batch. The batcher releases the payload, also when the request is over. */
  void ready(P payload);

  /** There will be no payload; the request fails with this. */
  void fail(Throwable failure);

  /** Ends with the result, or exceptionally. Cancelling it takes the request out of the queue. */
  CompletableFuture<R> future();
}
