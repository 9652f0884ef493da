package org.conceptclip;

import java.util.ArrayDeque;
import java.util.Deque;

/** What has to be closed, in the reverse of the order in which it was opened. Thread-safe. */
final class Owned implements AutoCloseable {
  private final Deque<Runnable> closers = new ArrayDeque<>();

  /** Takes something that was just opened over. */
  synchronized <T> T add(T part, Runnable close) {
    closers.push(close);
    return part;
  }

  /** Closes everything, also when closing a part fails: then the first failure is thrown, with the others in it. */
  @Override
  public synchronized void close() {
    Throwable first = null;
    while (!closers.isEmpty()) {
      try {
        closers.pop().run();
      } catch (Throwable failure) { // the parts below must be closed all the same
        if (first == null) {
          first = failure;
        } else {
          first.addSuppressed(failure);
        }
      }
    }
    if (first != null) {
      throw Calls.unchecked(first);
    }
  }
}
