package org.conceptclip.cli;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import javax.imageio.ImageIO;
import org.conceptclip.batch.ImageInput;
import org.conceptclip.catalog.OpenModel;
import org.conceptclip.image.DecodeCheckpoint;
import org.conceptclip.image.PixelDecoder;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.DType;
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

  @Parameters(paramLabel = "IMAGE", description = "JPEG, PNG, BMP, GIF, TIFF or WebP file; - for one on stdin")
  private Path image;

  @Option(names = "--out", required = true, paramLabel = "Y.png", description = "the picture, as PNG; - for stdout")
  private Path target;

  @Option(
      names = "--model",
      paramLabel = "DIR",
      converter = Arguments.MayNameFile.class,
      description = "use the image size of this model instead of 384x384")
  private String model;

  @Mixin private ImageOptions imageOptions;

  PreprocessCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    int size = size();
    byte[] png;
    ImageInput input = Stdin.isMeant(image)
        ? new ImageInput.Encoded(new Stdin(context.console().in()).picture(image), Names.of(image))
        : Pictures.file(image);
    try {
      png = png(pixels(input, size), size);
    } catch (OutOfMemoryError e) {
      throw new BadInputException(Shortage.line(input), e);
    }
    if (target.toString().equals("-") || target.equals(Path.of("/dev/stdout"))) {
      context.console().out().bytes(png);
      context.console().out().flush();
    } else {
      OutputFiles.replace("--out", target, png);
    }
    context.console().say("wrote " + Names.readable(target) + " (" + size + "x" + size + ")");
    return ExitCode.DONE;
  }

  private HostTensor pixels(ImageInput input, int size) {
    HostTensor pixels = HostTensor.allocate(Arena.ofAuto(), DType.U8, size, size, 3);
    try (PixelDecoder decoder = new PixelDecoder(imageOptions.limits())) {
      switch (input) {
        case ImageInput.File(Path path, String name) -> decoder.decodeInto(path, name, size, pixels.data(), 0, DecodeCheckpoint.NONE);
        case ImageInput.Encoded(byte[] bytes, String name) -> decoder.decodeInto(bytes, name, size, pixels.data(), 0);
        case ImageInput.Pixels _ -> throw new IllegalStateException("pixels of a file");
      }
    }
    return pixels;
  }

  private static byte[] png(HostTensor pixels, int size) {
    BufferedImage picture = new BufferedImage(size, size, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < size; y++) {
      for (int x = 0; x < size; x++) {
        long first = 3L * ((long) y * size + x);
        picture.setRGB(x, y, (int) (pixels.getLong(first) << 16 | pixels.getLong(first + 1) << 8 | pixels.getLong(first + 2)));
      }
    }
    try {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      ImageIO.setUseCache(false);
      if (!ImageIO.write(picture, "png", bytes)) {
        throw new IllegalStateException("this JDK has no PNG writer");
      }
      return bytes.toByteArray();
    } catch (IOException e) {
      throw new IllegalStateException("a PNG in memory cannot be written", e);
    }
  }

  private int size() {
    if (model == null) {
      return PUBLISHED_SIZE;
    }
    try (OpenModel open = OpenModel.open(model)) {
      return open.config().vision().geometry().imageSize();
    }
  }
}
