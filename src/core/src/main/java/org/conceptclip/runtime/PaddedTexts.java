package org.conceptclip.runtime;

import org.conceptclip.model.TextConfig;
import org.conceptclip.op.Sequences;
import org.conceptclip.op.TokenBatch;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;

/**
 * Padded token ids [S, L] as a dense batch: within each text the tokens that count come first, then the padding, each with
 * the position that it had. Padding is computed as queries and never attended to, as in the official code, which the
 * annotation script relies on (it reads the last padded position).
 *
 * @param batch the rows in the order that the tower sees
 * @param denseRow for each of those rows, its row in the [S * L] order of the input
 */
record PaddedTexts(TokenBatch batch, int[] denseRow) {

  /**
   * @param inputIds I64 or I32 [S, L]; {@code paddingId} is masked out wherever it stands
   * @throws BadInputException if a text is longer than the model's positions, has only padding, or has an id outside the
   *     vocabulary; the message says which
   */
  static PaddedTexts of(HostTensor inputIds, TextConfig config) {
    check(inputIds, config);
    int texts = Math.toIntExact(inputIds.shape().extent(0));
    int length = Math.toIntExact(inputIds.shape().extent(1));
    int[] ids = new int[texts * length];
    int[] positions = new int[ids.length];
    int[] denseRow = new int[ids.length];
    int[] keyLengths = new int[texts];
    int next = 0;
    for (int s = 0; s < texts; s++) {
      for (boolean padding : new boolean[] {false, true}) {
        for (int p = 0; p < length; p++) {
          int id = id(inputIds, s, p, config);
          if (padding == (id == config.paddingId())) {
            ids[next] = id;
            positions[next] = p;
            denseRow[next++] = s * length + p;
          }
        }
        if (!padding) {
          keyLengths[s] = next - s * length;
        }
      }
      if (keyLengths[s] == 0) {
        throw new BadInputException("text " + s + ": only padding (id " + config.paddingId()
            + "); expected at least one token, its features would be undefined");
      }
    }
    return new PaddedTexts(new TokenBatch(ids, positions, Sequences.dense(length, keyLengths)), denseRow);
  }

  private static void check(HostTensor inputIds, TextConfig config) {
    boolean integers = inputIds.dtype() == DType.I64 || inputIds.dtype() == DType.I32;
    if (!integers || inputIds.shape().rank() != 2 || inputIds.shape().elements() == 0) {
      throw new BadInputException("input_ids: found " + inputIds + ", expected I64 [texts, length]");
    }
    if (inputIds.shape().extent(1) > config.maxPositions()) {
      throw new BadInputException("input_ids: " + inputIds.shape().extent(1)
          + " tokens a text, expected at most the model's " + config.maxPositions() + " positions");
    }
  }

  private static int id(HostTensor inputIds, int text, int position, TextConfig config) {
    long id = inputIds.getLong(text * inputIds.columns() + position);
    if (id < 0 || id >= config.vocabulary()) {
      throw new BadInputException("input_ids[" + text + ", " + position + "]: id " + id
          + " is outside the vocabulary, expected 0 to " + (config.vocabulary() - 1));
    }
    return (int) id;
  }
}
