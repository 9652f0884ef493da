package org.conceptclip.parity;

import java.io.IOException;
import java.util.List;
import org.conceptclip.backend.Precision;
import org.conceptclip.model.ModelConfig;
import org.conceptclip.model.ModelConfigReader;
import org.conceptclip.model.ModelLayout;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoder;
import org.conceptclip.runtime.Encoding;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.weights.SyntheticWeights;

/**
 * Measures what a plain 16-bit implementation errs on the golden models: what the limits in {@link Limits} are derived from. Arguments:
 * {@code tiny} or {@code full}, the golden model ({@code full} takes minutes for each precision), and a precision to measure alone.
 */
final class LimitsDerivation {
  private static final List<Plan> PLANS = List.of(
      new Plan(Precision.BF16_WEIGHTS, DType.F32),
      new Plan(Precision.BF16, DType.F32),
      new Plan(Precision.FP16, DType.F32),
      new Plan(Precision.FP16, DType.F16));

  /** What is simulated: a precision, and what it keeps the residual stream in. */
  private record Plan(Precision precision, DType residual) {
    @Override
    public String toString() {
      return precision.label() + ", residual " + residual;
    }
  }

  private LimitsDerivation() {}

  public static void main(String[] arguments) throws IOException {
    String model = arguments.length > 0 ? arguments[0] : "tiny";
    boolean full = model.equals("full");
    ModelConfig config =
        full ? ModelConfig.conceptClip("synthetic:full") : ModelConfigReader.read(Golden.folder("tiny"));
    Golden golden = Golden.of(model);
    String only = arguments.length > 1 ? arguments[1] : null;
    for (Plan plan : PLANS) {
      if (only != null && plan.precision() != Precision.parse(only)) {
        continue;
      }
      try (NarrowSimulation backend = new NarrowSimulation(plan.precision(), plan.residual());
          SyntheticWeights weights = new SyntheticWeights(config.name(), ModelLayout.of(config));
          Encoder encoder = Encoder.load(config, weights, backend, notice -> {})) {
        HostTensor pixels = full ? FullParity.images() : golden.get("input_pixels");
        Encoding images = encoder.encodeImages(pixels, Detail.STATES);
        print(plan, "image_features", images.features(), golden);
        print(plan, "image_features_raw", images.rawFeatures(), golden);
        Encoding texts = encoder.encodePaddedTexts(golden.get("input_ids"), Detail.STATES);
        print(plan, "text_features", texts.features(), golden);
        print(plan, "text_features_raw", texts.rawFeatures(), golden);
        printTokens(plan, "image", full, images.tokenStates(), images.tokenFeatures(), golden);
        printTokens(plan, "text", full, texts.tokenStates(), texts.tokenFeatures(), golden);
        print(
            plan,
            "logits_per_image",
            encoder.scoreImages(pixels, texts.features(), null, 1).globalLogits(),
            golden);
      }
    }
  }

  private static void printTokens(
      Plan plan, String kind, boolean full, HostTensor states, HostTensor features, Golden golden) {
    for (boolean projected : new boolean[] {false, true}) {
      String name = kind + (projected ? "_token_projected" : "_token_features");
      HostTensor found = projected ? features : states;
      HostTensor compared =
          full ? FullParity.selectRows(found, golden.get(kind + "_token_rows"), golden.get(name)) : found;
      print(plan, name, compared, golden);
    }
  }

  private static void print(Plan plan, String name, HostTensor found, Golden golden) {
    System.out.println(plan + ": " + name + " " + Errors.between(found, golden.get(name)));
  }
}
