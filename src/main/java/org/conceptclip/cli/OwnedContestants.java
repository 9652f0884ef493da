package org.conceptclip.cli;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.conceptclip.bench.Contestant;

/** The contestants of a benchmark, ours first, with the backends and encoders behind them; closes all in reverse order. */
final class OwnedContestants implements AutoCloseable {
  private final Deque<AutoCloseable> owned = new ArrayDeque<>();
  private final List<Contestant> contestants = new ArrayList<>();

  /** Takes ownership of something that contestants need. */
  <T extends AutoCloseable> T own(T resource) {
    owned.push(resource);
    return resource;
  }

  /** Takes ownership of a contestant and lets it run. */
  void add(Contestant contestant) {
    contestants.add(own(contestant));
  }

  /** In the order of {@link #add}. */
  List<Contestant> all() {
    return contestants;
  }

  @Override
  public void close() {
    while (!owned.isEmpty()) {
      try {
        owned.pop().close();
      } catch (Exception e) {
        throw new IllegalStateException("closing a contestant failed", e);
      }
    }
  }
}
