package org.conceptclip.results;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.conceptclip.data.Row;
import org.conceptclip.data.TableFormat;
import org.conceptclip.data.TableReader;
import org.conceptclip.data.TableWriter;
import org.conceptclip.evaluate.Scores;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.FileNames;
import org.conceptclip.util.OneLine;

/**
 * The scores of each item, as a file that anyone can recompute all figures from: CSV with the columns {@code image}, {@code label} and one
 * a class, with as many digits as it takes to read the same float64 again. Several labels of an item are separated as in the
 * data. Immutable.
 *
 * @param labels class names [C]
 * @param rows an item each
 */
public record ScoreTable(List<String> labels, List<ScoreRow> rows) {
  private static final String IMAGE = "image";
  private static final String LABEL = "label";
  /** A sum of rounded shares may exceed 1 by this. */
  private static final double ROUNDING = 1e-6;

  public ScoreTable {
    labels = List.copyOf(labels);
    rows = List.copyOf(rows);
  }

  /**
   * An item with its scores.
   *
   * @param label what is true of it, as it stands in the file
   * @param scores [C]; shared, not copied
   */
  public record ScoreRow(String image, String label, double[] scores) {}

  /** Writes the file, whole or not at all. */
  public void write(Path file) throws IOException {
    TableWriter.write(file, Stream.concat(Stream.of(IMAGE, LABEL), labels.stream()).toList(), rows.stream().map(row -> Stream.concat(
        Stream.of(row.image(), row.label()), Arrays.stream(row.scores()).mapToObj(Double::toString)).toList()));
  }

  /**
   * Reads a file as {@link #write} makes it, or as any other program does.
   *
   * @throws BadInputException if it is no table, its first columns are not image and label, or a score is no number; one line
   */
  public static ScoreTable read(Path file) {
    try (TableReader table = TableReader.open(file, TableFormat.CSV)) {
      List<String> columns = table.columns();
      String name = FileNames.inMessage(file);
      if (columns.size() < 3 || !columns.get(0).equals(IMAGE) || !columns.get(1).equals(LABEL)) {
        throw new BadInputException(name + ": columns " + OneLine.of(String.join(", ", columns), 200)
            + ", expected image, label and one a class, as eval writes them");
      }
      List<String> labels = columns.subList(2, columns.size());
      labels.forEach(label -> table.require("class", label));
      List<ScoreRow> rows = new ArrayList<>();
      while (table.hasNext()) {
        rows.add(row(table.next(), labels));
      }
      if (rows.isEmpty()) {
        throw new BadInputException(name + ": no row of scores, expected at least one");
      }
      return new ScoreTable(labels, rows);
    }
  }

  private static ScoreRow row(Row row, List<String> labels) {
    double[] scores = new double[labels.size()];
    for (int i = 0; i < scores.length; i++) {
      scores[i] = number(row, labels.get(i));
    }
    List<String> label = row.texts(LABEL);
    return new ScoreRow(row.text(IMAGE), label.isEmpty() ? "" : label.getFirst(), scores);
  }

  private static double number(Row row, String column) {
    String text = row.text(column);
    try {
      double value = Double.parseDouble(text);
      if (value >= 0 && value <= 1 + ROUNDING) {
        return value;
      }
    } catch (NumberFormatException e) {
      // Said below, as of a number that is none of a score.
    }
    throw new BadInputException(row.where() + ": " + OneLine.quoted(column, 60) + " is " + OneLine.quoted(text, 40)
        + ", expected a number from 0 to 1");
  }

  /**
   * The scores in the form that metrics are computed from.
   *
   * @param separatorOrNull between the labels of an item; null of a multi-class task
   * @throws BadInputException if a label is none of the classes; one line, with the number of the row
   */
  public Scores scores(String separatorOrNull) {
    Map<String, Integer> indices = new HashMap<>();
    labels.forEach(label -> indices.put(label, indices.size()));
    double[][] scores = rows.stream().map(ScoreRow::scores).toArray(double[][]::new);
    if (separatorOrNull == null) {
      int[] truth = new int[rows.size()];
      for (int i = 0; i < truth.length; i++) {
        truth[i] = index(indices, i, rows.get(i).label());
      }
      return new Scores.MultiClass(labels, truth, scores);
    }
    boolean[][] truth = new boolean[rows.size()][labels.size()];
    for (int i = 0; i < truth.length; i++) {
      for (String label : rows.get(i).label().split(Pattern.quote(separatorOrNull), -1)) {
        if (!label.isBlank()) {
          truth[i][index(indices, i, label.strip())] = true;
        }
      }
    }
    return new Scores.MultiLabel(labels, truth, scores);
  }

  private int index(Map<String, Integer> indices, int row, String label) {
    Integer index = indices.get(label);
    if (index == null) {
      throw new BadInputException("scores, row " + (row + 1) + ": label " + OneLine.quoted(label, 60) + ", expected one of the columns: "
          + OneLine.of(String.join(", ", labels), 400));
    }
    return index;
  }
}
