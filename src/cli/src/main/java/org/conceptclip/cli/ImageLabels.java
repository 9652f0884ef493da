package org.conceptclip.cli;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.conceptclip.probe.LabelTable;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.OneLine;

/** Labels of images by their names in a table: as they were given, or relative to the table, or (without a folder) of the file alone. */
final class ImageLabels {
  private final Map<String, String> byName = new HashMap<>();
  private final Map<Path, String> byPlace = new HashMap<>();

  /**
   * @param table in which the labels are
   * @throws BadInputException if an image has two labels
   */
  ImageLabels(Path table, LabelTable labels) {
    for (int i = 0; i < labels.labels().size(); i++) {
      String image = labels.images().get(i);
      String label = labels.labels().get(i);
      String before = byName.put(image, label);
      if (before != null && !before.equals(label)) {
        throw new BadInputException(Names.readable(table) + ": image " + OneLine.quoted(image) + " has label " + OneLine.quoted(before, 60)
            + " and, in row " + (i + 1) + ", " + OneLine.quoted(label, 60) + ", expected one");
      }
      byPlace.put(place(table.toAbsolutePath().resolveSibling(Names.path(image))), label);
    }
  }

  private static Path place(Path path) {
    return path.toAbsolutePath().normalize();
  }

  /** The label of an image by its name in messages; null if the table has none. */
  String ofOrNull(String image) {
    String label = byName.get(image);
    if (label == null) {
      label = byPlace.get(place(Names.path(image)));
    }
    Path file = Names.path(image).getFileName();
    return label == null && file != null ? byName.get(file.toString()) : label;
  }

}
