package org.conceptclip.batch;

/**
 * What is known of a batch after its end.
 *
 * @param replica name of the replica that computed it
 * @param kind kind of work
 * @param requests number of requests
 * @param cost sum of the requests' costs, in tokens
 * @param maxCost budget of a batch of this kind, in tokens
 * @param oldestWaitNanos longest time that one of its requests waited after its payload was ready
 * @param computeNanos from its start on the replica to its end
 * @param retry whether it repeats a part of a batch that failed
 * @param failureOrNull why it failed; {@code null} if it succeeded
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
