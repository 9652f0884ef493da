package org.conceptclip.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The images that a bottleneck command is given, or similarities in their place. */
final class BottleneckImages {
  @Parameters(
      arity = "0..*",
      paramLabel = "IMAGE",
      description = "JPEG, PNG, BMP, GIF, TIFF or WebP files; - for one on stdin; folders, for the pictures in them; patterns such as"
          + " 'scans/**/*.png' in quotes")
  private List<Path> images = List.of();

  @Option(
      names = "--images-from",
      paramLabel = "FILE",
      description = "also take the images and folders that this file names, one on each line or each with a zero byte behind it; - reads"
          + " the names from stdin")
  private Path list;

  @Option(names = {"-r", "--recursive"}, description = "also take the pictures in folders of folders")
  private boolean recursive;

  @Option(
      names = "--similarities",
      paramLabel = "S.npy",
      description = "instead of images: their similarities with the concepts, a row an image and a column a concept; no model is needed")
  private Path similarities;

  /** Whether no image was named. */
  boolean isEmpty() {
    return images.isEmpty() && list == null;
  }

  Path similaritiesOrNull() {
    return similarities;
  }

  /** The file of similarities; null if there are images instead. */
  Path similaritiesOrImages() {
    if (isEmpty() == (similarities == null)) {
      throw new UsageException(similarities == null
          ? "missing: IMAGE (a file, a folder, or - for stdin), --images-from FILE or --similarities S.npy"
          : "--similarities S.npy stands instead of images, expected one of them");
    }
    return similarities;
  }

  Pictures pictures(Stdin stdin, Consumer<String> report) {
    Pictures pictures = new Pictures(recursive, stdin, report).named(images);
    return list == null ? pictures : pictures.listed(NameList.open(list, stdin));
  }
}
