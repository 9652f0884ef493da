package org.conceptclip.bench.throughput;

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

  /** The same at another batch size. */
  public Subject withBatch(Integer other) {
    return new Subject(model, backend, device, precision, threads, other);
  }
}
