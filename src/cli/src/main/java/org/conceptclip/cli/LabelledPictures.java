package org.conceptclip.cli;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.function.Consumer;
import org.conceptclip.batch.ImageInput;
import org.conceptclip.util.OneLine;

/** The pictures that have a label in a table. About others a line is said, and they are counted. Not thread-safe. */
final class LabelledPictures implements Iterator<ImageInput> {
  private final Pictures pictures;
  private final ImageLabels known;
  private final String table;
  private final Consumer<String> report;
  private final List<String> labels = new ArrayList<>();
  private int without;
  private ImageInput next;

  /** @param table the file of the labels, for messages */
  LabelledPictures(Pictures pictures, ImageLabels known, String table, Consumer<String> report) {
    this.pictures = pictures;
    this.known = known;
    this.table = table;
    this.report = report;
  }

  /** The labels of the pictures that were found so far, in their order. */
  List<String> labels() {
    return labels;
  }

  /** What was asked for and is not among the pictures, so far: without a label, or not found. */
  int problems() {
    return without + pictures.problems();
  }

  @Override
  public boolean hasNext() {
    while (next == null && pictures.hasNext()) {
      ImageInput picture = pictures.next();
      String label = known.ofOrNull(picture.name());
      if (label == null) {
        without++;
        report.accept(OneLine.of(picture.name(), 4096) + ": has no label in " + table + ", expected a row for it");
      } else {
        labels.add(label);
        next = picture;
      }
    }
    return next != null;
  }

  @Override
  public ImageInput next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    ImageInput taken = next;
    next = null;
    return taken;
  }
}
