package org.conceptclip.task;

import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.OneLine;

/**
 * A sentence with one place for a class name, for example {@code a medical image of {}}.
 *
 * @param prefix the text before the class name
 * @param suffix the text after it
 */
public record PromptTemplate(String prefix, String suffix) {
  private static final String PLACE = "{}";

  /** {@value}: the text of {@link #DEFAULT}. */
  public static final String DEFAULT_TEXT = "a medical image of {}";

  /** The template that serves unless another is given: {@value #DEFAULT_TEXT}. */
  public static final PromptTemplate DEFAULT = parse(DEFAULT_TEXT);

  /**
   * Parses a template.
   *
   * @throws BadInputException unless {@code {}} occurs in it exactly once
   */
  public static PromptTemplate parse(String text) {
    int place = text.indexOf(PLACE);
    if (place < 0 || text.indexOf(PLACE, place + PLACE.length()) >= 0) {
      throw new BadInputException("template " + OneLine.quoted(text, Labels.LONGEST) + ": found " + (place < 0 ? "no" : "more than one")
          + " {}, expected exactly one, where the class name goes");
    }
    return new PromptTemplate(text.substring(0, place), text.substring(place + PLACE.length()));
  }

  /** The sentence about {@code label}, and the place of the label in it. */
  public Prompt fill(String label) {
    return new Prompt(prefix + label + suffix, prefix.length(), prefix.length() + label.length());
  }

  @Override
  public String toString() {
    return prefix + PLACE + suffix;
  }
}
