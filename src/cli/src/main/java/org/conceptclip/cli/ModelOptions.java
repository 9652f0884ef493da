package org.conceptclip.cli;

import org.conceptclip.ConceptClipOptions;
import org.conceptclip.catalog.OpenModel;
import picocli.CommandLine.Option;

/** The option that chooses the model. */
final class ModelOptions {
  @Option(
      names = "--model",
      paramLabel = "DIR",
      converter = Arguments.MayNameFile.class,
      description = "model folder (config.json, model.safetensors, tokenizer files), synthetic:full or synthetic:tiny (default: the"
          + " embedded demo model, which knows drawings only)")
  private String reference;

  /** Sets this model in the options of the library. */
  void choose(ConceptClipOptions.Builder builder) {
    if (reference != null) {
      builder.model(reference);
    }
  }

  /** Opens the model, with a notice if it is the demo model. The caller closes it. */
  OpenModel open(Console console) {
    OpenModel model = reference == null ? OpenModel.embedded() : OpenModel.open(reference);
    model.notice().ifPresent(console::say);
    return model;
  }
}
