package org.conceptclip.backend.reference;

import java.util.OptionalInt;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.BackendProvider;
import org.conceptclip.backend.BackendRequest;
import org.conceptclip.backend.Precision;
import org.conceptclip.backend.UnsupportedRequestException;

/** Starts the {@code reference} backend, which is never chosen automatically because it is slow. */
public final class ReferenceProvider implements BackendProvider {
  @Override
  public String name() {
    return "reference";
  }

  @Override
  public OptionalInt automaticRank() {
    return OptionalInt.empty();
  }

  @Override
  public Backend open(BackendRequest request) {
    request.requireFirstDevice(name());
    request.refuseCheckRange(name());
    Precision precision = request.precision().orElse(Precision.FP64);
    if (precision != Precision.AUTO && precision != Precision.FP64) {
      throw new UnsupportedRequestException("precision " + precision.label() + ": the reference backend computes in fp64 only");
    }
    return new ReferenceBackend();
  }
}
