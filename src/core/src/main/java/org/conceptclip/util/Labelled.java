package org.conceptclip.util;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** An enum whose constants have a name in options and files: their own in small letters, with hyphens. */
public interface Labelled {
  /** The name of the constant. */
  String name();

  /** The name in options and files: {@code own-sum} of {@code OWN_SUM}. */
  default String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** The constant of this label; empty if there is none. */
  static <E extends Enum<E> & Labelled> Optional<E> find(Class<E> type, String label) {
    return Arrays.stream(type.getEnumConstants()).filter(one -> one.label().equals(label)).findFirst();
  }
}
