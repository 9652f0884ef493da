package org.conceptclip.task;

import java.util.ArrayList;
import java.util.List;
import org.conceptclip.op.TokenBatch;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoder;
import org.conceptclip.runtime.TextEncoding;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.text.TokenizedText;

/** Tokens to features: an encoder's method, or what stands in front of one. */
@FunctionalInterface
public interface PromptEncoder {
  /**
   * Encodes sentences.
   *
   * @param withTokens whether each token's features are wanted
   * @return one for each sentence, in order
   */
  List<Features> encode(List<TokenizedText> prompts, boolean withTokens);

  /**
   * One sentence's features.
   *
   * @param vector [1, E], L2-normalised
   * @param tokensOrNull [tokens, E], not normalised
   */
  record Features(HostTensor vector, HostTensor tokensOrNull) {}

  /** The prompts as one packed batch of {@code encoder}. */
  static PromptEncoder of(Encoder encoder) {
    return (prompts, withTokens) -> {
      TokenBatch batch = TokenBatch.packed(prompts.stream().map(TokenizedText::ids).toList());
      TextEncoding encoding = encoder.encodeTexts(batch, withTokens ? Detail.TOKENS : Detail.FEATURES);
      List<Features> features = new ArrayList<>();
      for (int i = 0; i < prompts.size(); i++) {
        HostTensor tokens =
            withTokens ? encoding.tokenFeatures().rows(batch.sequences().start(i), prompts.get(i).length()) : null;
        features.add(new Features(encoding.features().rows(i, 1), tokens));
      }
      return features;
    };
  }
}
