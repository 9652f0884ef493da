package org.conceptclip.bench;

/** Something that computes workloads and is timed. Not thread-safe. */
public interface Contestant extends AutoCloseable {
  /** Name in tables and results. */
  String name();

  /** Library and version, for results. */
  String version();

  /** The precision that it computes in, by the label of {@code --precision}; the default is float32. */
  default String precision() {
    return "fp32";
  }

  /**
   * Largest difference of a feature from the first contestant's at which both are said to compute the same model, relative to the root
   * mean square of the features: 0.001 for float32 and above, 0.1 for a lower precision.
   */
  default double agreement() {
    return precision().equals("fp32") || precision().equals("fp64") ? 1e-3 : 0.1;
  }

  /** Loads what the workload needs and builds its inputs; not timed. */
  void prepare(Workload workload);

  /** Computes the prepared workload. */
  Sample run();

  /**
   * Computes the prepared workload so many times in a row, the next as soon as the contestant can take it, and waits for the last.
   *
   * @return the time of all of them; by default, one is computed after the other
   */
  default Sample stream(int passes) {
    long nanos = 0;
    Sample last = null;
    for (int pass = 0; pass < passes; pass++) {
      last = run();
      nanos += last.nanos();
    }
    return new Sample(nanos, last.values());
  }

  /** Releases what {@link #prepare} loaded; nothing by default. */
  @Override
  default void close() {}

  /**
   * One run.
   *
   * @param nanos wall time of the computation, without building inputs
   * @param values the first raw features of the last item, to prove that all contestants compute the same model
   */
  record Sample(long nanos, float[] values) {
    /** Features that a sample carries. */
    public static final int VALUES = 16;
  }
}
