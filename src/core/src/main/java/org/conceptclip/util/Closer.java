package org.conceptclip.util;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;

/**
 * Owns resources and closes them in the reverse of the order in which they were opened. Every resource is closed, also when closing
 * another one fails: the first failure is thrown, and the others are suppressed in it. Closing again does nothing. A resource that cannot
 * be registered, because memory is short, is closed. Thread-safe.
 */
public final class Closer implements AutoCloseable {
  /** The last one is closed first. */
  private final List<AutoCloseable> resources = new ArrayList<>();

  /** Closes these resources, from the first to the last, as a closer does. */
  public static void closeAll(Collection<? extends AutoCloseable> resources) {
    Closer closer = new Closer();
    closer.resources.addAll(resources);
    Collections.reverse(closer.resources);
    closer.close();
  }

  /** Registers a resource to close. Returns it. */
  public synchronized <T extends AutoCloseable> T own(T resource) {
    return own(resource, resource);
  }

  /** Registers an object and what closes it. Returns the object. */
  public synchronized <T> T own(T object, AutoCloseable close) {
    try {
      resources.add(close);
      return object;
    } catch (Throwable failure) {
      closeAfter(close, failure);
      throw failure;
    }
  }

  /** Closes everything because of a failure that is about to be thrown; what else fails is suppressed in it. */
  public void closeAfter(Throwable failure) {
    closeAfter(this, failure);
  }

  private static void closeAfter(AutoCloseable resource, Throwable failure) {
    try {
      resource.close();
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
        resources.removeLast().close();
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
