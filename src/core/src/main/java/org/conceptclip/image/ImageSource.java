package org.conceptclip.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.OneLine;

/**
 * An image file in memory, the input of every decoder.
 *
 * @param bytes the file in the first {@code length} bytes; not written to
 * @param length bytes of the file
 * @param name what messages call it, in one line
 * @param format what its first bytes announce
 * @param gate what its decoder passes before it allocates, and asks while it works
 */
record ImageSource(byte[] bytes, int length, String name, ImageFormat format, DecodeGate gate) {
  /** Recognises the format of a file. Rejects files that are empty or of no known format. */
  static ImageSource of(byte[] bytes, int length, String name, DecodeGate gate) {
    ImageFormat format = ImageFormat.of(bytes, length);
    if (format == null) {
      String found = length == 0 ? "empty (0 bytes)" : "found " + ImageFormat.describe(bytes, length);
      throw new BadInputException(name + ": " + found + ", expected an image (" + ImageFormat.NAMES + ")");
    }
    return new ImageSource(bytes, length, name, format, gate);
  }

  /** A view of the file in a byte order. {@code getChar} reads unsigned 16 bits; beyond the end it throws. */
  ByteBuffer numbers(ByteOrder order) {
    return ByteBuffer.wrap(bytes, 0, length).order(order);
  }

  /** Rejects a file that has fewer bytes. */
  void require(long end) {
    if (end > length) {
      throw damaged("truncated: ends at byte " + length, "at least " + end + " bytes");
    }
  }

  /** Rejects a picture by the size that its header announces, see {@link DecodeLimits#check}. */
  void checkSize(long width, long height) {
    gate.checkSize(width, height);
  }

  /** The error for a file that breaks the rules of its format. */
  BadInputException damaged(String found, String expected) {
    return new BadInputException(name + ": damaged " + format + ", found " + OneLine.of(found) + ", expected " + expected);
  }
}
