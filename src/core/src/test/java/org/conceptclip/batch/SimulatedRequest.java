package org.conceptclip.batch;

/** A request in a simulation, which is its own payload. */
record SimulatedRequest(
    int id, SimulatedKind kind, int cost, RequestOptions options, boolean poisoned, long submittedNanos) {

  /** What nobody else gets. */
  int answer() {
    return 1_000_003 * (id + 1);
  }

  long deadlineNanos() {
    return options.timeout().map(timeout -> submittedNanos + timeout.toNanos()).orElse(Long.MAX_VALUE);
  }
}
