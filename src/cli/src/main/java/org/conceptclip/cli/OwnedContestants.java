package org.conceptclip.cli;

import java.util.ArrayList;
import java.util.List;
import org.conceptclip.bench.Contestant;
import org.conceptclip.bench.OwnedResources;

/** The contestants of a benchmark, ours first, with the backends and encoders behind them; closes all in reverse order. */
final class OwnedContestants implements AutoCloseable {
  private final OwnedResources owned = new OwnedResources();
  private final List<Contestant> contestants = new ArrayList<>();

  /** Takes ownership of something that contestants need. */
  <T extends AutoCloseable> T own(T resource) {
    return owned.own(resource);
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
    owned.close();
  }
}
