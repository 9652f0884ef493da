package org.conceptclip.backend.cpu;

import java.util.OptionalInt;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.BackendProvider;
import org.conceptclip.backend.BackendRequest;
import org.conceptclip.backend.Precision;
import org.conceptclip.backend.UnsupportedRequestException;

/** Starts the {@code cpu} backend. */
public final class CpuProvider implements BackendProvider {
  /** Below every backend that has a device of its own. */
  private static final int RANK = 10;

  @Override
  public String name() {
    return "cpu";
  }

  @Override
  public OptionalInt automaticRank() {
    return OptionalInt.of(RANK);
  }

  /** Computes in float32 unless asked otherwise: results then do not depend on the CPU. {@code auto} measures which type is faster. */
  @Override
  public Backend open(BackendRequest request) {
    request.requireFirstDevice(name());
    request.refuseCheckRange(name());
    Precision precision = request.precision().orElse(Precision.FP32);
    if (precision == Precision.FP64 || precision == Precision.FP16 || precision == Precision.FP8) {
      throw new UnsupportedRequestException(
          "precision " + precision.label() + ": the cpu backend computes in fp32, bf16 or bf16-weights");
    }
    return new CpuBackend(precision, request.threads() == 0 ? Runtime.getRuntime().availableProcessors() : request.threads());
  }
}
