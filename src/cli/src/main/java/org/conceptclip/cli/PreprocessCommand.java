package org.conceptclip.cli;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import javax.imageio.ImageIO;
import org.conceptclip.catalog.OpenModel;
import org.conceptclip.image.ImageDecoder;
import org.conceptclip.image.Preprocessor;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.HostTensor;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code preprocess}: writes the picture that the model sees. */
@Command(
    name = "preprocess",
    description = "Writes the picture that the model sees: RGB, resized to 384x384 as by Pillow's bicubic filter, without keeping the"
        + " aspect ratio.",
    sortOptions = false)
final class PreprocessCommand implements Callable<Integer> {
  private static final int PUBLISHED_SIZE = 384;

  private final Context context;

  @Parameters(paramLabel = "IMAGE", description = "JPEG, PNG, BMP, GIF, TIFF or WebP file")
  private Path image;

  @Option(names = "--out", required = true, paramLabel = "Y.png", description = "the picture, as PNG")
  private Path target;

  @Option(names = "--model", paramLabel = "DIR", description = "use the image size of this model instead of 384x384")
  private String model;

  @Mixin private ImageOptions imageOptions;

  PreprocessCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    ImageDecoder decoder = new ImageDecoder(imageOptions.limits());
    int size = size();
    HostTensor pixels = Preprocessor.toPixels(decoder.decode(image), size);
    BufferedImage picture = new BufferedImage(size, size, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < size; y++) {
      for (int x = 0; x < size; x++) {
        long first = 3L * ((long) y * size + x);
        picture.setRGB(x, y, (int) (pixels.getLong(first) << 16 | pixels.getLong(first + 1) << 8 | pixels.getLong(first + 2)));
      }
    }
    write(picture);
    context.console().say("wrote " + target + " (" + size + "x" + size + ")");
    return ExitCode.DONE;
  }

  private int size() {
    if (model == null) {
      return PUBLISHED_SIZE;
    }
    try (OpenModel open = OpenModel.open(model)) {
      return open.config().vision().geometry().imageSize();
    }
  }

  /** Encodes in memory first, so that a failure leaves no partial file behind. */
  private void write(BufferedImage picture) {
    try {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      ImageIO.setUseCache(false);
      if (!ImageIO.write(picture, "png", bytes)) {
        throw new IllegalStateException("this JDK has no PNG writer");
      }
      Files.write(target, bytes.toByteArray());
    } catch (IOException e) {
      throw new BadInputException("--out " + target + ": cannot be written (" + Failures.reason(e) + ")", e);
    }
  }
}
