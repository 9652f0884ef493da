package org.conceptclip.data;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.FileNames;
import org.conceptclip.util.OneLine;

/**
 * The items of an evaluation, as a table lists them. Immutable.
 *
 * @param file the table
 * @param layout whose columns it has
 * @param task what the items are for
 * @param imageColumn name of the column of the images
 * @param labels class names that the table declares; empty if it declares none
 * @param items those that are complete, in the order of their rows
 * @param refused rows that are not, each of which was reported
 */
public record Items(Path file, Layout layout, Task task, String imageColumn, List<String> labels, List<Item> items, int refused) {
  public Items {
    labels = List.copyOf(labels);
    items = List.copyOf(items);
  }

  /**
   * Which columns are read, and what for. Empty names stand for those of the layout.
   *
   * @param layout empty to tell it by the file's name and columns
   * @param task empty for that of the layout
   * @param image names of the images
   * @param label labels
   * @param text captions
   * @param metadata further columns, which items keep
   * @param separator between the labels of a cell, in a multi-label task
   */
  public record Columns(Optional<Layout> layout, Optional<Task> task, Optional<String> image, Optional<String> label, Optional<String> text,
      List<String> metadata, String separator) {
    /** Columns by the layout alone. */
    public static final Columns DEFAULT =
        new Columns(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), List.of(), ";");
  }

  /**
   * Reads a table. A row without an image, a label or a caption costs that row.
   *
   * @param problems receives a line about each row that is refused
   * @throws BadInputException if the file is no table, see {@link TableReader}, lacks a column (the message lists those that are there), or
   *     has no row
   */
  public static Items read(Path file, Columns columns, Consumer<String> problems) {
    TableFormat format = TableFormat.of(file);
    try (TableReader table = TableReader.open(file, format)) {
      if (!table.hasNext()) {
        throw new BadInputException(FileNames.inMessage(file) + ": no row of data, expected at least one");
      }
      Layout layout = columns.layout().orElseGet(() -> Layout.of(format, table.columns()));
      return new Reading(file, table, layout, columns.task().orElse(layout.task()), columns).items(problems);
    }
  }

  /** One file on its way to items. */
  private static final class Reading {
    private final Path file;
    private final TableReader table;
    private final Layout layout;
    private final Task task;
    private final Columns columns;
    private final String image;
    private final String labelOrNull;
    private final String text;

    Reading(Path file, TableReader table, Layout layout, Task task, Columns columns) {
      this.file = file;
      this.table = table;
      this.layout = layout;
      this.task = task;
      this.columns = columns;
      this.image = columns.image().orElse(layout.image());
      this.labelOrNull = columns.label().orElse(layout.labelOrNull(task));
      this.text = columns.text().orElse(layout.text());
      table.require("--image-column", image);
      if (task == Task.RETRIEVAL) {
        table.require("--text-column", text);
      } else if (labelOrNull != null) {
        table.require("--label-column", labelOrNull);
      } else if (layout == Layout.DERM7PT) {
        Layout.DERM7PT_CONCEPTS.forEach(concept -> table.require("--layout derm7pt", Layout.column(concept)));
      } else {
        throw new BadInputException("--label-column: layout " + layout.label() + " has no column of labels, expected the name of one");
      }
      columns.metadata().forEach(column -> table.require("metadata column", column));
    }

    Items items(Consumer<String> problems) {
      List<Item> items = new ArrayList<>();
      int refused = 0;
      while (table.hasNext()) {
        Row row = table.next();
        try {
          items.add(item(row));
        } catch (BadInputException e) {
          problems.accept(e.getMessage());
          refused++;
        }
      }
      List<String> declared = labelOrNull == null && layout == Layout.DERM7PT ? Layout.DERM7PT_CONCEPTS : table.labels();
      return new Items(file, layout, task, image, declared, items, refused);
    }

    private Item item(Row row) {
      String caption = task == Task.RETRIEVAL ? row.text(text) : "";
      List<String> metadata = columns.metadata().stream().map(column -> String.join(columns.separator(), row.texts(column))).toList();
      return new Item(row.where(), row.number(), image(row), labels(row), caption, metadata);
    }

    /** An array of images stands for the first of them, and a slash in front for nothing, as in the official script. */
    private String image(Row row) {
      if (layout != Layout.SIIM_ACR) {
        return row.text(image);
      }
      List<String> names = row.texts(image);
      String name = names.size() > 1 ? names.getFirst() : row.text(image);
      return name.startsWith("/") && task == Task.MULTILABEL ? name.substring(1) : name;
    }

    private List<String> labels(Row row) {
      if (task == Task.RETRIEVAL) {
        return List.of();
      }
      if (labelOrNull == null) {
        return Layout.DERM7PT_CONCEPTS.stream().filter(concept -> present(row, Layout.column(concept))).toList();
      }
      if (task == Task.MULTICLASS) {
        return List.of(row.text(labelOrNull));
      }
      return List.copyOf(new LinkedHashSet<>(row.texts(labelOrNull).stream()
          .flatMap(cell -> Arrays.stream(cell.split(Pattern.quote(columns.separator()), -1)))
          .map(String::strip).filter(label -> !label.isEmpty()).toList()));
    }

    private static boolean present(Row row, String column) {
      return switch (row.text(column)) {
        case "1" -> true;
        case "0" -> false;
        default -> throw new BadInputException(row.where() + ": column " + OneLine.quoted(column, 60) + " is "
            + OneLine.quoted(row.text(column), 60) + ", expected 0 or 1");
      };
    }
  }
}
