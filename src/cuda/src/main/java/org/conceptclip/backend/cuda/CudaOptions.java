package org.conceptclip.backend.cuda;

import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import org.conceptclip.backend.BackendRequest;
import org.conceptclip.backend.Precision;
import org.conceptclip.backend.UnsupportedRequestException;
import org.conceptclip.calibration.Calibration;
import org.conceptclip.tensor.DType;
import org.conceptclip.util.FileNames;
import org.conceptclip.util.Labelled;

/**
 * What a user can choose about the CUDA backend. Immutable; the {@code with} methods return changed copies.
 *
 * @param residualType of the vision tower's residual stream: F32, or F16 for a quarter less traffic per block at some accuracy
 * @param checkRange whether to record the largest residual sums, see {@link org.conceptclip.backend.Backend#residualRanges}
 * @param gemm whose kernels multiply matrices
 * @param attention who computes attention
 * @param table engines as they were measured on this device, for {@link Gemm#AUTO} and {@link AttentionEngine#AUTO}; without one built-in
 *     rules decide
 * @param calibration which products compute in 8 bits, and with which scales: present for {@link Precision#FP8}, empty for fp16. Such
 *     products are always our own, whatever {@code gemm} says of the others
 */
public record CudaOptions(
    DType residualType, boolean checkRange, Gemm gemm, AttentionEngine attention, Optional<TuningTable> table,
    Optional<Calibration> calibration) {
  /** The backend option that chooses {@link #gemm}: {@code auto}, {@code own} or {@code cublaslt}. */
  public static final String GEMM = "gemm";

  /** The backend option that chooses {@link #attention}: {@code auto}, {@code own} or {@code cudnn}. */
  public static final String ATTENTION = "attention";

  /** The backend option with a file that {@code conceptclip tune} wrote, instead of the one in the cache. */
  public static final String GEMM_TABLE = "gemm-table";

  /** The backend option that chooses {@link #residualType}: {@code fp32} or {@code fp16}. */
  public static final String RESIDUAL = "residual";

  /** All of them. */
  static final Set<String> NAMES = Set.of(GEMM, GEMM_TABLE, ATTENTION, RESIDUAL, Calibration.OPTION);

  public CudaOptions {
    if (residualType != DType.F16 && residualType != DType.F32) {
      throw new IllegalArgumentException("residual stream in " + residualType + ", expected F16 or F32");
    }
  }

  /** Float32 residual stream, no record of ranges, engines of products by the built-in rule, fp16. */
  public static CudaOptions defaults() {
    return new CudaOptions(DType.F32, false, Gemm.AUTO, AttentionEngine.AUTO, Optional.empty(), Optional.empty());
  }

  public CudaOptions withResidualType(DType value) {
    return new CudaOptions(value, checkRange, gemm, attention, table, calibration);
  }

  public CudaOptions withCheckRange(boolean value) {
    return new CudaOptions(residualType, value, gemm, attention, table, calibration);
  }

  public CudaOptions withGemm(Gemm value) {
    return new CudaOptions(residualType, checkRange, value, attention, table, calibration);
  }

  public CudaOptions withAttention(AttentionEngine value) {
    return new CudaOptions(residualType, checkRange, gemm, value, table, calibration);
  }

  public CudaOptions withTable(Optional<TuningTable> value) {
    return new CudaOptions(residualType, checkRange, gemm, attention, value, calibration);
  }

  public CudaOptions withCalibration(Optional<Calibration> value) {
    return new CudaOptions(residualType, checkRange, gemm, attention, table, value);
  }

  /** fp8 with a calibration, else fp16. */
  Precision precision() {
    return calibration.isPresent() ? Precision.FP8 : Precision.FP16;
  }

  /**
   * The options of a request, without a table.
   *
   * @throws UnsupportedRequestException if it requires another precision than fp16 or fp8, fp8 without a calibration, or an option has a
   *     value that is unknown
   * @throws org.conceptclip.tensor.BadInputException if the calibration cannot be read or is damaged
   */
  static CudaOptions of(String backend, BackendRequest request) {
    Precision precision = request.precision().orElse(Precision.AUTO);
    if (precision != Precision.AUTO && precision != Precision.FP16 && precision != Precision.FP8) {
      throw new UnsupportedRequestException(
          "precision " + precision.label() + ": the " + backend + " backend computes in fp16 and fp8 only");
    }
    Gemm gemm = gemm(request);
    if (gemm != Gemm.AUTO && tableFile(request).isPresent()) {
      throw new UnsupportedRequestException(
          GEMM_TABLE + ": gemm is " + gemm.label() + ", a table chooses shape by shape; expected gemm auto");
    }
    return defaults().withResidualType(residual(request)).withCheckRange(request.checkRange()).withGemm(gemm)
        .withAttention(attention(request)).withCalibration(Calibration.of(request));
  }

  private static Gemm gemm(BackendRequest request) {
    String label = request.options().getOrDefault(GEMM, defaults().gemm().label());
    return Labelled.find(Gemm.class, label)
        .orElseThrow(() -> new UnsupportedRequestException(GEMM + " " + label + ": expected auto, own or cublaslt"));
  }

  private static AttentionEngine attention(BackendRequest request) {
    String label = request.options().getOrDefault(ATTENTION, defaults().attention().label());
    return Labelled.find(AttentionEngine.class, label)
        .orElseThrow(() -> new UnsupportedRequestException(ATTENTION + " " + label + ": expected auto, own or cudnn"));
  }

  private static DType residual(BackendRequest request) {
    String label = request.options().get(RESIDUAL);
    return switch (label) {
      case null -> defaults().residualType();
      case "fp32" -> DType.F32;
      case "fp16" -> DType.F16;
      default -> throw new UnsupportedRequestException(RESIDUAL + " " + label + ": expected fp32 or fp16");
    };
  }

  /** The table that the request names. */
  static Optional<Path> tableFile(BackendRequest request) {
    return Optional.ofNullable(request.options().get(GEMM_TABLE)).map(FileNames::path);
  }
}
