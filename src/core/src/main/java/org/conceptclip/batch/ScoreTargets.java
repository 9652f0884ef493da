package org.conceptclip.batch;

import org.conceptclip.tensor.HostTensor;

/**
 * Classes that images are scored against. Use one object for many images: tensors are compared by identity, and only images that are
 * scored against the same tensors share batches. The tensors must not change while images are scored.
 *
 * @param textFeatures one L2-normalised vector per class, floating-point [C, E]
 * @param conceptsOrNull one L2-normalised concept vector per class [C, E], for local scores; {@code null} for global scores only
 * @param topK number of patches whose similarity is averaged in a local score
 */
public record ScoreTargets(HostTensor textFeatures, HostTensor conceptsOrNull, int topK) {
  public ScoreTargets {
    requireMatrix("text features", textFeatures);
    if (conceptsOrNull != null) {
      requireMatrix("concepts", conceptsOrNull);
      if (!conceptsOrNull.shape().equals(textFeatures.shape())) {
        throw new IllegalArgumentException("concepts are " + conceptsOrNull + ", expected the shape of the text features, " + textFeatures);
      }
    }
    if (topK < 1) {
      throw new IllegalArgumentException("topK is " + topK + ", expected at least 1");
    }
  }

  private static void requireMatrix(String name, HostTensor tensor) {
    if (!tensor.dtype().isFloat() || tensor.shape().rank() != 2 || tensor.shape().elements() == 0) {
      throw new IllegalArgumentException(name + " are " + tensor + ", expected floating-point [classes, width]");
    }
  }
}
