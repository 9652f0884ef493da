package org.conceptclip.parity;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.conceptclip.backend.ModelIdentity;
import org.conceptclip.backend.Precision;
import org.conceptclip.backend.cpu.CpuBackend;
import org.conceptclip.calibration.Calibration;
import org.conceptclip.calibration.Fp8Simulation;
import org.conceptclip.op.DecoratedBackend;
import org.conceptclip.op.TokenBatch;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoder;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.text.Captions;
import org.conceptclip.text.TestVocabulary;
import org.conceptclip.text.TextTokenizer;
import org.conceptclip.text.TokenizedText;
import org.junit.jupiter.api.Test;

/**
 * What 8-bit products do to trained transformer weights with their outliers: those of all-MiniLM-L6-v2. No backend computes texts so; the
 * measurement is the reason, see docs/fp8.md.
 */
class MiniLmFp8Test {
  /** Reaches 448 / 8 = 56: the largest inputs of these products are below that. */
  private static final float SCALE = 0.125f;

  private record Identity(String fingerprint, List<String> products) implements ModelIdentity {}

  @Test
  void trainedTextsLoseLittleAndMoreThanImagesMay() throws IOException {
    List<String> products = IntStream.range(0, MiniLmWeights.CONFIG.text().depth()).boxed()
        .flatMap(layer -> Stream.of("attention.self.qkv", "attention.output.dense", "intermediate.dense", "output.dense")
            .map(product -> "text.transformer.encoder.layer." + layer + "." + product + ".weight"))
        .toList();
    byte[] onnx;
    try (InputStream in = MiniLmFp8Test.class.getResourceAsStream("/all-minilm-l6-v2.onnx")) {
      onnx = in.readAllBytes();
    }
    try (CpuBackend cpu = new CpuBackend(Precision.FP32, 2); Fp8Simulation simulation = Fp8Simulation.of(cpu)) {
      simulation.requireModel(new Identity("", products));
      // The model is not handed on, so that the products above stay.
      DecoratedBackend decorated = new DecoratedBackend(simulation) {
        @Override
        public void requireModel(ModelIdentity model) {}
      };
      try (Encoder encoder = Encoder.load(
          MiniLmWeights.CONFIG, new MiniLmWeights(new OnnxFile(onnx)), decorated, notice -> { })) {
        double[][] exact = features(encoder);
        Map<String, Float> scales = new HashMap<>();
        products.forEach(product -> scales.put(product, SCALE));
        simulation.select(scales);
        double[][] rounded = features(encoder);
        double lowest = IntStream.range(0, exact.length).mapToDouble(text -> dot(exact[text], rounded[text])).min().orElseThrow();
        assertTrue(lowest > 0.99 && lowest < Calibration.LOWEST_COSINE, "lowest cosine " + lowest);
      }
    }
  }

  private static double[][] features(Encoder encoder) {
    try (TextTokenizer tokenizer = TextTokenizer.fromVocabulary("minilm", TestVocabulary.lines(),
        TestVocabulary.CONFIG.getBytes(StandardCharsets.UTF_8), MiniLmWeights.CONFIG.text().contextLength())) {
      List<int[]> ids = tokenizer.encode(Captions.ALL.subList(0, 12)).stream().map(TokenizedText::ids).toList();
      HostTensor features = encoder.encodeTexts(TokenBatch.packed(ids), Detail.FEATURES).features();
      return IntStream.range(0, ids.size()).mapToObj(text -> features.rows(text, 1).toDoubleArray()).toArray(double[][]::new);
    }
  }

  private static double dot(double[] one, double[] other) {
    return IntStream.range(0, one.length).mapToDouble(i -> one[i] * other[i]).sum();
  }
}
