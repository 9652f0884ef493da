package org.conceptclip.bench.throughput;

import org.conceptclip.bench.Contestant;

/**
 * What was measured. Parts that do not apply are {@code null}: a queue in front of a null backend has no precision.
 *
 * @param model as it was named
 * @param backend its short name
 * @param device the backend's description: library, instruction set or device, threads
 * @param precision label of what it computed in
 * @param threads of the CPU backend
 * @param batch most images or texts of a batch
 */
public record Subject(String model, String backend, String device, String precision, Integer threads, Integer batch) {

  /** A contestant that is not ours. Its version is not asked for yet: it may not even have started. */
  static Subject ofPeer(String model, Contestant peer, Integer batch) {
    return new Subject(model, peer.name(), null, peer.precision(), null, batch);
  }

  /** The same at another batch size. */
  public Subject withBatch(Integer other) {
    return new Subject(model, backend, device, precision, threads, other);
  }

  /** The same with a description of the backend. */
  Subject withDevice(String other) {
    return new Subject(model, backend, other, precision, threads, batch);
  }
}
