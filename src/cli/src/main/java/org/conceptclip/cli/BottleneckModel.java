package org.conceptclip.cli;

import java.util.List;
import java.util.function.Consumer;
import org.conceptclip.ConceptClip;
import org.conceptclip.ConceptClipOptions;
import org.conceptclip.catalog.OpenModel;
import org.conceptclip.image.DecodeLimits;
import org.conceptclip.image.Preprocessor;
import org.conceptclip.op.PatchGeometry;
import org.conceptclip.probe.FeatureSource;
import picocli.CommandLine.Mixin;

/** The model of a bottleneck command, and what is known about it once it is open. */
final class BottleneckModel {
  @Mixin private ModelOptions model;

  @Mixin private BackendOptions backend;

  @Mixin private ImageOptions images;

  // Set when the model has been found.
  private FeatureSource id;
  private List<String> notices = List.of();
  private PatchGeometry geometry;

  /**
   * Opens the model. The caller closes it.
   *
   * @param check looks at the model before its weights are prepared
   */
  ConceptClip open(Context context, Consumer<OpenModel> check) {
    ConceptClipOptions.Builder library = backend.library(context).engine(images.engine()).inspection(found -> {
      id = new FeatureSource(found.fingerprint(), found.name(), Preprocessor.VERSION);
      notices = DemoNotice.of(found).stream().toList();
      geometry = found.config().vision().geometry();
      check.accept(found);
    });
    model.choose(library);
    return ConceptClip.open(library.build());
  }

  DecodeLimits limits() {
    return images.limits();
  }

  FeatureSource id() {
    return id;
  }

  /** Lines that whoever reads results must see. */
  List<String> notices() {
    return notices;
  }

  PatchGeometry geometry() {
    return geometry;
  }

  /** The name as it stands under pictures. */
  String caption() {
    return id.name() + (notices.isEmpty() ? "" : DemoNotice.SHORT);
  }
}
