package org.conceptclip.calibration;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;
import org.conceptclip.backend.Backend;
import org.conceptclip.calibration.Calibration.Agreement;
import org.conceptclip.calibration.Calibration.Images;
import org.conceptclip.calibration.Calibration.Product;
import org.conceptclip.catalog.OpenModel;
import org.conceptclip.model.ModelLayout;
import org.conceptclip.runtime.Encoder;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;

/**
 * Measures a {@link Calibration}.
 *
 * <p>Every second image is held out. On the others it records the inputs of every product, which gives the scales, simulates fp8 ({@link
 * Fp8Simulation}), measures what each product costs ({@link Sensitivities}) and chooses ({@link Choice}). The held-out images then tell
 * how good the choice is. Where they show it to be too bold, it is made more careful, at most twice. Not thread-safe: one measurement each.
 */
public final class Calibrator {
  /** Fewest images: half of them are held out. */
  public static final int FEWEST_IMAGES = 2;

  /** What is chosen for on one half must hold on the other. */
  private static final double TARGET = 1 - 0.8 * (1 - Calibration.LOWEST_COSINE);

  /** Images for the measurement of each product or block: the losses compared are means, and differ by far more than these do. */
  private static final int SENSITIVITY_IMAGES = 2;

  /** So often the held-out images may ask for a more careful choice. More often, and they would no longer be held out. */
  private static final int CORRECTIONS = 2;

  private final Encoder encoder;
  private final Fp8Simulation simulation;
  private final Steps steps;
  private final List<String> products;
  private final Map<String, Shape> shapes;
  private final InputRanges ranges = new InputRanges();

  /** Receives how many passes of one image are done, of how many; the number of all may change while it works. */
  public interface Steps {
    /** Called on the calling thread after each pass. */
    void reach(long done, long all);
  }

  private Calibrator(OpenModel model, Encoder encoder, Fp8Simulation simulation, Steps steps) {
    this.encoder = encoder;
    this.simulation = simulation;
    this.steps = steps;
    this.products = ModelLayout.products(model.config());
    this.shapes = ModelLayout.of(model.config());
  }

  /**
   * Measures a model.
   *
   * @param backend what computes; the simulation is in front of it. The caller closes it
   * @param images U8 [size, size, 3] each, at least {@link #FEWEST_IMAGES}
   * @param generated whether they are noise
   * @param notices receives one line for each event worth knowing
   */
  public static Calibration measure(
      OpenModel model, Backend backend, List<HostTensor> images, boolean generated, Steps steps, Consumer<String> notices) {
    if (images.size() < FEWEST_IMAGES) {
      throw new IllegalArgumentException(images.size() + " images, expected at least " + FEWEST_IMAGES);
    }
    Fp8Simulation simulation = Fp8Simulation.of(backend);
    try (Encoder encoder = model.load(simulation, notices)) {
      return new Calibrator(model, encoder, simulation, steps).measure(model, images, generated);
    }
  }

  private Calibration measure(OpenModel model, List<HostTensor> images, boolean generated) {
    List<HostTensor> seen = every(images, 0);
    List<HostTensor> heldOut = every(images, 1);
    Run run = new Run(seen, heldOut);
    FeatureSet exactSeen = run.recorded();
    FeatureSet exactHeldOut = run.features(heldOut, List.of());
    double lowestOfAll = run.features(seen, products).agreement(exactSeen).lowest();
    Agreement everything = run.features(heldOut, products).agreement(exactHeldOut);

    List<HostTensor> few = seen.subList(0, Math.min(SENSITIVITY_IMAGES, seen.size()));
    FeatureSet exactFew = exactSeen.first(few.size());
    Sensitivities sensitivities = Sensitivities.measure(products, some -> run.features(few, some).loss(exactFew));
    Choice choice = new Choice(sensitivities.losses(), product -> shapes.get(product).elements(), lowestOfAll);
    ToDoubleFunction<Set<String>> lowest = some -> run.features(seen, some).agreement(exactSeen).lowest();
    choice.reach(TARGET, lowest);
    Agreement agreement = choice.chosen().size() == products.size() ? everything : run.agreement(heldOut, choice, exactHeldOut);
    for (int more = 0; more < CORRECTIONS && agreement.lowest() < Calibration.LOWEST_COSINE && !choice.isLast(); more++) {
      choice.reduceLossTo((1 - TARGET) / (1 - agreement.lowest()), lowest);
      agreement = run.agreement(heldOut, choice, exactHeldOut);
    }
    return new Calibration("this calibration", model.name(), model.fingerprint(), new Images(images.size(), heldOut.size(), generated),
        everything, agreement, entries(sensitivities, choice.chosen()));
  }

  private SequencedMap<String, Product> entries(Sensitivities sensitivities, Set<String> chosen) {
    SequencedMap<String, Product> entries = new LinkedHashMap<>();
    for (String product : products) {
      entries.put(product, new Product(ranges.largest(product), ranges.scale(product), ranges.outliers(product),
          shapes.get(product).elements(), sensitivities.losses().get(product), sensitivities.measuredAlone(), chosen.contains(product)));
    }
    return entries;
  }

  private static List<HostTensor> every(List<HostTensor> images, int first) {
    List<HostTensor> some = new ArrayList<>();
    for (int i = first; i < images.size(); i += 2) {
      some.add(images.get(i));
    }
    return some;
  }

  /** The passes of a measurement, which it counts. */
  private final class Run {
    private final List<HostTensor> seen;
    private long done;
    private long all;

    Run(List<HostTensor> seen, List<HostTensor> heldOut) {
      this.seen = seen;
      int few = Math.min(SENSITIVITY_IMAGES, seen.size());
      this.all = 2L * (seen.size() + heldOut.size()) + (long) few * Sensitivities.measurements(products.size());
    }

    /** The features with a choice, compared with exact ones. */
    Agreement agreement(List<HostTensor> images, Choice choice, FeatureSet exact) {
      return features(images, choice.chosen()).agreement(exact);
    }

    /** The features of the model as it is, while the inputs of all products are recorded. */
    FeatureSet recorded() {
      simulation.record(Optional.of(ranges));
      try {
        return features(seen, List.of());
      } finally {
        simulation.record(Optional.empty());
      }
    }

    /** Features with these products in E4M3. */
    FeatureSet features(List<HostTensor> images, Collection<String> inE4m3) {
      all = Math.max(all, done + images.size());
      Map<String, Float> scales = new HashMap<>();
      inE4m3.forEach(product -> scales.put(product, ranges.scale(product)));
      simulation.select(scales);
      return FeatureSet.of(encoder, images, count -> {
        done += count;
        steps.reach(done, all);
      });
    }
  }
}
