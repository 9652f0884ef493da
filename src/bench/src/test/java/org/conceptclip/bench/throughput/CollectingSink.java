package org.conceptclip.bench.throughput;

import java.util.ArrayList;
import java.util.List;

/** Keeps rows, and counts steps. */
final class CollectingSink implements Session.Sink {
  final List<BenchRow> rows = new ArrayList<>();
  int steps;
  int announced;

  @Override
  public void rows(List<BenchRow> some) {
    rows.addAll(some);
  }

  @Override
  public void begin(Section section, int itsSteps) {
    announced += itsSteps;
  }

  @Override
  public void step() {
    steps++;
  }
}
