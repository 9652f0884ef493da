package org.conceptclip.batch;

/**
 * What a batcher holds at one moment.
 *
 * @param preparing requests that were admitted and whose payload is not there yet
 * @param ready requests that wait for a batch
 * @param computing requests that are with a replica, or between two tries
 * @param heldBatches what all of them hold together, in full batches
 * @param busyLanes lanes that have a batch
 * @param replicas that can compute
 */
public record BatcherSnapshot(
    int preparing, int ready, int computing, double heldBatches, int busyLanes, int replicas) {}
