package org.conceptclip.parity;

import java.io.IOException;
import org.conceptclip.backend.Precision;
import org.conceptclip.model.ModelConfig;
import org.conceptclip.model.ModelConfigReader;
import org.conceptclip.model.ModelLayout;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoder;
import org.conceptclip.runtime.ImageEncoding;
import org.conceptclip.runtime.TextEncoding;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.weights.SyntheticWeights;
import org.junit.jupiter.api.Test;

/**
 * Measures what a plain bfloat16 implementation errs on the golden models: the figures that the limits in {@link Limits} are
 * twice of. Not part of the suite, since the full-size model takes minutes in float64:
 *
 * <pre>mvn test -Dtest=LimitsDerivation -Dgolden=full</pre>
 */
class LimitsDerivation {
  @Test
  void printErrorsOfTheSimulation() throws IOException {
    String model = System.getProperty("golden", "tiny");
    boolean full = model.equals("full");
    ModelConfig config =
        full ? ModelConfig.conceptClip("synthetic:full") : ModelConfigReader.read(Golden.folder("tiny"));
    Golden golden = Golden.of(model);
    for (Precision precision : new Precision[] {Precision.BF16_WEIGHTS, Precision.BF16}) {
      try (Bfloat16Simulation backend = new Bfloat16Simulation(precision);
          SyntheticWeights weights = new SyntheticWeights(config.name(), ModelLayout.of(config));
          Encoder encoder = Encoder.load(config, weights, backend)) {
        HostTensor pixels = full ? FullParity.images() : golden.get("input_pixels");
        ImageEncoding images = encoder.encodeImages(pixels, Detail.STATES);
        print(precision, "image_features", images.features(), golden);
        print(precision, "image_features_raw", images.rawFeatures(), golden);
        TextEncoding texts = encoder.encodePaddedTexts(golden.get("input_ids"), Detail.STATES);
        print(precision, "text_features", texts.features(), golden);
        print(precision, "text_features_raw", texts.rawFeatures(), golden);
        printTokens(precision, "image", full, images.tokenStates(), images.tokenFeatures(), golden);
        printTokens(precision, "text", full, texts.tokenStates(), texts.tokenFeatures(), golden);
        print(
            precision,
            "logits_per_image",
            encoder.scoreImages(pixels, texts.features(), null, 1).globalLogits(),
            golden);
      }
    }
  }

  private static void printTokens(
      Precision precision, String kind, boolean full, HostTensor states, HostTensor features, Golden golden) {
    for (boolean projected : new boolean[] {false, true}) {
      String name = kind + (projected ? "_token_projected" : "_token_features");
      HostTensor found = projected ? features : states;
      HostTensor compared =
          full ? FullParity.selectRows(found, golden.get(kind + "_token_rows"), golden.get(name)) : found;
      print(precision, name, compared, golden);
    }
  }

  private static void print(Precision precision, String name, HostTensor found, Golden golden) {
    System.out.println(precision.label() + " " + name + " " + Errors.between(found, golden.get(name)));
  }
}
