package org.conceptclip.parity;

import java.io.IOException;
import java.lang.foreign.Arena;
import org.conceptclip.backend.Precision;
import org.conceptclip.model.ModelConfig;
import org.conceptclip.model.ModelConfigReader;
import org.conceptclip.model.ModelLayout;
import org.conceptclip.op.ForwardingOps;
import org.conceptclip.op.Ops;
import org.conceptclip.op.Sequences;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoder;
import org.conceptclip.runtime.Encoding;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Tensor;
import org.conceptclip.weights.SyntheticWeights;
import org.conceptclip.weights.WeightSource;

/**
 * Measures what folding arithmetic into weights at load does to a plain float16 implementation's errors, for docs/adr/0007. Argument:
 * {@code tiny} or {@code full}, the golden model.
 */
final class FoldingAblation {
  /** Softmax by powers of two: {@code exp(s / sqrt d) = 2^(s log2(e) / sqrt d)}. */
  private static final double HEAD_WIDTH = 72;

  private static final double QUERY_FACTOR = 1 / (Math.log(2) * Math.sqrt(HEAD_WIDTH));

  private FoldingAblation() {}

  public static void main(String[] arguments) throws IOException {
    boolean full = arguments.length > 0 && arguments[0].equals("full");
    ModelConfig config = full ? ModelConfig.conceptClip("synthetic:full") : ModelConfigReader.read(Golden.folder("tiny"));
    print("nothing folded", config, full, false, 1);
    print("norms folded", config, full, true, 1);
    print("softmax scale folded", config, full, false, QUERY_FACTOR);
    print("both folded", config, full, true, QUERY_FACTOR);
  }

  private static void print(String what, ModelConfig config, boolean full, boolean norms, double queryFactor)
      throws IOException {
    Golden golden = Golden.of(full ? "full" : "tiny");
    try (NarrowSimulation backend = simulation(queryFactor);
        WeightSource weights =
            new FoldedWeights(new SyntheticWeights(config.name(), ModelLayout.of(config)), norms, queryFactor);
        Encoder encoder = Encoder.load(config, weights, backend, notice -> {})) {
      HostTensor pixels = full ? FullParity.images() : golden.get("input_pixels");
      Encoding images = encoder.encodeImages(pixels, Detail.STATES);
      HostTensor expected = golden.get("image_token_features");
      HostTensor states =
          full ? FullParity.selectRows(images.tokenStates(), golden.get("image_token_rows"), expected) : images.tokenStates();
      System.out.println(what + ": image_features " + Errors.between(images.features(), golden.get("image_features")));
      System.out.println(what + ": image_token_features " + Errors.between(states, expected));
    }
  }

  /** Takes the factor off the stored queries again, exactly, for an attention that applies its own scale. */
  private static NarrowSimulation simulation(double queryFactor) {
    return new NarrowSimulation(Precision.FP16, DType.F32) {
      @Override
      protected Ops decorate(Ops ops) {
        return new ForwardingOps(ops) {
          @Override
          public void attention(Tensor qkv, Sequences sequences, int heads, Tensor out) {
            HostTensor scaled = (HostTensor) qkv;
            HostTensor plain = HostTensor.allocate(Arena.ofAuto(), DType.F64, qkv.rows(), qkv.columns());
            for (long i = 0; i < qkv.shape().elements(); i++) {
              boolean query = i % qkv.columns() < qkv.columns() / 3;
              plain.set(i, query ? scaled.getDouble(i) / queryFactor : scaled.getDouble(i));
            }
            super.attention(plain, sequences, heads, out);
          }
        };
      }
    };
  }
}
