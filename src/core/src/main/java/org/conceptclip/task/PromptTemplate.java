package org.conceptclip.task;

import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.OneLine;

/**
 * A sentence with one place for a class name, for example {@code a medical image of {}}.
 *
 * @param prefix what stands before the class name
 * @param suffix what stands after it
 */
public record PromptTemplate(String prefix, String suffix) {
  private static final String PLACE = "{}";

  /** {@code a medical image of {}}: what to take when nobody has a better one. */
  public static final PromptTemplate DEFAULT = parse("a medical image of {}");

  /**
   * The template written as {@code text}.
   *
   * @throws BadInputException unless {@code {}} stands in it exactly once
   */
  public static PromptTemplate parse(String text) {
    int place = text.indexOf(PLACE);
    if (place < 0 || text.indexOf(PLACE, place + PLACE.length()) >= 0) {
      throw new BadInputException("template " + OneLine.quoted(text, Labels.LONGEST) + ": found " + (place < 0 ? "no" : "more than one")
          + " {}, expected exactly one, where the class name goes");
    }
    return new PromptTemplate(text.substring(0, place), text.substring(place + PLACE.length()));
  }

  /** The sentence about {@code label}, and where in it the label stands. */
  public Prompt fill(String label) {
    return new Prompt(prefix + label + suffix, prefix.length(), prefix.length() + label.length());
  }

  @Override
  public String toString() {
    return prefix + PLACE + suffix;
  }
}
