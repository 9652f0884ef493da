package org.conceptclip.cli;

import org.conceptclip.ConceptClipOptions;
import org.conceptclip.catalog.OpenModel;
import picocli.CommandLine.Option;

/** The option that says which model. */
final class ModelOptions {
  @Option(
      names = "--model",
      paramLabel = "DIR",
      description = "model folder (config.json, model.safetensors, tokenizer files), synthetic:full or synthetic:tiny (default: the"
          + " embedded demo model, which knows drawings only)")
  private String reference;

  /** Makes a library open this model. */
  void choose(ConceptClipOptions.Builder builder) {
    if (reference != null) {
      builder.model(reference);
    }
  }

  /** Opens the model, and says so when it is the toy. The caller closes it. */
  OpenModel open(Console console) {
    OpenModel model = reference == null ? OpenModel.embedded() : OpenModel.open(reference);
    model.notice().ifPresent(console::say);
    return model;
  }
}
