package org.conceptclip.data;

import java.util.List;

/**
 * One item of an evaluation.
 *
 * @param where its file, row and line, to begin a message with
 * @param row number of its row, from 1
 * @param image the image's name, as it stands in the file
 * @param labels what is true of it: one label of a multi-class task, any number of a multi-label one, none of retrieval
 * @param text its caption; empty unless the task is retrieval
 * @param metadata values of the columns that were asked for, in their order; empty texts where a row has none
 */
public record Item(String where, long row, String image, List<String> labels, String text, List<String> metadata) {
  public Item {
    labels = List.copyOf(labels);
    metadata = List.copyOf(metadata);
  }
}
