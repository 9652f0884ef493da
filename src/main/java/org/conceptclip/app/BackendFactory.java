package org.conceptclip.app;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.BackendRequest;
import org.conceptclip.backend.BackendUnavailableException;
import org.conceptclip.backend.Backends;
import org.conceptclip.backend.Precision;
import org.conceptclip.backend.UnsupportedRequestException;
import org.conceptclip.backend.cpu.CpuBackend;
import org.conceptclip.backend.cuda.CudaBackend;
import org.conceptclip.backend.cuda.CudaOptions;
import org.conceptclip.backend.cuda.driver.CudaDriver;
import org.conceptclip.backend.cuda.driver.CudaLibraries;
import org.conceptclip.backend.cuda.driver.DriverOptions;
import org.conceptclip.backend.cuda.driver.EmulatedCudaDriver;
import org.conceptclip.backend.cuda.driver.EmulatedDevice;
import org.conceptclip.backend.cuda.driver.JavacppCudaDriver;
import org.conceptclip.backend.reference.ReferenceBackend;

/** Names to backends: the sole namer of concrete ones. */
public final class BackendFactory implements Backends {
  private static final String AUTO = "auto";
  private static final String CUDA = "cuda";
  private static final String CPU = "cpu";
  private static final String REFERENCE = "reference";
  private static final String EMULATED = "emulated";

  /** Hopper's: the device that the CUDA backend is tuned for. */
  private static final int EMULATED_CAPABILITY = 90;

  @Override
  public Choice open(BackendRequest request) {
    return switch (request.name()) {
      case AUTO -> automatic(request);
      case CPU -> new Choice(cpu(request), null);
      case REFERENCE -> new Choice(reference(request), null);
      case CUDA -> new Choice(cuda(request), null);
      case EMULATED -> new Choice(emulated(request), null);
      default -> throw new UnsupportedRequestException("backend " + request.name() + ": expected auto, cuda, cpu, reference or emulated");
    };
  }

  @Override
  public List<Status> probe(Optional<Path> cudaLibraries) {
    BackendRequest plain = BackendRequest.plain(AUTO);
    BackendRequest withLibraries = new BackendRequest(AUTO, Optional.empty(), 0, cudaLibraries, false, notice -> { });
    return List.of(
        probe(CUDA, () -> cuda(withLibraries)), probe(CPU, () -> cpu(plain)), probe(REFERENCE, () -> reference(plain)), emulatedStatus());
  }

  @Override
  public Map<String, String> cuda(Optional<Path> cudaLibraries) {
    return CudaLibraries.describe(cudaLibraries);
  }

  private static Status probe(String name, Supplier<Backend> start) {
    try (Backend backend = start.get()) {
      return new Status(name, true, backend.description());
    } catch (BackendUnavailableException e) {
      return new Status(name, false, e.getMessage());
    }
  }

  /** Not started: its first start compiles for minutes. */
  private static Status emulatedStatus() {
    return EmulatedCudaDriver.absence()
        .map(absence -> new Status(EMULATED, false, absence))
        .orElseGet(() -> new Status(
            EMULATED, true, "the CUDA backend's kernels on the CPU, compiled at first use; for tests, slow"));
  }

  /** CUDA where it starts, else the CPU; either way with the reason. */
  private static Choice automatic(BackendRequest request) {
    Precision precision = request.precision().orElse(Precision.AUTO);
    if (precision != Precision.AUTO && precision != Precision.FP16) {
      return cpuInstead(request, "it computes in fp16 only");
    }
    try {
      Backend backend = cuda(request);
      return new Choice(backend, "backend cuda: " + backend.description());
    } catch (BackendUnavailableException e) {
      return cpuInstead(request, e.getMessage());
    }
  }

  private static Choice cpuInstead(BackendRequest request, String whyNotCuda) {
    Backend backend = cpu(request.withDevice(0));
    return new Choice(backend, "backend cpu: " + backend.description() + "; not cuda: " + whyNotCuda);
  }

  private static Backend cuda(BackendRequest request) {
    requireFp16(CUDA, request);
    return over(JavacppCudaDriver.open(options(request)), CUDA, request);
  }

  private static DriverOptions options(BackendRequest request) {
    return DriverOptions.standard(request.device(), request.cudaLibraries(), request.notices());
  }

  private static Backend emulated(BackendRequest request) {
    requireFp16(EMULATED, request);
    return over(EmulatedCudaDriver.open(EmulatedDevice.ofCapability(EMULATED_CAPABILITY), request.notices()), EMULATED, request);
  }

  private static Backend over(CudaDriver driver, String name, BackendRequest request) {
    return new CudaBackend(name, driver, new CudaOptions(CudaOptions.defaults().residualType(), request.checkRange()));
  }

  private static void requireFp16(String name, BackendRequest request) {
    Precision precision = request.precision().orElse(Precision.AUTO);
    if (precision != Precision.AUTO && precision != Precision.FP16) {
      throw new UnsupportedRequestException("precision " + precision.label() + ": the " + name + " backend computes in fp16 only");
    }
  }

  private static void refuseCheckRange(String name, BackendRequest request) {
    if (request.checkRange()) {
      throw new UnsupportedRequestException("check-range: the " + name + " backend computes in types whose range no activation leaves;"
          + " expected backend cuda or emulated");
    }
  }

  private static void refuseDevice(String name, BackendRequest request) {
    if (request.device() != 0) {
      throw new UnsupportedRequestException("device " + request.device() + ": the " + name + " backend has one device, expected 0");
    }
  }

  /** Float32 unless asked otherwise: results do not depend on which CPU computes them. {@code auto} is the faster one's choice. */
  private static Backend cpu(BackendRequest request) {
    refuseDevice(CPU, request);
    refuseCheckRange(CPU, request);
    Precision precision = request.precision().orElse(Precision.FP32);
    if (precision == Precision.FP64 || precision == Precision.FP16) {
      throw new UnsupportedRequestException(
          "precision " + precision.label() + ": the cpu backend computes in fp32, bf16 or bf16-weights");
    }
    int threads = request.threads() == 0 ? Runtime.getRuntime().availableProcessors() : request.threads();
    return new CpuBackend(precision, threads);
  }

  private static Backend reference(BackendRequest request) {
    refuseDevice(REFERENCE, request);
    refuseCheckRange(REFERENCE, request);
    Precision precision = request.precision().orElse(Precision.FP64);
    if (precision != Precision.AUTO && precision != Precision.FP64) {
      throw new UnsupportedRequestException("precision " + precision.label() + ": the reference backend computes in fp64 only");
    }
    return new ReferenceBackend();
  }
}
