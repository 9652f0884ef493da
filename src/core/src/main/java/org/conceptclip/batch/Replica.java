package org.conceptclip.batch;

/**
 * One copy of the model on one device.
 *
 * @param <K> kind of work: requests of equal kinds may share a batch
 * @param <P> payload of a request
 * @param <R> result of a request
 */
public interface Replica<K, P, R> {
  /** Name in messages and metrics. */
  String name();

  /** Number of batches that it takes at once. More than one if the next batch can be packed and copied while one is computed. */
  int lanes();

  /**
   * Starts a batch on a thread of the replica and returns at once. When the batch ends, the replica calls exactly one of {@link
   * Batch#done}, {@link Batch#failed} and {@link Batch#lost}, once, from any thread.
   */
  void begin(Batch<K, P, R> batch);
}
