package org.conceptclip.task;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.OneLine;

/** Checks of class names. */
public final class Labels {
  /** Characters of a label or template that a message repeats. */
  static final int LONGEST = 60;

  private Labels() {}

  /**
   * The labels in their order, without leading and trailing blanks.
   *
   * @throws BadInputException if there is no label, one is blank, or two are equal
   */
  public static List<String> checked(List<String> labels) {
    if (labels.isEmpty()) {
      throw new BadInputException("labels: found none, expected at least one");
    }
    Set<String> seen = new LinkedHashSet<>();
    for (int i = 0; i < labels.size(); i++) {
      String label = labels.get(i).strip();
      if (label.isEmpty()) {
        throw new BadInputException("labels: label " + (i + 1) + " of " + labels.size() + " is empty, expected a class name");
      }
      if (!seen.add(label)) {
        throw new BadInputException("labels: " + OneLine.quoted(label, LONGEST) + " appears twice, expected different class names");
      }
    }
    return List.copyOf(seen);
  }
}
