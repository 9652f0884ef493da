package org.conceptclip.evaluate;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.conceptclip.util.OneLine;

/**
 * The figures of the groups of one column. Figures of groups that are too small are computed once; the others, and the gaps between them,
 * again in each resample of the whole set.
 */
final class GroupMeasures {
  private static final int LONGEST_LIST = 5;

  /** @param rankings of the group's own items */
  private record Group(String value, int[] items, Rankings rankings, boolean tooSmall) {}

  private final Grouping grouping;
  private final int smallest;
  private final Decisions decisions;
  private final List<Group> groups = new ArrayList<>();
  private final List<Group> large;

  GroupMeasures(Grouping grouping, Scores scores, Decisions decisions, int smallest) {
    this.grouping = grouping;
    this.smallest = smallest;
    this.decisions = decisions;
    Map<String, IntStream.Builder> members = new LinkedHashMap<>();
    for (int i = 0; i < scores.items(); i++) {
      members.computeIfAbsent(grouping.values().get(i), value -> IntStream.builder()).add(i);
    }
    members.forEach((value, builder) -> {
      int[] items = builder.build().toArray();
      groups.add(new Group(value, items, Rankings.of(scores, items), items.length < smallest));
    });
    large = groups.stream().filter(group -> !group.tooSmall()).toList();
  }

  /** Length of {@link #figures}. */
  int size() {
    return 2 * large.size() + 2;
  }

  /** Accuracy and macro AUROC of each large group, then the gaps of both, where item i occurs {@code counts[i]} times. */
  double[] figures(int[] counts) {
    double[] figures = new double[size()];
    double[] accuracies = new double[large.size()];
    double[] areas = new double[large.size()];
    for (int g = 0; g < large.size(); g++) {
      accuracies[g] = figures[2 * g] = accuracy(large.get(g), counts);
      areas[g] = figures[2 * g + 1] = Rankings.mean(large.get(g).rankings().areas(counts));
    }
    figures[figures.length - 2] = gap(accuracies);
    figures[figures.length - 1] = gap(areas);
    return figures;
  }

  private double accuracy(Group group, int[] counts) {
    long all = 0;
    long right = 0;
    for (int item : group.items()) {
      all += counts[item];
      right += decisions.right(item) ? counts[item] : 0;
    }
    return right / (double) all; // NaN if no item of the group was drawn
  }

  /** Largest minus smallest of the values that are defined; NaN if they are fewer than two. */
  private static double gap(double[] values) {
    double low = Double.POSITIVE_INFINITY;
    double high = Double.NEGATIVE_INFINITY;
    int defined = 0;
    for (double value : values) {
      if (!Double.isNaN(value)) {
        low = Math.min(low, value);
        high = Math.max(high, value);
        defined++;
      }
    }
    return defined < 2 ? Double.NaN : high - low;
  }

  /** The table from the {@link #figures} of all items and their intervals. */
  ClassificationReport.GroupTable table(int[] once, List<Interval> figures) {
    List<ClassificationReport.GroupFigures> rows = new ArrayList<>();
    int at = 0;
    for (Group group : groups) {
      Interval accuracy = group.tooSmall() ? Interval.of(accuracy(group, once)) : figures.get(at++);
      Interval area = group.tooSmall() ? Interval.of(Rankings.mean(group.rankings().areas(once))) : figures.get(at++);
      rows.add(new ClassificationReport.GroupFigures(group.value(), group.items().length, accuracy, area, group.tooSmall()));
    }
    return new ClassificationReport.GroupTable(grouping.column(), List.copyOf(rows), figures.get(at), figures.get(at + 1));
  }

  /** Lines about groups that are too small, and about classes that a group lacks. */
  List<String> warnings(List<String> labels, int[] once) {
    String column = "column " + OneLine.quoted(grouping.column());
    List<String> warnings = new ArrayList<>();
    List<String> small = groups.stream().filter(Group::tooSmall)
        .map(group -> OneLine.quoted(group.value()) + " (" + group.items().length + ")").toList();
    if (!small.isEmpty()) {
      warnings.add(column + ": " + small.size() + " of " + groups.size() + " groups with fewer than " + smallest
          + " items, too few to say anything: " + list(small));
    }
    if (large.size() < 2) {
      warnings.add(column + ": " + large.size() + " of " + groups.size() + " groups with at least " + smallest
          + " items, so there is no gap between groups");
    }
    for (Group group : large) {
      double[] areas = group.rankings().areas(once);
      List<String> undefined = IntStream.range(0, areas.length).filter(label -> Double.isNaN(areas[label]))
          .mapToObj(label -> OneLine.quoted(labels.get(label))).toList();
      if (!undefined.isEmpty()) {
        warnings.add(column + ", group " + OneLine.quoted(group.value()) + ": no item, or every item, is of " + list(undefined)
            + ", so its macro AUROC is " + (undefined.size() == areas.length ? "not defined" : "the mean over the other classes"));
      }
    }
    return warnings;
  }

  private static String list(List<String> names) {
    String shown = String.join(", ", names.subList(0, Math.min(LONGEST_LIST, names.size())));
    return names.size() <= LONGEST_LIST ? shown : shown + " and " + (names.size() - LONGEST_LIST) + " more";
  }
}
