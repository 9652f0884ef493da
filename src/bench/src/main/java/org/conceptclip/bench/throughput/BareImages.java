package org.conceptclip.bench.throughput;

import java.util.Arrays;
import java.util.List;
import org.conceptclip.bench.OwnContestant;
import org.conceptclip.bench.Workload;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoder;
import org.conceptclip.tensor.HostTensor;

/** The bare loop: one call of the encoder after the other, pixels in RAM. What an engine can reach at most. */
final class BareImages extends OwnContestant {
  private final int batches;
  private HostTensor pixels;

  /** @param batches of a run, whose time is divided by them */
  BareImages(String name, Encoder encoder, int batches) {
    super(name, encoder);
    this.batches = batches;
  }

  @Override
  public void prepare(Workload workload) {
    Workload.Vision vision = (Workload.Vision) workload;
    List<HostTensor> images = Inputs.images(vision.batch(), encoder.config().vision().geometry().imageSize());
    pixels = Inputs.stack(images);
  }

  @Override
  public Sample run() {
    HostTensor features = null;
    long start = System.nanoTime();
    for (int i = 0; i < batches; i++) {
      features = encoder.encodeImages(pixels, Detail.FEATURES).features();
    }
    long nanos = (System.nanoTime() - start) / batches;
    return new Sample(nanos, Arrays.copyOf(features.rows(features.rows() - 1, 1).toFloatArray(), Sample.VALUES));
  }
}
