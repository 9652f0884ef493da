package org.conceptclip.cli;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.conceptclip.data.Task;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.OneLine;

/**
 * The classes of an evaluation.
 *
 * @param names in the order of the scores
 * @param separator between the labels of an item with several
 */
record EvalLabels(List<String> names, Task task, String separator) {
  EvalLabels {
    if (names.isEmpty()) {
      throw new BadInputException("labels: none, expected --labels, as the data name none");
    }
    if (task == Task.MULTICLASS && names.size() < 2) {
      throw new BadInputException("labels: one, " + OneLine.quoted(names.getFirst(), 60)
          + ", expected at least two for a multi-class task (--labels, or --task multilabel)");
    }
    names.stream().filter(name -> task != Task.MULTICLASS && name.contains(separator)).findFirst().ifPresent(name -> {
      throw new BadInputException("label " + OneLine.quoted(name, 60) + ": holds " + OneLine.quoted(separator, 10)
          + ", expected none that does; --label-separator names another separator");
    });
  }

  /** The items all of whose labels are classes. The others are reported. */
  List<EvalDataOptions.Work> known(List<EvalDataOptions.Work> work, EvalProblems problems) {
    Set<String> classes = Set.copyOf(names);
    return work.stream().filter(one -> {
      String unknown = one.item().labels().stream().filter(label -> !classes.contains(label)).findFirst().orElse(null);
      if (unknown != null) {
        problems.accept(one.item().where() + ", image " + OneLine.quoted(one.item().image(), 200) + ": label "
            + OneLine.quoted(unknown, 60) + ", expected one of " + names.stream().limit(20).map(name -> OneLine.of(name, 60))
                .collect(Collectors.joining(", ")) + (names.size() > 20 ? " and " + (names.size() - 20) + " more" : ""));
      }
      return unknown == null;
    }).toList();
  }
}
