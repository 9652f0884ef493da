package org.conceptclip.batch;

import java.util.List;

/** The replicas with their loads: which has room for a batch, and which has the least to do. Not thread-safe. */
final class Stations<K, P, R> {
  private final List<Station<K, P, R>> stations;

  /** A replica and its load. */
  static final class Station<K, P, R> {
    final Replica<K, P, R> replica;
    private int busyLanes;
    private long cost;
    private boolean lost;

    Station(Replica<K, P, R> replica) {
      this.replica = replica;
    }

    private boolean hasRoom() {
      return !lost && busyLanes < replica.lanes();
    }
  }

  Stations(List<? extends Replica<K, P, R>> replicas) {
    if (replicas.isEmpty()) {
      throw new IllegalArgumentException("no replicas, expected at least one");
    }
    stations = replicas.stream().map(replica -> new Station<K, P, R>(replica)).toList();
  }

  /** Of the replicas with room, the one with the least cost to compute; the first one of several; {@code null} if there is none. */
  Station<K, P, R> leastLoaded() {
    Station<K, P, R> least = null;
    for (int i = 0; i < stations.size(); i++) {
      Station<K, P, R> station = stations.get(i);
      if (station.hasRoom() && (least == null || station.cost < least.cost)) {
        least = station;
      }
    }
    return least;
  }

  /** Whether a replica computes no batch. */
  boolean haveIdle() {
    for (int i = 0; i < stations.size(); i++) {
      if (!stations.get(i).lost && stations.get(i).busyLanes == 0) {
        return true;
      }
    }
    return false;
  }

  void begin(Station<K, P, R> station, long cost) {
    station.busyLanes++;
    station.cost += cost;
  }

  void end(Station<K, P, R> station, long cost) {
    station.busyLanes--;
    station.cost -= cost;
  }

  /** Marks a replica as lost, so that it gets no more batches. Returns false if it was already marked. */
  boolean lose(Station<K, P, R> station) {
    boolean first = !station.lost;
    station.lost = true;
    return first;
  }

  int alive() {
    int alive = 0;
    for (int i = 0; i < stations.size(); i++) {
      alive += stations.get(i).lost ? 0 : 1;
    }
    return alive;
  }

  int busy() {
    return stations.stream().mapToInt(station -> station.busyLanes).sum();
  }
}
