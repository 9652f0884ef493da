package org.conceptclip.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The pictures that a command is asked for: files, folders, patterns, stdin, and names in a file. */
final class PictureOptions {
  @Parameters(
      arity = "0..*",
      paramLabel = "IMAGE",
      description = "JPEG, PNG, BMP, GIF, TIFF or WebP files; - for one on stdin; folders, for the pictures in them (by the ends of their"
          + " names; hidden ones are skipped); patterns such as 'scans/**/*.png' in quotes")
  private List<Path> images = List.of();

  @Option(
      names = "--images-from",
      paramLabel = "FILE",
      description = "also take the images and folders that this file names, one on each line or (as find -print0 writes them) each with a"
          + " zero byte behind it; - reads the names from stdin")
  private Path list;

  @Option(names = {"-r", "--recursive"}, description = "also take the pictures in folders of folders")
  private boolean recursive;

  /** Whether none was named. */
  boolean isEmpty() {
    return images.isEmpty() && list == null;
  }

  void requireSome() {
    if (isEmpty()) {
      throw new UsageException("missing: IMAGE (a file, a folder, or - for stdin) or --images-from FILE");
    }
  }

  /** Whether one file was named. */
  boolean isOneFile() {
    return list == null && images.size() == 1 && !Files.isDirectory(images.getFirst())
        && (Files.exists(images.getFirst()) || !Globs.isOne(images.getFirst()));
  }

  /** Whether they can be asked for a second time: what came from a stream is gone. */
  boolean comeAgain() {
    return list == null && images.stream().noneMatch(Stdin::isMeant);
  }

  /**
   * The pictures. The caller closes them.
   *
   * @param stdin null if they {@link #comeAgain}
   * @param report see {@link Pictures}
   */
  Pictures pictures(Stdin stdin, Consumer<String> report) {
    Pictures pictures = new Pictures(recursive, stdin, report).named(images);
    return list == null ? pictures : pictures.listed(NameList.open(list, stdin));
  }
}
