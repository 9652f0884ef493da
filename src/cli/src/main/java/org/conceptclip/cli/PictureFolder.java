package org.conceptclip.cli;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * The pictures in a folder, in the order of their names' bytes. A file is taken for a picture by the end of its name, in any case: others
 * are skipped, and a line says how many. Hidden entries are skipped. Folders in it are searched where {@link Pictures#recursive} is on,
 * each at its place in the order, also through symbolic links, but none inside itself.
 */
final class PictureFolder implements Pictures.Level {
  private static final Set<String> ENDINGS =
      Set.of("jpg", "jpeg", "jpe", "jfif", "png", "bmp", "dib", "gif", "tif", "tiff", "webp");

  private final Path folder;
  /** What identifies this folder and those that it was reached through. */
  private final Set<Object> ancestors;
  private final Tally tally;
  private final boolean isNamed;
  private Iterator<Path> names;

  /** Counts of what was found below a named folder. */
  private static final class Tally {
    private int pictures;
    private int problems;
    private int folders;
    private int others;
    private Path firstOther;
  }

  private PictureFolder(Path folder, Set<Object> ancestors, Tally tally, boolean isNamed) {
    this.folder = folder;
    this.ancestors = ancestors;
    this.tally = tally;
    this.isNamed = isNamed;
  }

  /** A folder that the user named. */
  static PictureFolder named(Path folder) {
    return new PictureFolder(folder, Set.of(), new Tally(), true);
  }

  /** Names in a folder, of everything that is not hidden, in the order of their bytes. */
  static List<Path> names(Path folder) throws IOException {
    List<Path> names = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
      for (Path entry : entries) {
        // The last part alone: a million of them fit memory, and with the folder's path in each they would not.
        Path name = entry.getFileName();
        if (!isHidden(name)) {
          names.add(name);
        }
      }
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    names.sort(null);
    return names;
  }

  static boolean isHidden(Path name) {
    return name.toString().startsWith(".");
  }

  static boolean isPictureName(Path name) {
    String text = name.toString();
    return ENDINGS.contains(text.substring(text.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT)) && text.lastIndexOf('.') > 0;
  }

  @Override
  public boolean step(Pictures pictures) {
    if (names == null) {
      try {
        names = names(folder).iterator();
      } catch (IOException e) {
        names = List.<Path>of().iterator();
        tally.problems++;
        pictures.problem(Names.readable(folder) + ": cannot be read (" + Failures.reason(e) + "), expected a folder of images");
      }
    }
    if (names.hasNext()) {
      take(names.next(), pictures);
      return true;
    }
    if (isNamed) {
      sum(pictures);
    }
    return false;
  }

  private void take(Path name, Pictures pictures) {
    Path entry = folder.resolve(name);
    if (Files.isDirectory(entry)) {
      if (pictures.recursive()) {
        enter(entry, pictures);
      } else {
        tally.folders++;
      }
    } else if (isPictureName(name)) {
      tally.pictures++;
      pictures.offer(Pictures.file(entry));
    } else {
      tally.others++;
      tally.firstOther = tally.firstOther == null ? entry : tally.firstOther;
    }
  }

  private void enter(Path entry, Pictures pictures) {
    Set<Object> here = new HashSet<>(ancestors);
    here.add(identity(folder));
    // A link to a folder that this one lies in would lead around for ever; what is there is read anyway.
    if (!here.contains(identity(entry))) {
      pictures.open(new PictureFolder(entry, here, tally, false));
    }
  }

  private static Object identity(Path folder) {
    try {
      Object key = Files.readAttributes(folder, BasicFileAttributes.class).fileKey();
      return key == null ? folder.toRealPath() : key;
    } catch (IOException e) {
      // Listing it will fail as well, and say so.
      return folder;
    }
  }

  private void sum(Pictures pictures) {
    List<String> left = new ArrayList<>();
    if (tally.others > 0) {
      left.add(counted(tally.others, "file") + " without the name of a picture (the first is "
          + Names.readable(tally.firstOther) + ")");
    }
    if (tally.folders > 0) {
      left.add(counted(tally.folders, "folder") + " (--recursive searches " + (tally.folders == 1 ? "it" : "them") + ")");
    }
    String skipped = String.join(" and ", left);
    if (tally.pictures == 0 && tally.problems == 0) {
      pictures.problem(Names.readable(folder) + ": is a directory without pictures" + (left.isEmpty() ? "" : ", with " + skipped)
          + ", expected an image file, or files named .jpg, .png, .bmp, .gif, .tif or .webp in it");
    } else if (!left.isEmpty()) {
      pictures.note(Names.readable(folder) + ": skipped " + skipped);
    }
  }

  private static String counted(int count, String what) {
    return count + " " + what + (count == 1 ? "" : "s");
  }
}
