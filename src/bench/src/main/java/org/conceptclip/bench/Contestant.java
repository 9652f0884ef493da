package org.conceptclip.bench;

/** Something that computes workloads and is timed. Not thread-safe. */
public interface Contestant extends AutoCloseable {
  /** Name in tables and results. */
  String name();

  /** Library and version, for results. */
  String version();

  /** What it computes in, by the label of {@code --precision}: float32 unless it says otherwise. */
  default String precision() {
    return "fp32";
  }

  /**
   * Largest difference of a feature from the first contestant's, relative to the features' root mean square, at which both
   * still computed the same model: a thousandth, unless it computes in less than float32.
   */
  default double agreement() {
    return 1e-3;
  }

  /** Loads what the workload needs and builds its inputs; not timed. */
  void prepare(Workload workload);

  /** Computes the prepared workload once. */
  Sample run();

  @Override
  void close();

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
