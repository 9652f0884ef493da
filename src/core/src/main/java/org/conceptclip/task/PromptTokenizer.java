package org.conceptclip.task;

import java.util.List;
import org.conceptclip.text.TokenizedText;

/** Sentences to tokens, cut to the model's context: a tokenizer's method, as much of it as this package needs. */
@FunctionalInterface
public interface PromptTokenizer {
  /** The tokens of each text, in order. */
  List<TokenizedText> encode(List<String> texts);
}
