package org.conceptclip.probe;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.OneLine;

/**
 * A trained concept bottleneck: the layer that decides, the vectors of its concepts, and what it belongs to. Arrays are shared, not copied:
 * callers must not change them. Serves all threads.
 *
 * @param layer which concepts speak for which class
 * @param vectors of the concepts [M][D], in the space of the model's images, or of their patches; empty if similarities were given
 * @param similarity what the layer takes
 * @param penalty what kept its weights few
 * @param lambda the strength of the penalty
 * @param model whose images it takes; empty if similarities were given
 * @param training what it was trained on
 */
public record Bottleneck(BottleneckLayer layer, Optional<float[][]> vectors, BottleneckSimilarity similarity, BottleneckPenalty penalty,
    double lambda, Optional<FeatureSource> model, Training training) {

  /**
   * What a bottleneck was trained on.
   *
   * @param items number of images
   * @param accuracy share of them whose most probable class is right
   * @param heldOutAccuracy the same in cross-validation, where each is predicted from others; empty if there was none
   */
  public record Training(long items, double accuracy, OptionalDouble heldOutAccuracy) {}

  public Bottleneck {
    boolean known = similarity.kind() != BottleneckSimilarity.Kind.GIVEN;
    if (known != vectors.isPresent() || known != model.isPresent()) {
      throw new IllegalArgumentException("similarities of kind " + similarity.kind().label() + (vectors.isPresent() ? " with" : " without")
          + " vectors and" + (model.isPresent() ? " with" : " without") + " a model");
    }
    if (vectors.isPresent() && vectors.get().length != layer.concepts().size()) {
      throw new IllegalArgumentException(vectors.get().length + " vectors for " + layer.concepts().size() + " concepts");
    }
  }

  /**
   * Fails unless images of this model are what this bottleneck takes.
   *
   * @param where begins the message: the bottleneck's file
   * @throws BadInputException if it was trained on another model, on images that were prepared in another way, or on no images
   */
  public void requireModel(String where, FeatureSource found) {
    FeatureSource own = model.orElseThrow(() -> new BadInputException(where + ": was trained on similarities that were given,"
        + " without a model; expected similarities instead of images"));
    if (!own.model().equals(found.model())) {
      throw new BadInputException(where + ": belongs to model " + named(own) + ", found model " + named(found) + ", expected the same");
    }
    if (!own.preprocessing().equals(found.preprocessing())) {
      throw new BadInputException(where + ": was trained on images prepared by " + OneLine.quoted(own.preprocessing(), 60)
          + ", here they are prepared by " + OneLine.quoted(found.preprocessing(), 60) + ", expected the same");
    }
  }

  private static String named(FeatureSource model) {
    return OneLine.quoted(model.name(), 200) + " (" + OneLine.of(model.model(), 80) + ")";
  }

  /** The concepts that decide, class by class, as {@link BottleneckLayer#terms} lists them. */
  public List<List<BottleneckLayer.Term>> terms() {
    return IntStream.range(0, layer.classes().size()).mapToObj(layer::terms).toList();
  }
}
