package org.conceptclip.model;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.Closer;
import org.conceptclip.util.OneLine;
import org.conceptclip.util.TargetFile;

/**
 * A model folder that is written beside its target and takes its place when it is complete: whole or not at all.
 *
 * <p>Three names beside the target {@code NAME} are used while this is open, none of them hidden:
 *
 * <ul>
 *   <li>{@code NAME.convert-lock}: locked by the process that writes, so that a second one is refused. The system releases the lock of a
 *       process that is killed.
 *   <li>{@code NAME.convert-partial}: the new folder. {@link ModelConfigReader} refuses to load it.
 *   <li>{@code NAME.convert-replaced}: the former folder, for the moment between two renamings, and until its files are deleted.
 * </ul>
 *
 * <p>A process that is killed leaves them as they are, and the next one that writes to the same target clears them up: it brings a former
 * folder back whose successor did not take its place, and deletes what is unfinished. Only files of the names that belong to a model are
 * ever deleted; everything else is a reason to refuse.
 */
final class StagedFolder implements AutoCloseable {
  static final String PARTIAL = ".convert-partial";
  private static final String LOCK = ".convert-lock";
  static final String REPLACED = ".convert-replaced";
  private static final long LONGEST_MARK = 1 << 20; // one byte at the end: it takes one block
  private static final String EXPECTED = "expected a folder to write to";

  private final Path given;
  private final Path target;
  private final Path partial;
  private final Path replaced;
  private final Set<String> names;
  private final Closer closer = new Closer();
  private boolean committed;

  private StagedFolder(Path given, Path target, Set<String> names) {
    this.given = given;
    this.target = target;
    this.partial = beside(PARTIAL);
    this.replaced = beside(REPLACED);
    this.names = names;
  }

  /**
   * Makes an empty folder beside the target.
   *
   * @param replace whether a model that is in the target already may be replaced
   * @param names of the files that belong to a model; no other file is ever deleted
   * @throws BadInputException if the target is no folder, holds something else, or another process writes to it
   * @throws IOException if the system refuses
   */
  static StagedFolder open(Path target, boolean replace, Set<String> names) throws IOException {
    StagedFolder staged = new StagedFolder(target, place(target), names);
    try {
      staged.prepare(replace);
      return staged;
    } catch (IOException | RuntimeException | Error failure) {
      staged.closer.closeAfter(failure);
      throw failure;
    }
  }

  /** The folder to write to. */
  Path folder() {
    return partial;
  }

