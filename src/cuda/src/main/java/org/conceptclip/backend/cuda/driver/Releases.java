package org.conceptclip.backend.cuda.driver;

import java.util.ArrayDeque;
import java.util.Deque;

/** Things to give back, the latest first; one that fails does not keep the others. Not thread-safe. */
final class Releases implements AutoCloseable {
  private final Deque<Runnable> pending = new ArrayDeque<>();

  void add(Runnable release) {
    pending.push(release);
  }

  /** Gives all back; throws the first failure, the others suppressed in it. */
  @Override
  public void close() {
    RuntimeException first = null;
    while (!pending.isEmpty()) {
      try {
        pending.pop().run();
      } catch (RuntimeException e) {
        if (first == null) {
          first = e;
        } else {
          first.addSuppressed(e);
        }
      }
    }
    if (first != null) {
      throw first;
    }
  }
}
