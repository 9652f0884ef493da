package org.conceptclip.bench;

import java.util.Arrays;
import org.conceptclip.op.TokenBatch;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoder;
import org.conceptclip.tensor.HostTensor;

/** This runtime's encoder, called for one workload after the other. */
public final class EncoderContestant extends OwnContestant {
  private HostTensor pixels;
  private TokenBatch tokens;

  public EncoderContestant(String name, Encoder encoder) {
    super(name, encoder);
  }

  @Override
  public void prepare(Workload workload) {
    pixels = null;
    tokens = null;
    switch (workload) {
      case Workload.Vision vision -> {
        int size = encoder.config().vision().geometry().imageSize();
        pixels = HostTensor.of(vision.pixels(size), vision.batch(), 3, size, size);
      }
      case Workload.Texts texts -> tokens = TokenBatch.packed(texts.ids(encoder.config().text().vocabulary()));
    }
  }

  @Override
  public Sample run() {
    long start = System.nanoTime();
    HostTensor features = pixels != null
        ? encoder.encodeImages(pixels, Detail.FEATURES).rawFeatures()
        : encoder.encodeTexts(tokens, Detail.FEATURES).rawFeatures();
    long nanos = System.nanoTime() - start;
    float[] last = features.rows(features.rows() - 1, 1).toFloatArray();
    return new Sample(nanos, Arrays.copyOf(last, Sample.VALUES));
  }
}
