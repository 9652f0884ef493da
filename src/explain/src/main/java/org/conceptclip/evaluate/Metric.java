package org.conceptclip.evaluate;

/** The figures of a whole set that a {@link ClassificationReport} has, and that two runs can be compared by. */
public enum Metric {
  ACCURACY("accuracy"),
  BALANCED_ACCURACY("balanced_accuracy"),
  AUROC_MACRO("auroc_macro"),
  AVERAGE_PRECISION_MACRO("average_precision_macro"),
  F1_MACRO("f1_macro"),
  ECE("ece");

  private final String key;

  Metric(String key) {
    this.key = key;
  }

  /** Its name in JSON. */
  public String key() {
    return key;
  }
}
