package org.conceptclip.cli;

import java.nio.file.Path;
import java.util.Optional;
import org.conceptclip.ConceptClipOptions;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.BackendRequest;
import org.conceptclip.backend.Backends;
import org.conceptclip.backend.Precision;
import org.conceptclip.backend.cuda.CudaProvider;
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
      description = "fp64, fp32, fp16, bf16, bf16-weights or fp8 (which needs --calibration), where the backend supports it, or auto for the fastest on this machine"
          + " (default: fp32 on cpu, fp16 on cuda and emulated, fp64 on reference)")
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
      description = "folder of libcudart and libcublasLt (default: the usual places, see doctor)")
  private Path cudaLibraries;

  @Option(
      names = "--calibration",
      paramLabel = "X.json",
      description = "what calibrate has written for this model; --precision fp8 needs it (cuda, emulated)")
  private Path calibration;

  /** Starts the backend, and says which one was taken when the choice was automatic. The caller closes it. */
  Backend open(Context context, boolean checkRange) {
    BackendRequest request = BackendRequest.DEFAULT.withPrecision(Optional.ofNullable(precision)).withThreads(checkedThreads())
        .withCheckRange(checkRange).withNotices(context.console()::say);
    Backends.Choice choice = context.backends().open(name, calibrated(libraries(request, cudaLibraries)));
    choice.note().ifPresent(context.console()::say);
    return choice.backend();
  }

  /** Library options for this backend; notices go to the console. */
  ConceptClipOptions.Builder library(Context context) {
    ConceptClipOptions.Builder builder =
        ConceptClipOptions.builder().backend(name).threads(checkedThreads()).notices(context.console()::say);
    if (precision != null) {
      builder.precision(precision);
    }
    calibrated(libraries(BackendRequest.DEFAULT, cudaLibraries)).options().forEach(builder::backendOption);
    return builder;
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
