package org.conceptclip.probe;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.Consumer;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.weights.SafetensorsWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The file of a probe: what goes in comes out, and what does not belong in it is refused. */
class LinearProbeTest {
  private static final FeatureSource SOURCE = new FeatureSource("ab12", "demo", "squash");
  private static final ProbeFacts FACTS =
      new ProbeFacts(List.of("normal", "effusion, \"large\"", "µ"), SOURCE, Map.of("c", "0.316"));

  @TempDir Path folder;

  @Test
  void whatIsWrittenIsRead() throws IOException {
    FeatureRows rows = FeatureRows.of("x", HostTensor.of(new float[] {1, -2, 3, 4}, 2, 2));
    for (FeatureScale scale : new FeatureScale[] {null, new FeatureScale(new double[] {1, 2}, new double[] {0.5, 4})}) {
      LinearProbe probe = new LinearProbe(new double[][] {{1, 2}, {3, 4}, {-4, -6}}, new double[] {0.5, -0.25, -0.25}, scale, FACTS);
      Path file = folder.resolve("p.safetensors");
      probe.write(file);
      byte[] bytes = Files.readAllBytes(file);
      LinearProbe read = LinearProbe.read(file);
      assertEquals(FACTS, read.facts());
      for (int i = 0; i < 2; i++) {
        assertArrayEquals(probe.probabilities(rows)[i], read.probabilities(rows)[i]);
      }
      read.write(file);
      assertArrayEquals(bytes, Files.readAllBytes(file), "the same bytes");
      assertEquals(0.5, read.accuracy(rows, new int[] {read.probabilities(rows)[0][0] > 0.5 ? 0 : 2, 2}), 0.5);
    }
  }

  @Test
  void sourcesAreCompared() {
    assertTrue(SOURCE.mismatch(SOURCE).isEmpty());
    assertTrue(SOURCE.mismatch(FeatureSource.OF_A_FILE).isEmpty(), "not known");
    String model = SOURCE.mismatch(new FeatureSource("cd34", "other", "squash")).orElseThrow();
    assertTrue(model.contains("other (cd34)") && model.contains("demo (ab12)"), model);
    String preprocessing = SOURCE.mismatch(new FeatureSource("ab12", "demo", "crop")).orElseThrow();
    assertTrue(preprocessing.contains("crop") && preprocessing.contains("squash"), preprocessing);
  }

  @Test
  void hostileFilesAreRefused() {
    refused(facts -> facts.put("kind", "concept-bottleneck"), tensors -> { }, "kind \"concept-bottleneck\"");
    refused(facts -> facts.remove("kind"), tensors -> { }, "kind \"missing\"");
    refused(facts -> facts.put("version", "2"), tensors -> { }, "version \"2\"", "later version");
    refused(facts -> facts.remove("model"), tensors -> { }, "without model");
    refused(facts -> facts.put("preprocessing", " "), tensors -> { }, "without preprocessing");
    for (String classes : List.of("[\"a\"]", "[\"a\",\"a\",\"b\"]", "[\"a\",1,\"b\"]", "{}", "[\"a\",\"\",\"b\"]", "[", "\"abc\"")) {
      refused(facts -> facts.put("classes", classes), tensors -> { }, "classes", "at least two different names");
    }
    refused(facts -> facts.put("classes", "[\"a\",\"b\"]"), tensors -> { }, "tensor weight is F64 [3, 2]", "[1, 2]");
    refused(facts -> { }, tensors -> tensors.remove("intercept"), "expected [weight, intercept]");
    refused(facts -> { }, tensors -> tensors.put("bias", HostTensor.of(new double[3], 3)), "bias");
    refused(facts -> { }, tensors -> tensors.put("mean", HostTensor.of(new double[2], 2)), "[weight, intercept, mean, scale]");
    refused(facts -> { }, tensors -> tensors.put("weight", HostTensor.of(new float[6], 3, 2)), "F32 [3, 2]", "F64");
    refused(facts -> { }, tensors -> tensors.put("weight", HostTensor.of(new double[6], 6)), "shape [6]");
    refused(facts -> { }, tensors -> tensors.put("weight", HostTensor.of(new double[0], 3, 0)), "shape [3, 0]");
    refused(facts -> { }, tensors -> tensors.put("intercept", HostTensor.of(new double[2], 2)), "intercept is F64 [2]", "[3]");
    refused(facts -> { }, tensors -> tensors.put("weight", HostTensor.of(new double[] {1, 2, Double.NaN, 4, 5, 6}, 3, 2)),
        "weight holds NaN");
    refused(facts -> { }, tensors -> {
      tensors.put("mean", HostTensor.of(new double[2], 2));
      tensors.put("scale", HostTensor.of(new double[] {1, 0}, 2));
    }, "scale holds a number that is not larger than 0");
  }

  @Test
  void otherFilesAndFeaturesAreRefused() throws IOException {
    Path text = Files.writeString(folder.resolve("text"), "label\na\n");
    assertThrows(BadInputException.class, () -> LinearProbe.read(text));
    assertThrows(BadInputException.class, () -> LinearProbe.read(folder.resolve("absent")));
    LinearProbe probe = new LinearProbe(new double[3][2], new double[3], null, FACTS);
    FeatureRows wide = FeatureRows.of("x", HostTensor.of(new float[3], 1, 3));
    String message = assertThrows(BadInputException.class, () -> probe.probabilities(wide)).getMessage();
    assertTrue(message.contains("3 columns, expected 2"), message);
  }

  private void refused(Consumer<Map<String, String>> metadata, Consumer<Map<String, HostTensor>> change, String... words) {
    Map<String, String> facts = new LinkedHashMap<>(FACTS.metadata());
    metadata.accept(facts);
    SequencedMap<String, HostTensor> tensors = new LinkedHashMap<>();
    tensors.put("weight", HostTensor.of(new double[6], 3, 2));
    tensors.put("intercept", HostTensor.of(new double[3], 3));
    change.accept(tensors);
    Path file = folder.resolve("hostile.safetensors");
    SafetensorsWriter.write(file, tensors, facts);
    String message = assertThrows(BadInputException.class, () -> LinearProbe.read(file)).getMessage();
    for (String word : words) {
      assertTrue(message.contains(word), "\"" + word + "\" in: " + message);
    }
  }
}
