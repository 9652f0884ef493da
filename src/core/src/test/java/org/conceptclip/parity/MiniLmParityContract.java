package org.conceptclip.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnxruntime.OrtException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.conceptclip.backend.Backend;
import org.conceptclip.op.TokenBatch;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoder;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.text.Captions;
import org.conceptclip.text.TestVocabulary;
import org.conceptclip.text.TextTokenizer;
import org.conceptclip.text.TokenizedText;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/**
 * A trained text encoder, all-MiniLM-L6-v2 (BERT with mean pooling, our text tower's architecture), gives ONNX Runtime's
 * embeddings: the test with real weights, their outliers included, that random weights cannot be.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class MiniLmParityContract {
  /** Most that any element of a normalised embedding may differ; the elements are about 0.05. */
  private static final double TOLERANCE = 1e-5;

  private Backend backend;
  private Encoder encoder;
  private TextTokenizer tokenizer;
  private MiniLmPeer peer;

  /** The backend under test, owned by the caller. */
  abstract Backend open();

  @BeforeAll
  void load() throws IOException, OrtException {
    byte[] onnx = resource("/all-minilm-l6-v2.onnx");
    peer = new MiniLmPeer(onnx);
    backend = open();
    encoder = Encoder.load(MiniLmWeights.CONFIG, new MiniLmWeights(new OnnxFile(onnx)), backend, notice -> {});
    tokenizer = TextTokenizer.fromVocabulary(
        "minilm", TestVocabulary.lines(), TestVocabulary.CONFIG.getBytes(StandardCharsets.UTF_8), MiniLmWeights.CONFIG.text().contextLength());
  }

  @AfterAll
  void close() throws OrtException {
    tokenizer.close();
    encoder.close();
    backend.close();
    peer.close();
  }

  @Test
  void sentencesMatchOnnxRuntime() throws IOException, OrtException {
    List<String> sentences =
        new String(resource("/minilm/sentences.txt"), StandardCharsets.UTF_8).lines().toList();
    assertEquals(200, sentences.size());
    assertMatches(sentences);
  }

  @Test
  void captionsMatchOnnxRuntime() throws OrtException {
    assertMatches(Captions.ALL.subList(0, 12));
  }

  private void assertMatches(List<String> texts) throws OrtException {
    List<int[]> ids = tokenizer.encode(texts).stream().map(TokenizedText::ids).toList();
    HostTensor features = encoder.encodeTexts(TokenBatch.packed(ids), Detail.FEATURES).features();
    double worst = 0;
    for (int text = 0; text < texts.size(); text++) {
      double[] expected = peer.embed(ids.get(text));
      double[] actual = features.rows(text, 1).toDoubleArray();
      for (int i = 0; i < expected.length; i++) {
        double difference = Math.abs(actual[i] - expected[i]);
        String where = texts.get(text) + ": element " + i + " is " + actual[i] + ", ONNX Runtime says " + expected[i];
        assertTrue(difference <= TOLERANCE, where); // written so that NaN fails
        worst = Math.max(worst, difference);
      }
    }
    System.out.printf("MiniLM on %s, %d texts: worst difference to ONNX Runtime %.2e%n", backend.name(), texts.size(), worst);
  }

  private static byte[] resource(String path) throws IOException {
    try (InputStream in = MiniLmParityContract.class.getResourceAsStream(path)) {
      return in.readAllBytes();
    }
  }
}
