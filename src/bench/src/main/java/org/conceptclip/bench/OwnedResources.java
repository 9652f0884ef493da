package org.conceptclip.bench;

import java.util.ArrayDeque;
import java.util.Deque;

/** What a benchmark has opened, to be closed in reverse order. Not thread-safe. */
public final class OwnedResources implements AutoCloseable {
  private final Deque<AutoCloseable> owned = new ArrayDeque<>();

  /** Takes ownership of something that was just opened. */
  public <T extends AutoCloseable> T own(T resource) {
    owned.push(resource);
    return resource;
  }

  @Override
  public void close() {
    while (!owned.isEmpty()) {
      try {
        owned.pop().close();
      } catch (Exception e) {
        throw new IllegalStateException("closing what was measured failed", e);
      }
    }
  }
}
