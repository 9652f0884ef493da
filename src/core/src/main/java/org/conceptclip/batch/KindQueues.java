package org.conceptclip.batch;

/**
 * The queues of all kinds that requests are in, found by kind, and in the order of their making. A hash table that is linked through the
 * queues: removing a queue neither allocates nor calls {@code equals} of a kind, which is foreign code and may fail. Not thread-safe.
 */
final class KindQueues<K, P, R> {
  private KindQueue<K, P, R>[] buckets = newBuckets(16);
  private KindQueue<K, P, R> first;
  private KindQueue<K, P, R> last;
  private int size;

  @SuppressWarnings("unchecked") // only queues of this type are put into it
  private static <K, P, R> KindQueue<K, P, R>[] newBuckets(int count) {
    return (KindQueue<K, P, R>[]) new KindQueue<?, ?, ?>[count];
  }

  /** The first queue; {@code null} if there is none. The next ones follow by {@link KindQueue#newer}. */
  KindQueue<K, P, R> first() {
    return first;
  }

  /** The queue of a kind, made if there is none. Changes nothing if it fails. */
  KindQueue<K, P, R> of(K kind, BatchLimits limits) {
    int hash = kind.hashCode();
    for (KindQueue<K, P, R> queue = buckets[bucket(hash)]; queue != null; queue = queue.nextInBucket) {
      if (queue.hash == hash && queue.kind.equals(kind)) {
        return queue;
      }
    }
    KindQueue<K, P, R> made = new KindQueue<>(kind, hash, limits);
    if (size >= buckets.length) {
      grow();
    }
    add(made);
    return made;
  }

  private int bucket(int hash) {
    return (hash ^ hash >>> 16) & buckets.length - 1;
  }

  private void grow() {
    KindQueue<K, P, R>[] more = newBuckets(2 * buckets.length);
    buckets = more;
    for (KindQueue<K, P, R> queue = first; queue != null; queue = queue.newer) {
      putIntoBucket(queue);
    }
  }

  private void putIntoBucket(KindQueue<K, P, R> queue) {
    queue.nextInBucket = buckets[bucket(queue.hash)];
    buckets[bucket(queue.hash)] = queue;
  }

  private void add(KindQueue<K, P, R> queue) {
    putIntoBucket(queue);
    queue.older = last;
    if (last == null) {
      first = queue;
    } else {
      last.newer = queue;
    }
    last = queue;
    queue.isListed = true;
    size++;
  }

  /** Removes a queue without requests, so that it does not stay for ever. One that was removed before stays as it is. */
  void forgetIfUnused(KindQueue<K, P, R> queue) {
    if (!queue.isListed || !queue.isUnused()) {
      return;
    }
    queue.isListed = false;
    size--;
    removeFromBucket(queue);
    if (queue.older == null) {
      first = queue.newer;
    } else {
      queue.older.newer = queue.newer;
    }
    if (queue.newer == null) {
      last = queue.older;
    } else {
      queue.newer.older = queue.older;
    }
  }

  private void removeFromBucket(KindQueue<K, P, R> queue) {
    int bucket = bucket(queue.hash);
    if (buckets[bucket] == queue) {
      buckets[bucket] = queue.nextInBucket;
      return;
    }
    KindQueue<K, P, R> before = buckets[bucket];
    while (before.nextInBucket != queue) {
      before = before.nextInBucket;
    }
    before.nextInBucket = queue.nextInBucket;
  }

  /** Requests that are ready. */
  int ready() {
    int ready = 0;
    for (KindQueue<K, P, R> queue = first; queue != null; queue = queue.newer) {
      ready += queue.ready();
    }
    return ready;
  }
}
