package org.conceptclip.backend.cuda;

import java.util.LinkedHashMap;
import java.util.SequencedMap;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;
import org.conceptclip.calibration.Calibration;
import org.conceptclip.calibration.Calibration.Product;
import org.conceptclip.model.ModelConfig;
import org.conceptclip.model.ModelFingerprint;
import org.conceptclip.model.ModelLayout;
import org.conceptclip.weights.WeightSource;

/** Calibrations for tests, which nothing was measured for. */
final class Calibrations {
  private Calibrations() {}

  /** One by which the products of a model compute in 8 bits whose scale is not 0. */
  static Calibration of(ModelConfig config, WeightSource weights, ToDoubleFunction<String> scales) {
    SequencedMap<String, Product> products = new LinkedHashMap<>();
    for (String name : ModelLayout.products(config)) {
      float scale = (float) scales.applyAsDouble(name);
      products.put(name, new Product(1, scale == 0 ? 1 : scale, 1, 1, 0, true, scale != 0));
    }
    Calibration.Agreement same = new Calibration.Agreement(1, 1);
    return new Calibration("test.json", config.name(), ModelFingerprint.of(config, weights), new Calibration.Images(2, 1, false),
        same, same, products);
  }

  /** The same with other products in 8 bits. */
  static Calibration with(Calibration calibration, Predicate<String> inCodes) {
    SequencedMap<String, Product> products = new LinkedHashMap<>();
    calibration.products().forEach((name, product) -> products.put(name, new Product(product.largest(), product.scale(), product.outliers(),
        product.weights(), product.sensitivity(), product.measuredAlone(), inCodes.test(name))));
    return new Calibration(calibration.source(), calibration.model(), calibration.fingerprint(), calibration.images(),
        calibration.everything(), calibration.chosen(), products);
  }
}
