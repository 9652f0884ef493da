package org.conceptclip.batch;

/**
 * The requests in a batcher at one moment.
 *
 * @param preparing admitted requests whose payload is not ready
 * @param ready requests that wait for a batch
 * @param computing requests in a batch on a replica, or waiting to be tried again
 * @param heldBatches the cost of all these requests, in full batches
 * @param busyLanes lanes that are computing a batch
 * @param replicas replicas that can compute
 */
public record BatcherSnapshot(int preparing, int ready, int computing, double heldBatches, int busyLanes, int replicas) {}
