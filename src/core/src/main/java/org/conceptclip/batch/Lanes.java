package org.conceptclip.batch;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** The replicas, and which has room for a batch. Not thread-safe. */
final class Lanes<K, P, R> {
  private final List<Station<K, P, R>> stations;

  /** A replica and what it is doing. */
  static final class Station<K, P, R> {
    final Replica<K, P, R> replica;
    private final int number;
    private int busyLanes;
    private long cost;
    private boolean lost;

    Station(Replica<K, P, R> replica, int number) {
      this.replica = replica;
      this.number = number;
    }

    private boolean hasRoom() {
      return !lost && busyLanes < replica.lanes();
    }
  }

  Lanes(List<? extends Replica<K, P, R>> replicas) {
    if (replicas.isEmpty()) {
      throw new IllegalArgumentException("no replicas, expected at least one");
    }
    stations = IntStream.range(0, replicas.size())
        .mapToObj(i -> new Station<K, P, R>(replicas.get(i), i))
        .toList();
  }

  /** The replica with room that has least to do, by cost; of several the first. */
  Optional<Station<K, P, R>> leastLoaded() {
    return stations.stream()
        .filter(Station::hasRoom)
        .min(Comparator.<Station<K, P, R>>comparingLong(station -> station.cost).thenComparingInt(station -> station.number));
  }

  boolean haveRoom() {
    for (Station<K, P, R> station : stations) {
      if (station.hasRoom()) {
        return true;
      }
    }
    return false;
  }

  /** Whether a replica has nothing to do at all. */
  boolean haveIdle() {
    for (Station<K, P, R> station : stations) {
      if (!station.lost && station.busyLanes == 0) {
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

  /** No more batches for this one. False when that was known. */
  boolean lose(Station<K, P, R> station) {
    boolean first = !station.lost;
    station.lost = true;
    return first;
  }

  int alive() {
    return (int) stations.stream().filter(station -> !station.lost).count();
  }

  int busy() {
    return stations.stream().mapToInt(station -> station.busyLanes).sum();
  }
}
