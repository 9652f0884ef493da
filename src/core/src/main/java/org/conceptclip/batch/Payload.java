package org.conceptclip.batch;

import org.conceptclip.tensor.HostTensor;
import org.conceptclip.text.TokenizedText;

/** What a request brings to its batch. */
sealed interface Payload {
  /** Nobody reads it any more. */
  void release();

  /**
   * An image.
   *
   * @param pixels U8 [size, size, 3]
   * @param slotOrNull where they lie, to be given back; {@code null} for memory of the caller
   */
  record Image(HostTensor pixels, PixelPool.Slot slotOrNull) implements Payload {
    @Override
    public void release() {
      if (slotOrNull != null) {
        slotOrNull.close();
      }
    }
  }

  /** A text. */
  record Text(TokenizedText text) implements Payload {
    @Override
    public void release() {}
  }
}
