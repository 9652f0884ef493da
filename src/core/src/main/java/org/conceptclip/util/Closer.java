package org.conceptclip.util;

import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;

/**
 * Owns resources and closes them in the reverse of the order in which they were opened. Every resource is closed, also when closing
 * another one fails: the first failure is thrown, and the others are suppressed in it. Closing again does nothing. Thread-safe.
 */
public final class Closer implements AutoCloseable {
  private final Deque<AutoCloseable> resources = new ArrayDeque<>();

  /** Closes these resources, from the first to the last, as a closer does. */
  public static void closeAll(Collection<? extends AutoCloseable> resources) {
    Closer closer = new Closer();
    closer.resources.addAll(resources);
    closer.close();
  }

  /** Registers a resource to close. Returns it. */
  public synchronized <T extends AutoCloseable> T own(T resource) {
    resources.push(resource);
    return resource;
  }

  /** Registers an object and what closes it. Returns the object. */
  public synchronized <T> T own(T object, AutoCloseable close) {
    resources.push(close);
    return object;
  }

  /** Closes everything because of a failure that is about to be thrown; what else fails is suppressed in it. */
  public void closeAfter(Throwable failure) {
    try {
      close();
    } catch (Throwable second) { // the first failure is the one to report
      if (second != failure) {
        failure.addSuppressed(second);
      }
    }
  }

  /** Throws the first failure as it is if it is unchecked, else as the cause of an {@link IllegalStateException}. */
  @Override
  public synchronized void close() {
    Throwable first = null;
    while (!resources.isEmpty()) {
      try {
        resources.pop().close();
      } catch (Throwable failure) { // the resources below must be closed all the same
        if (failure instanceof InterruptedException) {
          Thread.currentThread().interrupt();
        }
        if (first == null) {
          first = failure;
        } else if (first != failure) {
          first.addSuppressed(failure);
        }
      }
    }
    switch (first) {
      case null -> { }
      case RuntimeException failure -> throw failure;
      case Error failure -> throw failure;
      default -> throw new IllegalStateException("closing failed: " + first, first);
    }
  }
}
