package org.conceptclip.cli;

import org.conceptclip.batch.ImageInput;
import org.conceptclip.explain.Overlay;
import org.conceptclip.image.DecodeLimits;
import org.conceptclip.image.ImageDecoder;
import org.conceptclip.image.RgbImage;
import org.conceptclip.tensor.BadInputException;

/** Reads pictures once more, to paint on them: at most {@link Overlay#LONGEST_SIDE} pixels wide and high. */
final class ShownPictures {
  private final ImageDecoder decoder;

  ShownPictures(DecodeLimits limits) {
    this.decoder = new ImageDecoder(limits);
  }

  /** @throws BadInputException if it cannot be read (any more), or memory does not suffice for it */
  RgbImage of(ImageInput input) {
    try {
      return switch (input) {
        case ImageInput.File(var path, String _) -> decoder.decodeWithin(path, Overlay.LONGEST_SIDE);
        case ImageInput.Encoded(byte[] bytes, String name) -> decoder.decodeWithin(bytes, name, Overlay.LONGEST_SIDE);
        case ImageInput.Pixels _ -> throw new IllegalStateException("pixels of a file");
      };
    } catch (OutOfMemoryError e) {
      throw new BadInputException(Shortage.line(input), e);
    }
  }
}
