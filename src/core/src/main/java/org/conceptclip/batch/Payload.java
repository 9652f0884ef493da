package org.conceptclip.batch;

import org.conceptclip.tensor.HostTensor;
import org.conceptclip.text.TokenizedText;

/** The prepared input of a request. */
sealed interface Payload {
  /** Frees what it holds. Called when it is no longer read. */
  default void release() {}

  /**
   * An image.
   *
   * @param pixels U8 [size, size, 3]
   * @param slotOrNull the slot that holds them and has to be given back; {@code null} for memory of the caller
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
  record Text(TokenizedText text) implements Payload {}
}
