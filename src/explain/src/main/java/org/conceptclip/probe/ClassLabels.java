package org.conceptclip.probe;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.OneLine;

/**
 * The labels of items as numbers of classes. Classes are in the order of their names, as {@code numpy.unique} has them; if all names are
 * whole numbers, in the order of these.
 *
 * @param names of the classes, all different
 * @param classes number of the class of each item; must not be changed
 */
public record ClassLabels(List<String> names, int[] classes) {
  private static final Pattern NUMBER = Pattern.compile("[+-]?[0-9]{1,300}");
  private static final Comparator<String> BY_CODE_POINTS = (one, other) -> {
    int[] a = one.codePoints().toArray();
    int[] b = other.codePoints().toArray();
    return Arrays.compare(a, b);
  };

  public ClassLabels {
    names = List.copyOf(names);
  }

  /** The classes of labels. */
  public static ClassLabels of(List<String> labels) {
    boolean numbers = labels.stream().allMatch(label -> NUMBER.matcher(label).matches());
    Comparator<String> order = numbers ? Comparator.<String, BigInteger>comparing(BigInteger::new).thenComparing(BY_CODE_POINTS)
        : BY_CODE_POINTS;
    List<String> names = labels.stream().distinct().sorted(order).toList();
    Map<String, Integer> numberOf = new HashMap<>();
    names.forEach(name -> numberOf.put(name, numberOf.size()));
    return new ClassLabels(names, labels.stream().mapToInt(numberOf::get).toArray());
  }

  /** The labels of some items, in the order given. Classes without an item are left out. */
  public ClassLabels choose(int[] items) {
    List<String> kept = new ArrayList<>();
    for (int item : items) {
      kept.add(names.get(classes[item]));
    }
    return of(kept);
  }

  /** Items of each class. */
  public int[] counts() {
    int[] counts = new int[names.size()];
    for (int number : classes) {
      counts[number]++;
    }
    return counts;
  }

  /**
   * Fails unless there are two classes to tell apart.
   *
   * @param where begins the message
   */
  public void requireTwo(String where) {
    if (names.size() < 2) {
      throw new BadInputException(where + ": " + (names.isEmpty() ? "no label"
          : "one class only, " + OneLine.quoted(names.getFirst(), 60) + ", of all " + classes.length + " items")
          + ", expected labels of at least two classes");
    }
  }

  /**
   * The items of the official protocol's fraction: the first {@code int(items * percent / 100)} of NumPy's shuffle with seed 42, in their
   * order there. Source: {@code shuffle_and_sample_data} in the official {@code linear_probing/_utils.py}.
   *
   * @param percent from 1 to 100
   */
  public static int[] fraction(int items, double percent) {
    int count = (int) (items * percent / 100);
    return IntStream.of(NumpyShuffle.order(items, 42)).limit(count).toArray();
  }
}
