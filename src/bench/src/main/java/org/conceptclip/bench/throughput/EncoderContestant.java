package org.conceptclip.bench.throughput;

import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import org.conceptclip.bench.OwnContestant;
import org.conceptclip.bench.Workload;
import org.conceptclip.op.TokenBatch;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoder;
import org.conceptclip.tensor.HostTensor;

/** The bare loop: one call of the encoder after the other, inputs in memory. What an engine can reach at most. */
public final class EncoderContestant extends OwnContestant {
  private final int calls;
  private final Function<Workload, Supplier<HostTensor>> prepare;
  private Supplier<HostTensor> call;

  private EncoderContestant(String name, Encoder encoder, int calls, Function<Workload, Supplier<HostTensor>> prepare) {
    super(name, encoder);
    this.calls = calls;
    this.prepare = prepare;
  }

  /** Float32 pixels or packed texts to raw features, as peers are given them and as they answer: one call in a run. */
  static EncoderContestant likePeers(String name, Encoder encoder) {
    return new EncoderContestant(name, encoder, 1, workload -> switch (workload) {
      case Workload.Vision vision -> {
        HostTensor pixels = floatPixels(encoder, vision);
        yield () -> encoder.encodeImages(pixels, Detail.FEATURES).rawFeatures();
      }
      case Workload.Texts texts -> {
        TokenBatch tokens = TokenBatch.packed(ids(encoder, texts));
        yield () -> encoder.encodeTexts(tokens, Detail.FEATURES).rawFeatures();
      }
    });
  }

  /**
   * 8-bit pixels.
   *
   * @param calls of a run, whose time is divided by them
   */
  static EncoderContestant pixels(String name, Encoder encoder, int calls) {
    return new EncoderContestant(name, encoder, calls, workload -> {
      HostTensor pixels = Inputs.stack(Inputs.images(workload.items(), encoder.config().vision().geometry().imageSize()));
      return () -> encoder.encodeImages(pixels, Detail.FEATURES).features();
    });
  }

  /** Texts without padding. */
  static EncoderContestant packed(String name, Encoder encoder, int calls) {
    return new EncoderContestant(name, encoder, calls, workload -> {
      TokenBatch packed = TokenBatch.packed(ids(encoder, workload));
      return () -> encoder.encodeTexts(packed, Detail.FEATURES).features();
    });
  }

  /** Every text computed as {@code length} tokens, as the official code does. */
  static EncoderContestant padded(String name, Encoder encoder, int calls, int length) {
    return new EncoderContestant(name, encoder, calls, workload -> {
      HostTensor padded = Inputs.padded(ids(encoder, workload), length, encoder.config().text().paddingId());
      return () -> encoder.encodePaddedTexts(padded, Detail.FEATURES).features();
    });
  }

  private static HostTensor floatPixels(Encoder encoder, Workload.Vision vision) {
    int size = encoder.config().vision().geometry().imageSize();
    return HostTensor.of(vision.pixels(size), vision.batch(), 3, size, size);
  }

  private static List<int[]> ids(Encoder encoder, Workload texts) {
    return ((Workload.Texts) texts).ids(encoder.config().text().vocabulary());
  }

  @Override
  public void prepare(Workload workload) {
    call = null; // one workload's inputs go before the next one's come
    call = prepare.apply(workload);
  }

  @Override
  public Sample run() {
    HostTensor features = null;
    long start = System.nanoTime();
    for (int i = 0; i < calls; i++) {
      features = call.get();
    }
    long nanos = (System.nanoTime() - start) / calls;
    return new Sample(nanos, last(features));
  }

  /** What a peer's features must come close to. */
  static float[] reference(Encoder encoder, Workload workload) {
    EncoderContestant once = likePeers("reference", encoder);
    once.prepare(workload);
    return once.run().values();
  }
}
