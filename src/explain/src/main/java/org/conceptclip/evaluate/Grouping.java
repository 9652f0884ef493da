package org.conceptclip.evaluate;

import java.util.List;

/**
 * A column of metadata that splits the items into groups.
 *
 * @param column its name
 * @param values the value of each item [N]; an empty text is a value like any other
 */
public record Grouping(String column, List<String> values) {
  public Grouping {
    values = List.copyOf(values);
  }
}
