package org.conceptclip.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.conceptclip.batch.ImageInput;

/**
 * The pictures that a command was asked for, found while they are taken: a folder of a million is not listed before the first is read.
 *
 * <p>A name stands for itself if there is a file of this name; {@code -} and {@code /dev/stdin} for the bytes on stdin; a folder for the
 * pictures in it, see {@link PictureFolder}; and a name with {@code * ? [ {} that no file has for what matches it, see {@link Globs}. What
 * cannot be found or read is reported in a line and counted, and the others follow. Not thread-safe.
 */
final class Pictures implements Iterator<ImageInput>, AutoCloseable {
  /** Names of one origin, in their order. */
  interface Level extends AutoCloseable {
    /** Goes one step: offers a picture, opens a level below, or reports. False when nothing is left. */
    boolean step(Pictures pictures);

    @Override
    default void close() {}
  }

  private final boolean recursive;
  private final Stdin stdin;
  private final Deque<Level> levels = new ArrayDeque<>();
  private Consumer<String> report;
  private ImageInput next;
  private int problems;

  /**
   * @param recursive whether folders in folders are searched
   * @param report receives a line about everything that is not a picture but was asked for, and about what was skipped
   */
  Pictures(boolean recursive, Stdin stdin, Consumer<String> report) {
    this.recursive = recursive;
    this.stdin = stdin;
    this.report = report;
  }

  /** Adds names that were given one by one. Globs are expanded. */
  Pictures named(Iterable<Path> names) {
    levels.addLast(new Named(names.iterator(), true));
    return this;
  }

  /** Adds the names in a list, which are literal. */
  Pictures listed(NameList list) {
    levels.addLast(list);
    return this;
  }

  /** Sends further lines elsewhere. */
  void reportTo(Consumer<String> other) {
    report = other;
  }

  /** Names or places that gave no picture, so far. */
  int problems() {
    return problems;
  }

  boolean recursive() {
    return recursive;
  }

  @Override
  public boolean hasNext() {
    while (next == null && !levels.isEmpty()) {
      Level top = levels.peekFirst();
      if (!top.step(this) && levels.peekFirst() == top) {
        levels.removeFirst().close();
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

  @Override
  public void close() {
    levels.forEach(Level::close);
    levels.clear();
  }

  /**
   * Whatever a name stands for, when it was given by itself.
   *
   * @param asTyped whether it may stand for stdin or be a pattern
   */
  void take(Path name, boolean asTyped) {
    if (asTyped && Stdin.isMeant(name)) {
      try {
        offer(new ImageInput.Encoded(stdin.picture(name), Names.of(name)));
      } catch (RuntimeException | OutOfMemoryError e) {
        problem(Shortage.isCauseOf(e) ? Names.readable(name) + ": " + Shortage.line() : e.getMessage());
      }
    } else if (Files.isDirectory(name)) {
      levels.addFirst(PictureFolder.named(name));
    } else if (asTyped && Globs.isOne(name) && !Files.exists(name)) {
      List<Path> matches = Globs.matches(name);
      if (matches.isEmpty()) {
        problem(Names.readable(name) + ": no file has this name, and nothing matches it as a pattern; expected an image file");
      } else {
        levels.addFirst(new Named(matches.iterator(), false));
      }
    } else {
      offer(file(name));
    }
  }

  /** The pictures one by one, as they are found. */
  Stream<ImageInput> stream() {
    return StreamSupport.stream(Spliterators.spliteratorUnknownSize(this, Spliterator.ORDERED | Spliterator.NONNULL), false);
  }

  /** A picture that a table lists: its name is relative to the table's folder, and results call it as the table does. */
  static ImageInput ofTable(Path table, String name) {
    return new ImageInput.File(table.toAbsolutePath().resolveSibling(Names.path(name)), name);
  }

  static ImageInput file(Path path) {
    return new ImageInput.File(path, Names.of(path));
  }

  void offer(ImageInput picture) {
    next = picture;
  }

  void open(Level below) {
    levels.addFirst(below);
  }

  void note(String line) {
    report.accept(line);
  }

  void problem(String line) {
    problems++;
    report.accept(line);
  }

  private record Named(Iterator<Path> names, boolean asTyped) implements Level {
    @Override
    public boolean step(Pictures pictures) {
      if (!names.hasNext()) {
        return false;
      }
      pictures.take(names.next(), asTyped);
      return true;
    }
  }
}
