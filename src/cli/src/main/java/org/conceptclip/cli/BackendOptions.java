package org.conceptclip.cli;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import org.conceptclip.ConceptClipOptions;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.BackendRequest;
import org.conceptclip.backend.Backends;
import org.conceptclip.backend.Precision;
import org.conceptclip.backend.cuda.AttentionEngine;
import org.conceptclip.backend.cuda.CudaOptions;
import org.conceptclip.backend.cuda.CudaProvider;
import org.conceptclip.backend.cuda.Gemm;
import org.conceptclip.calibration.Calibration;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.FileNames;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** Backend options of every command that computes. */
final class BackendOptions {
  @Option(
      names = "--backend",
      paramLabel = "NAME",
      defaultValue = "auto",
      description = "auto, cuda, cpu, reference or emulated (default: ${DEFAULT-VALUE})")
  private String name;

  @Option(
      names = "--precision",
      paramLabel = "P",
      converter = PrecisionConverter.class,
      description = "fp64, fp32, fp16, bf16, bf16-weights or fp8 (which needs --calibration), where the backend supports it, or auto for"
          + " the fastest on this machine (default: fp32 on cpu, fp16 on cuda and emulated, fp64 on reference)")
  private Precision precision;

  @Option(
      names = "--threads",
      paramLabel = "N",
      defaultValue = "0",
      description = "threads of the CPU backend (default: one per core)")
  private int threads;

  @Option(
      names = "--cuda-libs",
      paramLabel = "DIR",
      description = "folder of libcudart and libcublasLt, and of cuDNN (default: the usual places, see doctor)")
  private Path cudaLibraries;

  @Option(
      names = "--gemm",
      paramLabel = "ENGINE",
      description = "whose kernels multiply matrices on cuda and emulated: own, cublaslt, or auto for the faster one by the device's tuning"
          + " table (see tune) or a built-in rule (default: auto)")
  private Gemm gemm;

  @Option(
      names = "--attention",
      paramLabel = "ENGINE",
      description = "whose kernels compute attention on cuda and emulated: own, cudnn, or auto for own unless the device's tuning table"
          + " says cudnn (default: auto)")
  private AttentionEngine attention;

  @Option(
      names = "--gemm-table",
      paramLabel = "FILE",
      description = "tuning table for --gemm auto, as tune wrote it (default: that of the device in the cache folder, if there is one)")
  private Path gemmTable;

  @Option(
      names = "--residual",
      paramLabel = "P",
      description = "the vision tower's residual stream on cuda and emulated: fp32, or fp16 for less memory traffic and larger errors of"
          + " token features (default: fp32)")
  private Residual residual;

  /** Types of the residual stream. */
  private enum Residual { FP32, FP16 }

  @Option(
      names = "--calibration",
      paramLabel = "X.json",
      description = "what calibrate has written for this model; --precision fp8 needs it (cuda, emulated)")
  private Path calibration;

  /** Starts the backend, and says which one was taken when the choice was automatic. The caller closes it. */
  Backend open(Context context, boolean checkRange) {
    BackendRequest request = BackendRequest.DEFAULT.withPrecision(Optional.ofNullable(precision)).withThreads(checkedThreads())
        .withCheckRange(checkRange).withNotices(context.console()::say);
    Backends.Choice choice = context.backends().open(name, withDeviceOptions(request));
    choice.note().ifPresent(context.console()::say);
    return choice.backend();
  }

  /** The backend that was asked for, perhaps {@code auto}. */
  String name() {
    return name;
  }

  /** The precision that was asked for; {@code default} if none was. */
  String precision() {
    return precision == null ? "default" : precision.label();
  }

  /** Library options for this backend; notices go to the console. */
  ConceptClipOptions.Builder library(Context context) {
    ConceptClipOptions.Builder builder =
        ConceptClipOptions.builder().backend(name).threads(checkedThreads()).notices(context.console()::say);
    if (precision != null) {
      builder.precision(precision);
    }
    withDeviceOptions(BackendRequest.DEFAULT).options().forEach(builder::backendOption);
    return builder;
  }

  /** The request with what only backends on a CUDA device understand, as far as it was given. */
  private BackendRequest withDeviceOptions(BackendRequest request) {
    BackendRequest result = libraries(request, cudaLibraries);
    if (gemm != null) {
      result = result.withOption(CudaOptions.GEMM, gemm.label());
    }
    if (attention != null) {
      result = result.withOption(CudaOptions.ATTENTION, attention.label());
    }
    if (gemmTable != null) {
      result = result.withOption(CudaOptions.GEMM_TABLE, FileNames.text(gemmTable));
    }
    if (residual != null) {
      result = result.withOption(CudaOptions.RESIDUAL, residual.name().toLowerCase(Locale.ROOT));
    }
    return calibrated(result);
  }

  /** The request with the calibration, if one was given: it goes with fp8 alone. */
  private BackendRequest calibrated(BackendRequest request) {
    if (calibration != null && precision != Precision.FP8) {
      throw new UsageException("--calibration " + FileNames.readable(calibration) + ": only --precision fp8 uses one");
    }
    return calibration == null ? request : request.withOption(Calibration.OPTION, FileNames.text(calibration));
  }

  private int checkedThreads() {
    if (threads < 0) {
      throw new UsageException("--threads " + threads + ": expected 1 or more, or 0 for one per core");
    }
    return threads;
  }

  /** The request with the folder of the CUDA libraries, if it was given. */
  static BackendRequest libraries(BackendRequest request, Path folderOrNull) {
    return folderOrNull == null ? request : request.withOption(CudaProvider.LIBRARIES, FileNames.text(folderOrNull));
  }

  /** Precision by its label. */
  static final class PrecisionConverter implements ITypeConverter<Precision> {
    @Override
    public Precision convert(String value) {
      try {
        return Precision.parse(value);
      } catch (BadInputException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }
}
