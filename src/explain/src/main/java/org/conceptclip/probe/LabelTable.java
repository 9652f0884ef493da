package org.conceptclip.probe;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.conceptclip.data.Row;
import org.conceptclip.data.TableFormat;
import org.conceptclip.data.TableReader;

/**
 * One label a row of a table, and the image that it belongs to if the table says so.
 *
 * @param labels without blanks around them
 * @param images as they are written; empty if no column of images was asked for
 */
public record LabelTable(List<String> labels, List<String> images) {
  public LabelTable {
    labels = List.copyOf(labels);
    images = List.copyOf(images);
  }

  /** Labels of rows that have an order only. */
  public static LabelTable read(Path file, String labelColumn) {
    return read(file, labelColumn, null);
  }

  /**
   * Reads a table, see {@link TableFormat}; a file of another name is taken for CSV.
   *
   * @param imageColumnOrNull null where rows belong to the rows of a matrix of features
   * @throws org.conceptclip.tensor.BadInputException if the table is damaged, has no such column, or a row lacks a value in one of them
   */
  public static LabelTable read(Path file, String labelColumn, String imageColumnOrNull) {
    List<String> labels = new ArrayList<>();
    List<String> images = new ArrayList<>();
    try (TableReader table = TableReader.open(file, format(file))) {
      table.require("--label-column", labelColumn);
      if (imageColumnOrNull != null) {
        table.require("--image-column", imageColumnOrNull);
      }
      while (table.hasNext()) {
        Row row = table.next();
        labels.add(row.text(labelColumn));
        if (imageColumnOrNull != null) {
          images.add(row.text(imageColumnOrNull));
        }
      }
    }
    return new LabelTable(labels, images);
  }

  private static TableFormat format(Path file) {
    String name = file.toString().toLowerCase(Locale.ROOT);
    return List.of(".tsv", ".tab", ".jsonl", ".ndjson", ".json").stream().anyMatch(name::endsWith) ? TableFormat.of(file) : TableFormat.CSV;
  }
}
