package org.conceptclip.model;

import java.util.List;
import org.conceptclip.op.PatchGeometry;

/**
 * Hyper-parameters of a ConceptCLIP model.
 *
 * @param name for messages and results
 * @param embeddingWidth columns of image and text features; equals the vision width
 */
public record ModelConfig(String name, VisionConfig vision, TextConfig text, int embeddingWidth) {
  /** Mean and standard deviation of each channel, as SigLIP normalises images. */
  static final List<Double> HALF = List.of(0.5, 0.5, 0.5);

  /** The published model: SigLIP SO400M/14@384 and PubMedBERT base (open_clip configuration ConceptCLIP-Pretraining). */
  public static ModelConfig conceptClip(String name) {
    return new ModelConfig(
        name,
        new VisionConfig(new PatchGeometry(384, 14), 1152, 27, 16, 4304, 16, 4304, 1e-6, HALF, HALF),
        new TextConfig(768, 12, 12, 3072, 30522, 512, 2, 1e-12, 0, 77),
        1152);
  }
}
