package org.conceptclip.runtime;

import org.conceptclip.model.TextConfig;
import org.conceptclip.op.Sequences;
import org.conceptclip.op.TokenBatch;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.HostTensor;

/**
 * Padded token ids [S, L] as a dense batch: in each text the real tokens come first, then the padding, each with its original position.
 * Padding takes part as queries and is never attended to, as in the official code, whose annotation script reads the last padded position.
 *
 * @param batch the rows in the order of the tower's input
 * @param denseRow for each of those rows, its row in the [S * L] order of the input
 */
record PaddedTexts(TokenBatch batch, int[] denseRow) {

  /**
   * @param inputIds I64 or I32 [S, L]; {@code paddingId} is masked out wherever it stands
   * @throws BadInputException as {@link InputChecks#paddedTexts}
   */
  static PaddedTexts of(HostTensor inputIds, TextConfig config) {
    InputChecks.paddedTexts("input_ids", inputIds, config);
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
          int id = (int) inputIds.getLong((long) s * length + p);
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
    }
    return new PaddedTexts(new TokenBatch(ids, positions, Sequences.dense(length, keyLengths)), denseRow);
  }
}
