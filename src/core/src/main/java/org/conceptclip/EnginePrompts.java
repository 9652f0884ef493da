package org.conceptclip;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.conceptclip.batch.Engine;
import org.conceptclip.batch.RequestOptions;
import org.conceptclip.batch.TextFeatures;
import org.conceptclip.runtime.Detail;
import org.conceptclip.task.PromptEncoder;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.text.TokenizedText;

/** Prompts of a classifier through the engine, so that they share batches and bounds with all other texts. */
record EnginePrompts(Engine engine) implements PromptEncoder {
  @Override
  public List<Features> encode(List<TokenizedText> prompts, boolean withTokens) {
    Detail detail = withTokens ? Detail.TOKENS : Detail.FEATURES;
    List<CompletableFuture<TextFeatures>> futures = new ArrayList<>();
    try {
      for (TokenizedText prompt : prompts) {
        futures.add(Calls.submit(() -> engine.submitTextWhenRoom(prompt, detail, RequestOptions.DEFAULT)));
      }
      return futures.stream()
          .map(Calls::await)
          .map(text -> new Features(HostTensor.of(text.features(), 1, text.features().length), text.tokenFeaturesOrNull()))
          .toList();
    } finally {
      futures.forEach(future -> future.cancel(false));
    }
  }
}
