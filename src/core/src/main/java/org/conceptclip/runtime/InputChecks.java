package org.conceptclip.runtime;

import java.util.Arrays;
import org.conceptclip.model.TextConfig;
import org.conceptclip.model.VisionConfig;
import org.conceptclip.op.TokenBatch;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;

/** What callers hand to the {@link Encoder}, checked before anything is computed. */
final class InputChecks {
  private InputChecks() {}

  /** Pixels must be U8 [B, size, size, 3] or finite F32 [B, 3, size, size]. */
  static void pixels(HostTensor pixels, VisionConfig config) {
    long size = config.geometry().imageSize();
    long[] found = pixels.shape().toArray();
    boolean bytes = pixels.dtype() == DType.U8
        && found.length == 4 && Arrays.equals(found, new long[] {found[0], size, size, 3});
    boolean floats = pixels.dtype() == DType.F32
        && found.length == 4 && Arrays.equals(found, new long[] {found[0], 3, size, size});
    if (found.length == 0 || found[0] == 0 || !(bytes || floats)) {
      throw new BadInputException("pixels: found " + pixels + ", expected U8 [images, " + size + ", " + size
          + ", 3] or F32 [images, 3, " + size + ", " + size + "]");
    }
    if (floats) {
      finite(pixels, 3 * size * size);
    }
  }

  /** One image must be U8 [size, size, 3]. */
  static void image(HostTensor image, VisionConfig config) {
    int size = config.geometry().imageSize();
    if (image.dtype() != DType.U8 || !image.shape().equals(Shape.of(size, size, 3))) {
      throw new BadInputException("pixels: found " + image + ", expected U8 [" + size + ", " + size + ", 3]");
    }
  }

  private static void finite(HostTensor pixels, long imageValues) {
    for (long i = 0; i < pixels.shape().elements(); i++) {
      if (!Float.isFinite(pixels.getFloat(i))) {
        throw new BadInputException("pixels: image " + i / imageValues + " holds " + pixels.getFloat(i)
            + " at element " + i % imageValues + ", expected finite numbers");
      }
    }
  }

  /** A text must have tokens, with ids inside the vocabulary, and not more than the model has positions. */
  static void text(int[] ids, TextConfig config) {
    if (ids.length == 0) {
      throw new BadInputException("a text of no tokens, expected at least one");
    }
    for (int row = 0; row < ids.length; row++) {
      token(row, ids[row], row, config);
    }
  }

  /** There must be texts, with ids inside the vocabulary at positions that the model has. */
  static void tokens(TokenBatch tokens, TextConfig config) {
    if (tokens.count() == 0) {
      throw new BadInputException("no texts: expected at least one");
    }
    for (int row = 0; row < tokens.ids().length; row++) {
      token(row, tokens.ids()[row], tokens.positions()[row], config);
    }
  }

  private static void token(int row, int id, int position, TextConfig config) {
    if (id < 0 || id >= config.vocabulary()) {
      throw new BadInputException(
          "token " + row + ": id " + id + " is outside the vocabulary, expected 0 to " + (config.vocabulary() - 1));
    }
    if (position < 0 || position >= config.maxPositions()) {
      throw new BadInputException("token " + row + ": position " + position + ", expected 0 to " + (config.maxPositions() - 1));
    }
  }
}
