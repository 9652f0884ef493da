package org.conceptclip.cli;

import java.nio.file.Path;
import java.util.function.Consumer;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The images that a bottleneck command is given, or similarities in their place. */
final class BottleneckImages {
  @Mixin private PictureOptions images;

  @Option(
      names = "--similarities",
      paramLabel = "S.npy",
      description = "instead of images: their similarities with the concepts, a row an image and a column a concept; no model is needed")
  private Path similarities;

  /** Whether no image was named. */
  boolean isEmpty() {
    return images.isEmpty();
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
    return images.pictures(stdin, report);
  }
}
