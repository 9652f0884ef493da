package org.conceptclip.batch;

/**
 * Requests in a row, linked through themselves, so that no operation allocates. A request is in one chain at most: of those in preparation,
 * of the ready ones of its kind, or of those to be tried again. Not thread-safe.
 */
final class Chain<K, P, R> {
  private PendingRequest<K, P, R> first;
  private PendingRequest<K, P, R> last;
  private int size;

  boolean isEmpty() {
    return size == 0;
  }

  int size() {
    return size;
  }

  /** The first request; {@code null} if there is none. The next ones follow by {@link PendingRequest#newer}. */
  PendingRequest<K, P, R> first() {
    return first;
  }

  void addLast(PendingRequest<K, P, R> request) {
    request.older = last;
    if (last == null) {
      first = request;
    } else {
      last.newer = request;
    }
    last = request;
    size++;
  }

  void addFirst(PendingRequest<K, P, R> request) {
    request.newer = first;
    if (first == null) {
      last = request;
    } else {
      first.older = request;
    }
    first = request;
    size++;
  }

  /** Removes a request, which must be in this chain. */
  void remove(PendingRequest<K, P, R> request) {
    if (request.older == null) {
      first = request.newer;
    } else {
      request.older.newer = request.newer;
    }
    if (request.newer == null) {
      last = request.older;
    } else {
      request.newer.older = request.older;
    }
    request.older = null;
    request.newer = null;
    size--;
  }
}
