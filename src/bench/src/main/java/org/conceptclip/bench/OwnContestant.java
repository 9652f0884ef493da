package org.conceptclip.bench;

import java.util.Arrays;
import org.conceptclip.runtime.Encoder;
import org.conceptclip.tensor.HostTensor;

/** This runtime in one of its forms. The encoder belongs to the caller, so that an A/A control can run it under two names. */
public abstract class OwnContestant implements Contestant {
  private final Encoder encoder;
  private final String name;

  protected OwnContestant(String name, Encoder encoder) {
    this.name = name;
    this.encoder = encoder;
  }

  /** The first features of the last row. */
  protected static float[] last(HostTensor features) {
    return Arrays.copyOf(features.rows(features.rows() - 1, 1).toFloatArray(), Sample.VALUES);
  }

  @Override
  public final String name() {
    return name;
  }

  @Override
  public final String version() {
    return encoder.backend().description();
  }

  @Override
  public final String precision() {
    return encoder.backend().precision().label();
  }

  @Override
  public final double agreement() {
    return switch (encoder.backend().precision()) {
      case FP64, FP32 -> 1e-3;
      case AUTO, FP16, BF16, BF16_WEIGHTS -> 0.1;
    };
  }

  /** The encoder stays open. */
  @Override
  public void close() {}
}
