package org.conceptclip.batch;

/**
 * One batch, after its end.
 *
 * @param replica that computed it
 * @param kind of work
 * @param requests in it
 * @param cost of its requests together, in tokens
 * @param maxCost budget of a batch of this kind
 * @param oldestWaitNanos longest time that one of its requests was ready and waited
 * @param computeNanos from its begin on the replica to its end
 * @param retry whether it repeats part of a batch that failed
 * @param failureOrNull why it failed
 */
public record BatchReport<K>(
    String replica,
    K kind,
    int requests,
    long cost,
    int maxCost,
    long oldestWaitNanos,
    long computeNanos,
    boolean retry,
    Throwable failureOrNull) {}
