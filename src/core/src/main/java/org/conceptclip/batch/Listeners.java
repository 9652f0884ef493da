package org.conceptclip.batch;

import java.util.List;
import java.util.function.Consumer;

/** Passes each call on to several listeners, in order. */
record Listeners(List<BatchListener<WorkKind>> all) implements BatchListener<WorkKind> {
  private void tell(Consumer<BatchListener<WorkKind>> what) {
    all.forEach(what);
  }

  @Override
  public void admitted(WorkKind kind, Priority priority, int cost) {
    tell(listener -> listener.admitted(kind, priority, cost));
  }

  @Override
  public void refused(WorkKind kind, Priority priority, int cost) {
    tell(listener -> listener.refused(kind, priority, cost));
  }

  @Override
  public void ended(WorkKind kind, Priority priority, Ending ending, long waitNanos, long totalNanos) {
    tell(listener -> listener.ended(kind, priority, ending, waitNanos, totalNanos));
  }

  @Override
  public void batchBegan(WorkKind kind, String replica, int requests, long cost) {
    tell(listener -> listener.batchBegan(kind, replica, requests, cost));
  }

  @Override
  public void batchEnded(BatchReport<WorkKind> report) {
    tell(listener -> listener.batchEnded(report));
  }

  @Override
  public void replicaLost(String replica, Throwable cause) {
    tell(listener -> listener.replicaLost(replica, cause));
  }
}
