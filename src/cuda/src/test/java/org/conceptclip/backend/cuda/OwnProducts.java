package org.conceptclip.backend.cuda;

import java.util.stream.Stream;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.BackendProvider;
import org.conceptclip.backend.BackendRequest;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoder;

/** A program that multiplies matrices with our own kernels alone, as a machine without a CUDA toolkit has to. */
public final class OwnProducts {
  private OwnProducts() {}

  /** Raw features of images, then of texts, by a backend that is opened with the option {@code gemm}. */
  public static float[][] features(BackendProvider provider, String gemm) {
    BackendRequest request = BackendRequest.DEFAULT.withOption(CudaOptions.GEMM, gemm);
    try (Backend backend = provider.open(request); Encoder encoder = SmallModel.load(backend, notice -> { })) {
      return Stream.of(
              encoder.encodeImages(SmallModel.images(2), Detail.FEATURES), encoder.encodeTexts(SmallModel.texts(), Detail.FEATURES))
          .map(output -> output.rawFeatures().toFloatArray()).toArray(float[][]::new);
    }
  }
}
