package org.conceptclip.parity;

import java.io.IOException;
import org.conceptclip.backend.cuda.CudaBackend;
import org.conceptclip.backend.cuda.CudaOptions;
import org.conceptclip.backend.cuda.driver.emulated.EmulatedCudaDriver;
import org.conceptclip.backend.cuda.driver.emulated.EmulatedDevice;
import org.conceptclip.model.ModelConfig;
import org.conceptclip.model.ModelConfigReader;
import org.conceptclip.model.ModelLayout;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoder;
import org.conceptclip.runtime.Encoding;
import org.conceptclip.tensor.DType;
import org.conceptclip.weights.Checkpoint;
import org.conceptclip.weights.WeightSource;

/**
 * Measures what the CUDA backend errs on the tiny golden model with its residual stream in float32 and in float16: the figures that the
 * choice of the default rests on, besides those that {@code CudaFullWidthTest} prints. Needs a C++
 * compiler for the emulator.
 */
final class ResidualTypeDerivation {
  private ResidualTypeDerivation() {}

  public static void main(String[] arguments) throws IOException {
    ModelConfig config = ModelConfigReader.read(Golden.folder("tiny"));
    Golden golden = Golden.of("tiny");
    for (DType residual : new DType[] {DType.F32, DType.F16}) {
      EmulatedCudaDriver driver = EmulatedCudaDriver.open(EmulatedDevice.ofCapability(80), System.err::println);
      try (CudaBackend backend = new CudaBackend("emulated", driver, CudaOptions.defaults().withResidualType(residual));
          WeightSource weights = Checkpoint.open(Golden.folder("tiny"), ModelLayout.of(config));
          Encoder encoder = Encoder.load(config, weights, backend, notice -> {})) {
        Encoding images = encoder.encodeImages(golden.get("input_uint8_nhwc"), Detail.STATES);
        print(residual, "image_features", Errors.between(images.features(), golden.get("image_features")));
        print(residual, "image_features_raw", Errors.between(images.rawFeatures(), golden.get("image_features_raw")));
        print(residual, "image_token_features", Errors.between(images.tokenStates(), golden.get("image_token_features")));
        print(residual, "image_token_projected", Errors.between(images.tokenFeatures(), golden.get("image_token_projected")));
      }
    }
  }

  private static void print(DType residual, String name, Errors errors) {
    System.out.println("residual " + residual + ": " + name + " " + errors);
  }
}
