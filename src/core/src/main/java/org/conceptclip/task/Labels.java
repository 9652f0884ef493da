package org.conceptclip.task;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.OneLine;

/** Checks of class names, and of other names that a user gives. */
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
    return checked("labels", "label", "class name", labels);
  }

  /**
   * Names of any kind in their order, without leading and trailing blanks.
   *
   * @param what they are, in the plural: messages begin with it
   * @param one of them, before its number: {@code label} in "label 2 of 3"
   * @param noun what each is expected to be: {@code class name}
   * @throws BadInputException if there is none, one is blank, or two are equal
   */
  public static List<String> checked(String what, String one, String noun, List<String> names) {
    if (names.isEmpty()) {
      throw new BadInputException(what + ": found none, expected at least one");
    }
    Set<String> seen = new LinkedHashSet<>();
    for (int i = 0; i < names.size(); i++) {
      String name = names.get(i).strip();
      if (name.isEmpty()) {
        throw new BadInputException(what + ": " + one + " " + (i + 1) + " of " + names.size() + " is empty, expected a " + noun);
      }
      if (!seen.add(name)) {
        throw new BadInputException(what + ": " + OneLine.quoted(name, LONGEST) + " appears twice, expected different " + noun + "s");
      }
    }
    return List.copyOf(seen);
  }
}
