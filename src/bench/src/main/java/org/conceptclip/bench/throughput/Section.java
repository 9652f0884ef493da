package org.conceptclip.bench.throughput;

/** The part of the benchmarks that a row belongs to: a heading of the report. */
public enum Section {
  TOWERS("Towers, one call for each batch"),
  IMAGES("Images, from memory and end to end from JPEG files"),
  STAGES("Stages of the end-to-end run"),
  TEXTS("Texts"),
  SWEEP("Batch sizes and precisions"),
  LATENCY("Latency under open-loop load"),
  QUEUE("Queueing overhead, null backend"),
  OPS("Single ops"),
  AB("A against B"),
  SOAK("Soak"),
  LOAD("Loading a model");

  private final String title;

  Section(String title) {
    this.title = title;
  }

  /** Whether each row is a workload of its own, as each op is. */
  public boolean hasWorkloadOfEachRow() {
    return this == OPS;
  }

  /** For people. */
  public String title() {
    return title;
  }
}
