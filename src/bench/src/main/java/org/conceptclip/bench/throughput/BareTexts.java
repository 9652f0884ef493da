package org.conceptclip.bench.throughput;

import java.util.Arrays;
import java.util.List;
import org.conceptclip.bench.OwnContestant;
import org.conceptclip.bench.Workload;
import org.conceptclip.op.TokenBatch;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoder;
import org.conceptclip.tensor.HostTensor;

/** One call of the encoder for all texts: packed, or padded to a length as the official code does. */
final class BareTexts extends OwnContestant {
  private final int batches;
  private final int paddedLength;
  private TokenBatch packed;
  private HostTensor padded;

  private BareTexts(String name, Encoder encoder, int batches, int paddedLength) {
    super(name, encoder);
    this.batches = batches;
    this.paddedLength = paddedLength;
  }

  /**
   * Only tokens that there are.
   *
   * @param batches calls of a run, whose time is divided by them
   */
  static BareTexts packed(String name, Encoder encoder, int batches) {
    return new BareTexts(name, encoder, batches, 0);
  }

  /** Our own dense path: every text computed as {@code length} tokens. */
  static BareTexts padded(String name, Encoder encoder, int batches, int length) {
    return new BareTexts(name, encoder, batches, length);
  }

  @Override
  public void prepare(Workload workload) {
    List<int[]> ids = ((Workload.Texts) workload).ids(encoder.config().text().vocabulary());
    packed = paddedLength == 0 ? TokenBatch.packed(ids) : null;
    padded = paddedLength == 0 ? null : Inputs.padded(ids, paddedLength, encoder.config().text().paddingId());
  }

  @Override
  public Sample run() {
    long start = System.nanoTime();
    HostTensor features = null;
    for (int i = 0; i < batches; i++) {
      features = packed != null
          ? encoder.encodeTexts(packed, Detail.FEATURES).features()
          : encoder.encodePaddedTexts(padded, Detail.FEATURES).features();
    }
    long nanos = (System.nanoTime() - start) / batches;
    return new Sample(nanos, Arrays.copyOf(features.rows(features.rows() - 1, 1).toFloatArray(), Sample.VALUES));
  }
}
