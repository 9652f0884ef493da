package org.conceptclip.cli;

import java.nio.file.Path;
import java.util.Optional;
import org.conceptclip.backend.BackendRequest;
import org.conceptclip.backend.Precision;
import org.conceptclip.backend.cuda.CudaProvider;
import org.conceptclip.tensor.BadInputException;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** Options of every command that computes. */
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
      description = "fp64, fp32, fp16, bf16 or bf16-weights, where the backend has it, or auto for the fastest here (default: fp32"
          + " on cpu, fp16 on cuda and emulated, fp64 on reference)")
  private Precision precision;

  @Option(
      names = "--threads",
      paramLabel = "N",
      defaultValue = "0",
      description = "threads of the CPU backend (default: one a core)")
  private int threads;

  @Option(
      names = "--cuda-libs",
      paramLabel = "DIR",
      description = "folder of libcudart and libcublasLt (default: the usual places, see doctor)")
  private Path cudaLibraries;

  /** Begins to start the backend. The caller closes it. */
  StartingBackend start(Context context) {
    return start(context, false);
  }

  /** {@link #start(Context)}, with a record of ranges if asked for. */
  StartingBackend start(Context context, boolean checkRange) {
    if (threads < 0) {
      throw new UsageException("--threads " + threads + ": expected 1 or more, or 0 for one a core");
    }
    BackendRequest request = BackendRequest.DEFAULT.withPrecision(Optional.ofNullable(precision)).withThreads(threads)
        .withCheckRange(checkRange).withNotices(context.console()::say);
    return new StartingBackend(context, name, libraries(request, cudaLibraries));
  }

  /** The request with the folder of the CUDA libraries, if one was named. */
  static BackendRequest libraries(BackendRequest request, Path folderOrNull) {
    return folderOrNull == null ? request : request.withOption(CudaProvider.LIBRARIES, folderOrNull.toString());
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
