package org.conceptclip.runtime;

import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.conceptclip.model.TextConfig;
import org.conceptclip.model.VisionConfig;
import org.conceptclip.op.TokenBatch;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;

/** Checks of the tensors that callers pass to an {@link Encoder}, before anything is computed. */
public final class InputChecks {
  private InputChecks() {}

  /**
   * Checks a batch of images.
   *
   * @param name of the tensor, for messages
   * @param types those that are accepted: {@code U8} as [batch, size, size, 3], {@code F32} as [batch, 3, size, size]
   * @throws BadInputException if the tensor has another type or shape, no image, or a number that is not finite
   */
  public static void pixels(String name, HostTensor pixels, VisionConfig config, DType... types) {
    long size = config.geometry().imageSize();
    long[] found = pixels.shape().toArray();
    boolean bytes = pixels.dtype() == DType.U8;
    boolean fits = Arrays.asList(types).contains(pixels.dtype()) && found.length == 4 && found[0] > 0
        && Arrays.equals(found, 1, 4, bytes ? new long[] {size, size, 3} : new long[] {3, size, size}, 0, 3);
    if (!fits) {
      throw new BadInputException(name + ": found " + pixels + ", expected " + Stream.of(types)
          .map(type -> type + (type == DType.U8 ? " [batch, " + size + ", " + size + ", 3]" : " [batch, 3, " + size + ", " + size + "]"))
          .collect(Collectors.joining(" or ")));
    }
    long bad = bytes ? -1 : pixels.firstNonFinite();
    if (bad >= 0) {
      throw new BadInputException(name + index(pixels, bad) + ": found " + pixels.getFloat(bad) + ", expected a finite number");
    }
  }

  /** One image must be U8 [size, size, 3]. */
  static void image(HostTensor image, VisionConfig config) {
    int size = config.geometry().imageSize();
    if (image.dtype() != DType.U8 || !image.shape().equals(Shape.of(size, size, 3))) {
      throw new BadInputException("pixels: found " + image + ", expected U8 [" + size + ", " + size + ", 3]");
    }
  }

  /**
   * Checks a batch of padded texts.
   *
   * @param name of the tensor, for messages
   * @param ids I64 or I32 [batch, length]
   * @throws BadInputException if the tensor has another type or shape, no text, a text that is longer than the model's positions or has
   *     only padding, or an id outside the vocabulary
   */
  public static void paddedTexts(String name, HostTensor ids, TextConfig config) {
    boolean integers = ids.dtype() == DType.I64 || ids.dtype() == DType.I32;
    if (!integers || ids.shape().rank() != 2 || ids.shape().elements() == 0) {
      throw new BadInputException(name + ": found " + ids + ", expected I64 [batch, length]");
    }
    long length = ids.columns();
    if (length > config.maxPositions()) {
      throw new BadInputException(name + ": found " + length + " tokens a text, expected at most " + config.maxPositions());
    }
    for (long text = 0; text < ids.rows(); text++) {
      boolean any = false;
      for (long i = text * length; i < (text + 1) * length; i++) {
        long id = ids.getLong(i);
        if (id < 0 || id >= config.vocabulary()) {
          throw new BadInputException(name + index(ids, i) + ": found id " + id + ", expected 0 to " + (config.vocabulary() - 1));
        }
        any |= id != config.paddingId();
      }
      if (!any) {
        throw new BadInputException(name + "[" + text + "]: found padding only, expected at least one token");
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
    for (int text = 0; text < tokens.count(); text++) {
      if (tokens.sequences().rows(text) == 0) {
        throw new BadInputException("text " + text + " has no tokens, expected at least one");
      }
    }
    for (int row = 0; row < tokens.ids().length; row++) {
      token(row, tokens.ids()[row], tokens.positions()[row], config);
    }
  }

  private static void token(int row, int id, int position, TextConfig config) {
    if (id < 0 || id >= config.vocabulary()) {
      throw new BadInputException("token " + row + ": id " + id + " is outside the vocabulary, expected 0 to " + (config.vocabulary() - 1));
    }
    if (position < 0 || position >= config.maxPositions()) {
      throw new BadInputException("token " + row + ": position " + position + ", expected 0 to " + (config.maxPositions() - 1));
    }
  }

  /** Row-major index as {@code [0, 2, 17]}. */
  private static String index(HostTensor tensor, long element) {
    long[] extents = tensor.shape().toArray();
    long[] index = new long[extents.length];
    for (int axis = extents.length - 1; axis >= 0; axis--) {
      index[axis] = element % extents[axis];
      element /= extents[axis];
    }
    return Arrays.toString(index);
  }
}