  /** Puts the folder in the place of its target. */
  void commit() throws IOException {
    if (Files.isDirectory(target) && !entries(target).isEmpty()) {
      Files.move(target, replaced, StandardCopyOption.ATOMIC_MOVE);
      try {
        Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE);
      } catch (IOException | RuntimeException failure) {
        Files.move(replaced, target, StandardCopyOption.ATOMIC_MOVE);
        throw failure;
      }
      committed = true;
      delete(replaced);
    } else {
      Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE); // also in the place of an empty folder
      committed = true;
    }
  }

  /** Deletes the folder if it has not taken the place of its target. */
  @Override
  public void close() {
    closer.close();
  }

  /** Where a link leads, because the link should stay; else the path as it was given, for messages. */
  private static Path place(Path target) throws IOException {
    Path name = target.getFileName();
    boolean named = name != null && !Set.of("", ".", "..").contains(name.toString());
    if (named && !Files.isSymbolicLink(target)) {
      return target;
    }
    Path real;
    try {
      real = target.toRealPath();
    } catch (NoSuchFileException e) {
      throw new BadInputException(target + ": is a link to a folder that does not exist, " + EXPECTED, e);
    }
    if (real.getFileName() == null) {
      throw new BadInputException(target + ": is the root of the file system, " + EXPECTED);
    }
    return real;
  }

  private void prepare(boolean replace) throws IOException {
    if (Files.exists(target) && !Files.isDirectory(target)) {
      throw new BadInputException(given + ": is a file, " + EXPECTED);
    }
    createParents();
    lock();
    if (!Files.exists(target) && Files.isDirectory(replaced, LinkOption.NOFOLLOW_LINKS)) {
      Files.move(replaced, target, StandardCopyOption.ATOMIC_MOVE);
    }
    delete(replaced);
    delete(partial);
    requireReplaceable(replace);
    closer.own(partial, () -> {
      if (!committed) {
        delete(partial);
      }
    });
    Files.createDirectory(partial);
    if (Files.isDirectory(target) && Files.getFileAttributeView(target, PosixFileAttributeView.class) != null) {
      Files.setPosixFilePermissions(partial, Files.getPosixFilePermissions(target));
    }
  }

  private void createParents() throws IOException {
    List<Path> missing = new ArrayList<>();
    for (Path parent = target.toAbsolutePath().getParent(); parent != null && !Files.exists(parent); parent = parent.getParent()) {
      missing.addFirst(parent);
    }
    for (Path parent : missing) {
      Files.createDirectory(parent);
      closer.own(parent, () -> {
        if (!committed) {
          deleteIfEmpty(parent);
        }
      });
    }
  }

  private void lock() throws IOException {
    Path file = beside(LOCK);
    FileChannel channel = closer.own(FileChannel.open(
        file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS));
    FileLock lock;
    try {
      lock = channel.tryLock();
    } catch (OverlappingFileLockException e) { // held by another thread of this process
      lock = null;
    }
    if (lock == null) {
      throw busy();
    }
    // The former holder may have deleted the file between opening and locking it here: then the lock is on a file without a name. The
    // length tells; opening the file to look into it would release the lock, because the system keeps locks by process, not by channel.
    long mark = ThreadLocalRandom.current().nextLong(LONGEST_MARK);
    try {
      channel.truncate(0).write(ByteBuffer.allocate(1), mark);
    } catch (IOException e) { // a full disk
      Files.deleteIfExists(file);
      throw e;
    }
    if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) || Files.size(file) != mark + 1) {
      throw busy();
    }
    closer.own(file, () -> Files.deleteIfExists(file));
  }

  private BadInputException busy() {
    return new BadInputException(given + ": another convert is writing to it at this moment, expected one at a time");
  }

  private void requireReplaceable(boolean replace) throws IOException {
    List<String> found = Files.isDirectory(target) ? entries(target) : List.of();
    if (found.isEmpty()) {
      return;
    }
    Optional<String> foreign = foreign(target, found).findFirst();
    Optional<String> model = Stream.of("model.safetensors", "config.json").filter(found::contains).findFirst();
    String holds = given + ": holds " + OneLine.of(foreign.or(() -> model).orElse(found.getFirst()));
    if (!replace) {
      throw new BadInputException(holds + " already, expected a new or empty folder (convert --force replaces a model)");
    }
    if (foreign.isPresent() || model.isEmpty()) {
      throw new BadInputException(holds + " and is not a folder that convert has written, so it is kept; expected another folder");
    }
  }

  /** Deletes a folder of this class's own, if it is there. */
  private void delete(Path folder) throws IOException {
    if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
      throw new BadInputException(folder + ": is in the way, expected nothing of this name; move it away");
    }
    List<String> found = entries(folder);
    Set<String> foreign = Set.copyOf(foreign(folder, found).toList());
    for (String name : found) {
      if (!foreign.contains(name)) {
        Files.deleteIfExists(folder.resolve(name));
      }
    }
    try {
      Files.deleteIfExists(folder);
    } catch (DirectoryNotEmptyException e) {
      throw new BadInputException(
          folder + ": holds " + String.join(", ", foreign) + ", which no convert has written, so it is kept; move it away", e);
    }
  }

  /** What is in a folder besides the files of a model, finished or not. */
  private Stream<String> foreign(Path folder, Collection<String> found) {
    return found.stream()
        .filter(name -> !names.contains(name) && !(name.startsWith("conceptclip-") && name.endsWith(TargetFile.PARTIAL_SUFFIX))
            || Files.isDirectory(folder.resolve(name), LinkOption.NOFOLLOW_LINKS));
  }

  private static List<String> entries(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  private static void deleteIfEmpty(Path folder) throws IOException {
    try {
      Files.deleteIfExists(folder);
    } catch (DirectoryNotEmptyException | FileAlreadyExistsException e) { // somebody uses it by now
      return;
    }
  }

  private Path beside(String suffix) {
    return target.resolveSibling(target.getFileName() + suffix);
  }
}
