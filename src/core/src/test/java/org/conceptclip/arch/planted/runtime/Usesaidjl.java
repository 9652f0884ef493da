package org.conceptclip.arch.planted.runtime;

/** Breaks the arrows on purpose: ai.djl must stay behind its users. */
interface Usesaidjl {
  ai.djl.huggingface.tokenizers.Encoding forbidden();
}
