package org.conceptclip.app;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.BackendUnavailableException;
import org.conceptclip.backend.Precision;
import org.conceptclip.backend.cpu.CpuBackend;
import org.conceptclip.backend.cuda.driver.CudaLibraries;
import org.conceptclip.backend.reference.ReferenceBackend;
import org.conceptclip.cli.BackendRequest;
import org.conceptclip.cli.Backends;
import org.conceptclip.cli.UsageException;

/** Names to backends: the sole namer of concrete ones. */
public final class BackendFactory implements Backends {
  private static final String AUTO = "auto";
  private static final String CUDA = "cuda";
  private static final String CPU = "cpu";
  private static final String REFERENCE = "reference";
  private static final String EMULATED = "emulated";

  @Override
  public Choice open(BackendRequest request) {
    return switch (request.name()) {
      case AUTO -> automatic(request);
      case CPU -> new Choice(cpu(request), null);
      case REFERENCE -> new Choice(reference(request), null);
      case CUDA -> throw new BackendUnavailableException("backend cuda: " + cudaAbsence());
      case EMULATED -> throw new BackendUnavailableException("backend emulated: " + emulatorAbsence());
      default -> throw new UsageException("--backend " + request.name() + ": expected auto, cuda, cpu, reference or emulated");
    };
  }

  @Override
  public List<Status> probe() {
    List<Status> states = new ArrayList<>();
    states.add(new Status(CUDA, false, cudaAbsence()));
    BackendRequest plain = new BackendRequest(AUTO, Optional.empty(), 0);
    states.add(probe(CPU, () -> cpu(plain)));
    states.add(probe(REFERENCE, () -> reference(plain)));
    states.add(new Status(EMULATED, false, emulatorAbsence()));
    return states;
  }

  private static Status probe(String name, Supplier<Backend> start) {
    try (Backend backend = start.get()) {
      return new Status(name, true, backend.description());
    } catch (BackendUnavailableException e) {
      return new Status(name, false, e.getMessage());
    }
  }

  private static Choice automatic(BackendRequest request) {
    Backend backend = cpu(request);
    return new Choice(backend, "backend cpu: " + backend.description() + "; not cuda: " + cudaAbsence());
  }

  /** Float32 unless asked otherwise: results do not depend on which CPU computes them. {@code auto} is the faster one's choice. */
  private static Backend cpu(BackendRequest request) {
    Precision precision = request.precision().orElse(Precision.FP32);
    if (precision == Precision.FP64 || precision == Precision.FP16) {
      throw new UsageException(
          "--precision " + precision.label() + ": the cpu backend computes in fp32, bf16 or bf16-weights");
    }
    int threads = request.threads() == 0 ? Runtime.getRuntime().availableProcessors() : request.threads();
    return new CpuBackend(precision, threads);
  }

  private static Backend reference(BackendRequest request) {
    Precision precision = request.precision().orElse(Precision.FP64);
    if (precision != Precision.AUTO && precision != Precision.FP64) {
      throw new UsageException("--precision " + precision.label() + ": the reference backend computes in fp64 only");
    }
    return new ReferenceBackend();
  }

  private static String cudaAbsence() {
    return "this version has no CUDA backend yet; " + CudaLibraries.find(Optional.empty()).absence()
        .orElse("driver and libraries are installed");
  }

  private static String emulatorAbsence() {
    return "this version has no CUDA backend yet, and so no emulator of its kernels";
  }
}
