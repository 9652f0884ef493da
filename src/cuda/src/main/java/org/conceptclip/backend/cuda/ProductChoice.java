package org.conceptclip.backend.cuda;

import java.util.Optional;
import java.util.function.Function;
import org.conceptclip.backend.BackendUnavailableException;
import org.conceptclip.backend.UnsupportedRequestException;
import org.conceptclip.backend.cuda.driver.CudaDriver;
import org.conceptclip.backend.cuda.driver.KernelIndex;

/**
 * The engine of every product shape, fixed for the life of a backend. Immutable and thread-safe.
 *
 * <p><b>Rows and bits.</b> The engine depends on the {@link ProductShape} and never on the number of rows, and no engine lets a row's bits
 * depend on how many rows come along: cuBLASLt keeps one algorithm for a shape, which does not split sums (see {@link
 * org.conceptclip.backend.cuda.driver.MatmulCall}); our kernels add the products of a row over the inputs in ascending steps of 16 in every
 * tile shape, so that all tiles give the same bits and the tile may follow the number of rows. So within one table, or the built-in rule,
 * an image's bits are the same in every batch. Another table may choose other engines, and bits may then change in the last place.
 */
final class ProductChoice {
  /** The largest width for which the built-in rule takes our kernels without GELU: that of the vision tower's projection. */
  private static final int RULE_WIDTH = 1152;

  private final String description;
  private final Function<ProductShape, ProductEngine> engines;

  private ProductChoice(String description, Function<ProductShape, ProductEngine> engines) {
    this.description = description;
    this.engines = engines;
  }

  /**
   * The choice that a user asks for, on this device.
   *
   * @param table for {@link Gemm#AUTO} alone; it belongs to the device
   * @throws BackendUnavailableException if the machine, or this build, lacks what is asked for
   */
  static ProductChoice of(Gemm gemm, Optional<TuningTable> table, CudaDriver driver, KernelIndex kernels) {
    if (gemm != Gemm.AUTO && table.isPresent()) {
      throw new UnsupportedRequestException("gemm " + gemm.label() + ": a tuning table chooses shape by shape, expected gemm auto");
    }
    boolean library = driver.productLibrary().isPresent();
    boolean own = ProductPlan.available(kernels);
    int capability = driver.device().capability();
    if (gemm == Gemm.CUBLASLT && !library) {
      throw new BackendUnavailableException("CUDA: gemm cublaslt: cuBLASLt (libcublasLt.so) is not on this machine; install the CUDA"
          + " toolkit, name its folder with --cuda-libs, or use --gemm own, which needs the NVIDIA driver only");
    }
    if (!own && (gemm == Gemm.OWN || !library)) {
      throw new BackendUnavailableException(
          "CUDA: this build holds no matrix products for compute capability " + capability / 10 + "." + capability % 10
              + (gemm == Gemm.OWN ? "; use --gemm cublaslt" : ", and cuBLASLt is not on this machine"));
    }
    if (gemm == Gemm.OWN || !library) {
      return new ProductChoice("own", shape -> shape.kind().beforeNorm() ? ProductEngine.OWN_SUM : ProductEngine.OWN);
    }
    if (gemm == Gemm.CUBLASLT || !own) {
      return always(ProductEngine.CUBLASLT);
    }
    return table
        .map(measured -> new ProductChoice("own and cuBLASLt by tuning table " + measured.checksum(),
            shape -> measured.engine(shape).orElseGet(() -> byRule(capability, shape))))
        .orElseGet(() -> new ProductChoice("own and cuBLASLt by the built-in rule", shape -> byRule(capability, shape)));
  }

  /** One engine for every shape that is asked for: the caller sees to it that it is one of the shape's. */
  static ProductChoice always(ProductEngine engine) {
    return new ProductChoice(engine.label(), shape -> engine);
  }

  /** The engine of a shape: always one of its {@link ProductShape#engines}. */
  ProductEngine engine(ProductShape shape) {
    return engines.apply(shape);
  }

  /**
   * The rule for devices without a table, and for shapes that a table lacks. It rests on times of an H200 for 64 images (microseconds, ours
   * with tiles of 128 x 192 against cuBLASLt): fc1 with GELU 770 against 902; projection 169 against 187; qkv 493 against 487; fc2 780
   * against 692; adding the float32 residual inside of the product 291 instead of 169 for the projection and 844 instead of 780 for fc2, of
   * which the norm that follows wins back about 80. So ours compute what ends in GELU and what is no wider than the projection, without
   * adding inside. Capabilities on which nothing was measured keep cuBLASLt.
   */
  static ProductEngine byRule(int capability, ProductShape shape) {
    if (capability != 90) {
      return ProductEngine.CUBLASLT;
    }
    boolean narrow = shape.inputs() <= RULE_WIDTH && shape.outputs() <= RULE_WIDTH;
    return switch (shape.kind()) {
      case GELU_F16 -> ProductEngine.OWN;
      case BIAS_F16, NORM_F16, NORM_F32 -> narrow ? ProductEngine.OWN : ProductEngine.CUBLASLT;
      case BIAS_F32, ADD_F16, ADD_F32 -> ProductEngine.CUBLASLT;
    };
  }

  /** A few words for reports. */
  String describe() {
    return description;
  }
}
