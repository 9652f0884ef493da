package org.conceptclip.data;

import java.util.List;
import org.conceptclip.util.Labelled;

/**
 * Whose names the columns of a data set have. Source of those that are not our own: the official repository's {@code
 * downstream_evaluation}, the scripts and files that each constant names.
 */
public enum Layout implements Labelled {
  /** A table with the columns {@code image} and {@code label}; other names are given by options. */
  CSV("image", "label", "caption", Task.MULTICLASS),
  /**
   * {@code medical_image_diagnosis/data/meta/011_SIIM-ACR_CLS_CLIP_Test.json}: {@code label_set} and {@code annotations} with {@code
   * image}, {@code label_text} (the class) and {@code label} (an array, for several labels).
   */
  SIIM_ACR("image", "label_text", "caption", Task.MULTICLASS),
  /** {@code medical_concept_annotation/data/meta/meta_test.csv}: {@code derm} is the image, and seven columns of concepts are 0 or 1. */
  DERM7PT("derm", null, "caption", Task.ANNOTATION),
  /** {@code cross_modal_retrieval/data/meta/quilt1m_test.jsonl}: pairs of {@code image} and {@code caption}. */
  RETRIEVAL("image", null, "caption", Task.RETRIEVAL);

  /** The concepts of {@link #DERM7PT}; their columns have underscores for blanks. */
  public static final List<String> DERM7PT_CONCEPTS = List.of("pigment network", "streaks", "pigmentation", "regression structures",
      "dots and globules", "blue whitish veil", "vascular structures");

  private final String image;
  private final String labelOrNull;
  private final String text;
  private final Task task;

  Layout(String image, String labelOrNull, String text, Task task) {
    this.image = image;
    this.labelOrNull = labelOrNull;
    this.text = text;
    this.task = task;
  }

  /** The task that the data are for, unless another is asked for. */
  public Task task() {
    return task;
  }

  String image() {
    return image;
  }

  /** The column of labels; null where there are several, one a label, or none. */
  String labelOrNull(Task wanted) {
    return this == SIIM_ACR && wanted == Task.MULTILABEL ? "label" : labelOrNull;
  }

  String text() {
    return text;
  }

  /** The layout that a table's columns look like. */
  static Layout of(TableFormat format, List<String> columns) {
    if (format == TableFormat.ANNOTATIONS) {
      return SIIM_ACR;
    }
    if (columns.contains(DERM7PT.image) && columns.containsAll(DERM7PT_CONCEPTS.stream().map(Layout::column).toList())) {
      return DERM7PT;
    }
    return columns.contains(RETRIEVAL.image) && columns.contains(RETRIEVAL.text) && !columns.contains(CSV.labelOrNull) ? RETRIEVAL : CSV;
  }

  /** The column of a concept. */
  static String column(String concept) {
    return concept.replace(' ', '_');
  }
}
