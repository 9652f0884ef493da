package org.conceptclip.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.conceptclip.data.Item;
import org.conceptclip.data.Items;
import org.conceptclip.data.Layout;
import org.conceptclip.data.Task;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.FileNames;
import org.conceptclip.util.Labelled;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** Options of {@code eval} about the items: where they are listed, and which columns mean what. */
final class EvalDataOptions {
  @Option(
      names = "--data",
      paramLabel = "FILE",
      description = "table of the items: .csv or .tsv with a row of column names, .jsonl, or the official .json with annotations")
  private Path file;

  @Option(
      names = "--layout",
      paramLabel = "NAME",
      converter = LayoutConverter.class,
      description = "csv, siim-acr, derm7pt or retrieval, see docs/evaluation.md (default: told by the file's name and columns)")
  private Layout layout;

  @Option(
      names = "--task",
      paramLabel = "NAME",
      description = "multiclass, multilabel, retrieval or annotation (default: that of the layout; of a table with labels, multiclass)")
  private Task task;

  @Option(names = "--image-column", paramLabel = "NAME", description = "column of the images (default: image, of derm7pt derm)")
  private String image;

  @Option(names = "--label-column", paramLabel = "NAME", description = "column of the labels (default: label, of siim-acr label_text)")
  private String label;

  @Option(names = "--text-column", paramLabel = "NAME", description = "column of the captions of retrieval (default: caption)")
  private String text;

  @Option(
      names = "--label-separator",
      paramLabel = "S",
      defaultValue = ";",
      description = "stands between the labels of a cell in a multi-label task (default: ${DEFAULT-VALUE})")
  private String separator;

  @Option(names = "--images", paramLabel = "DIR", description = "folder that the images' names begin in (default: that of the table)")
  private Path folder;

  @Option(
      names = "--group",
      paramLabel = "COLUMN",
      description = "also report the figures of each value of this column, and the gap between them; may be given several times")
  private List<String> groups = List.of();

  @Option(
      names = "--validation",
      paramLabel = "FILE",
      description = "table of other items, on which a temperature is fitted that makes probabilities more honest")
  private Path validationFile;

  @Option(
      names = "--validation-column",
      paramLabel = "NAME=VALUE",
      description = "the items with this value are not evaluated; a temperature is fitted on them")
  private String validationColumn;

  @Option(
      names = "--each-pair",
      description = "retrieval: an image of several rows counts once a row, as in the official script, and competes with itself")
  private boolean eachPair;

  /** An item that takes part. */
  record Work(String key, Item item, Path image, boolean validation) {}

  Optional<Path> file() {
    return Optional.ofNullable(file);
  }

  Optional<Task> task() {
    return Optional.ofNullable(task);
  }

  boolean eachPair() {
    return eachPair;
  }

  List<String> groups() {
    return groups;
  }

  String separator() {
    return separator;
  }

  Optional<Path> validationFile() {
    return Optional.ofNullable(validationFile);
  }

  Optional<String> validationColumn() {
    return Optional.ofNullable(validationColumn);
  }

  /** Rejects options that do not go together. */
  void check() {
    if (separator.isBlank()) {
      throw new UsageException("--label-separator: blank, expected a character that no label holds");
    }
    if (validationFile != null && validationColumn != null) {
      throw new UsageException("--validation and --validation-column: expected one of the two");
    }
    if (validationColumn != null && validationColumn.indexOf('=') < 1) {
      throw new UsageException("--validation-column " + validationColumn + ": expected NAME=VALUE");
    }
  }

  /** Reads the table of the items. */
  Items read(Consumer<String> problems) {
    return read(file, problems);
  }

  /** Reads the table of the validation items, which has the same columns. */
  Items readValidation(Consumer<String> problems) {
    return read(validationFile, problems);
  }

  private Items read(Path table, Consumer<String> problems) {
    if (!Files.isRegularFile(table) && Files.exists(table)) {
      throw new BadInputException(Names.readable(table) + ": is no file, expected a table");
    }
    return Items.read(table, new Items.Columns(Optional.ofNullable(layout), Optional.ofNullable(task), Optional.ofNullable(image),
        Optional.ofNullable(label), Optional.ofNullable(text), metadata(), separator), problems);
  }

  /** Columns that items keep: those of groups, and then that of the validation items. */
  private List<String> metadata() {
    List<String> columns = new ArrayList<>(groups);
    if (validationColumn != null) {
      columns.add(validationColumn.substring(0, validationColumn.indexOf('=')));
    }
    return columns;
  }

  boolean isValidation(Item item) {
    return validationColumn != null
        && item.metadata().getLast().equals(validationColumn.substring(validationColumn.indexOf('=') + 1).strip());
  }

  /**
   * The items with their files.
   *
   * @param keyPrefix distinguishes the rows of several tables
   */
  List<Work> work(Items items, String keyPrefix, boolean ofValidationFile, Consumer<String> problems) {
    if (folder != null && !Files.isDirectory(folder)) {
      throw new BadInputException("--images " + Names.readable(folder) + ": no such folder,"
          + " expected the one that the images' names begin in");
    }
    Path base = folder != null ? folder : items.file().toAbsolutePath().getParent();
    List<Work> work = new ArrayList<>();
    for (Item item : items.items()) {
      try {
        work.add(new Work(keyPrefix + item.row(), item, base.resolve(Names.path(item.image())),
            ofValidationFile || isValidation(item)));
      } catch (BadInputException e) {
        problems.accept(item.where() + ": image " + e.getMessage());
      }
    }
    return work;
  }

  /** What decides which images are read. */
  String images(Items items) {
    return "column " + items.imageColumn() + (folder == null ? "" : ", in " + FileNames.readable(folder));
  }

  /** All labels of the items, in alphabetical order. */
  static List<String> found(List<Work> work) {
    return work.stream().flatMap(one -> one.item().labels().stream()).collect(Collectors.toCollection(LinkedHashSet::new)).stream()
        .sorted().toList();
  }

  /** Layout by its label. */
  static final class LayoutConverter implements ITypeConverter<Layout> {
    @Override
    public Layout convert(String value) {
      return Labelled.find(Layout.class, value.toLowerCase(Locale.ROOT))
          .orElseThrow(() -> new TypeConversionException("expected one of "
              + Arrays.stream(Layout.values()).map(Layout::label).collect(Collectors.joining(", ")) + " but was '" + value + "'"));
    }
  }
}
