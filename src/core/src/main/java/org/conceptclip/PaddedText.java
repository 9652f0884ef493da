package org.conceptclip;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoder;
import org.conceptclip.runtime.Encoding;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;
import org.conceptclip.text.TokenizedText;

/** One text with padding behind it, as some official scripts encode texts. */
final class PaddedText {
  private PaddedText() {}

  /** The features of the text, and those of {@code length} tokens. */
  static Encoding encode(Encoder encoder, TokenizedText text, int length) {
    int positions = encoder.config().text().maxPositions();
    if (length < text.length() || length > positions) {
      throw new IllegalArgumentException("padded to " + length + " tokens, expected " + text.length() + ", the text's, to " + positions
          + ", the model's positions");
    }
    int[] ids = Arrays.copyOf(text.ids(), length);
    Arrays.fill(ids, text.length(), length, encoder.config().text().paddingId());
    return encoder.encodePaddedTexts(HostTensor.view(DType.I32, Shape.of(1, length), MemorySegment.ofArray(ids)), Detail.TOKENS);
  }
}
