package org.conceptclip.batch;

/**
 * One copy of the model on one device, as the batcher sees it.
 *
 * @param <K> kind of work: requests of equal kinds may share a batch
 * @param <P> what a request brings
 * @param <R> what it gets
 */
public interface Replica<K, P, R> {
  /** For people and metrics. */
  String name();

  /** Batches that it takes at once: more than one where the next is packed and copied while one is computed. */
  int lanes();

  /**
   * Begins a batch, on a thread of its own: returns at once. In the end it calls one of {@link Batch#done}, {@link Batch#failed} and
   * {@link Batch#lost}, once, from any thread.
   */
  void begin(Batch<K, P, R> batch);
}
