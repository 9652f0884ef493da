package org.conceptclip.probe;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.OneLine;

/** Checks of the names of concepts and classes. */
public final class BottleneckNames {
  private static final int SHOWN = 60;

  private BottleneckNames() {}

  /**
   * The names in their order, without leading and trailing blanks.
   *
   * @param what they are names of, in the plural, to begin messages with
   * @throws BadInputException if there is none, one is blank, or two are equal
   */
  public static List<String> checked(String what, List<String> names) {
    if (names.isEmpty()) {
      throw new BadInputException(what + ": found none, expected at least one");
    }
    Set<String> seen = new LinkedHashSet<>();
    for (int i = 0; i < names.size(); i++) {
      String name = names.get(i).strip();
      if (name.isEmpty()) {
        throw new BadInputException(what + ": number " + (i + 1) + " of " + names.size() + " is empty, expected a name");
      }
      if (!seen.add(name)) {
        throw new BadInputException(what + ": " + OneLine.quoted(name, SHOWN) + " appears twice, expected different names");
      }
    }
    return List.copyOf(seen);
  }
}
