package org.conceptclip.probe;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.weights.SafetensorsFile;
import org.conceptclip.weights.SafetensorsWriter;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files of bottlenecks: what is written comes back, and what somebody changed is refused in one line. */
class BottleneckFileTest {
  private static final List<String> CLASSES = List.of("a", "</script>&\"'", "Ω\n\u202Eflipped");
  private static final List<String> CONCEPTS = List.of("one, two", "[\"]", "three", "<img src=x onerror=alert(1)>");

  @TempDir Path folder;
  private Path file;

  @BeforeEach
  void name() {
    file = folder.resolve("b.safetensors");
  }

  @Test
  void whatIsWrittenComesBack() {
    for (Bottleneck written : List.of(BottleneckFixtures.local(CLASSES, CONCEPTS), BottleneckFixtures.given(CLASSES, CONCEPTS))) {
      BottleneckFile.write(file, written);
      Bottleneck read = BottleneckFile.read(file);
      assertEquals(written.layer().classes(), read.layer().classes());
      assertEquals(written.layer().concepts(), read.layer().concepts());
      assertArrayEquals(written.layer().weights(), read.layer().weights());
      assertArrayEquals(written.layer().bias(), read.layer().bias());
      assertArrayEquals(written.layer().means(), read.layer().means());
      assertArrayEquals(written.layer().deviations(), read.layer().deviations());
      assertEquals(written.vectors().isPresent(), read.vectors().isPresent());
      written.vectors().ifPresent(vectors -> assertArrayEquals(vectors, read.vectors().orElseThrow()));
      assertEquals(List.of(written.similarity(), written.penalty(), written.lambda(), written.model(), written.training()),
          List.of(read.similarity(), read.penalty(), read.lambda(), read.model(), read.training()));
    }
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {
      "kind|probe|kind \"probe\", expected concept-bottleneck",
      "kind||kind (none), expected concept-bottleneck",
      "version|2|version \"2\", expected 1",
      "classes|[\"a\"]|tensor weight is F64 [3, 4], expected F64 [1, 4]",
      "classes|[\"a\",\"b\",\"a\"]|\"a\" appears twice",
      "classes|[\"a\",\"b\",3]|classes holds 3, expected texts",
      "classes|{\"a\":1}|expected a JSON array of texts",
      "classes|[\"a\",|is no JSON",
      "concepts|[]|tensor weight is F64 [3, 4], expected F64 [3, 0]",
      "concepts|[\"a\",\"b\",\"c\",\" \"]|concepts: number 4 of 4 is empty",
      "concepts||no concepts in its metadata",
      "similarity|cosine|similarities of kind \"cosine\", expected global, local or given",
      "similarity|given|tensors bias, concepts, deviations, means, weight, expected bias, deviations, means, weight",
      "similarity|global|top_k 5 for similarities of kind global, expected 0",
      "top_k|0|top_k 0 for similarities of kind local, expected 1 or more",
      "top_k|-1|top_k \"-1\", expected 0 to",
      "top_k|1e3|expected a whole number",
      "penalty|l2|penalty \"l2\", expected nonnegative or l1",
      "lambda|0|lambda \"0\", expected more than 0",
      "lambda|NaN|lambda \"NaN\", expected a finite number",
      "lambda|x|lambda \"x\", expected a number",
      "items|0|items \"0\", expected 1 to",
      "accuracy|1.5|accuracy \"1.5\", expected a number from 0 to 1",
      "held_out_accuracy|-1|held_out_accuracy \"-1\", expected a number from 0 to 1",
      "model||no model in its metadata"})
  void changedMetadataAreRefused(String key, String value, String words) {
    rewrite(Map.of(), metadata -> {
      if (value == null) {
        metadata.remove(key);
      } else {
        metadata.put(key, value);
      }
    });
    refused(words);
  }

  @Test
  void changedTensorsAreRefused() {
    rewrite(Map.of("bias", HostTensor.of(new double[] {1, Double.NaN, 0}, 3)), metadata -> { });
    refused("tensor bias: element 1 is NaN, expected finite numbers");
    rewrite(Map.of("deviations", HostTensor.of(new double[] {1, 1, 0, 1}, 4)), metadata -> { });
    refused("a deviation is 0.0, expected more than 0");
    rewrite(Map.of("means", HostTensor.of(new float[] {1, 1, 0, 1}, 4)), metadata -> { });
    refused("tensor means is F32 [4]");
    rewrite(Map.of("weight", HostTensor.of(new double[12], 4, 3)), metadata -> { });
    refused("tensor weight is F64 [4, 3]");
    rewrite(Map.of("concepts", HostTensor.of(new float[12], 3, 4)), metadata -> { });
    refused("tensor concepts is F32 [3, 4]");
    rewrite(Map.of("concepts", HostTensor.of(new float[4], 4)), metadata -> { });
    refused("tensor concepts is [4], expected [4, dimension]");
    rewrite(Map.of("more", HostTensor.of(new float[4], 4)), metadata -> { });
    refused("tensors bias, concepts, deviations, means, more, weight, expected");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "not a file of tensors", "{\"a\": 1}"})
  void otherFilesAreRefused(String content) throws IOException {
    Files.writeString(file, content);
    assertThrows(BadInputException.class, () -> BottleneckFile.read(file));
  }

  @Test
  void aTruncatedFileIsRefused() throws IOException {
    BottleneckFile.write(file, BottleneckFixtures.local(CLASSES, CONCEPTS));
    byte[] whole = Files.readAllBytes(file);
    for (int length = 0; length < whole.length; length += 7) {
      Files.write(file, Arrays.copyOf(whole, length));
      assertThrows(BadInputException.class, () -> BottleneckFile.read(file), "cut to " + length + " bytes");
    }
  }

  @Test
  void bottlenecksOfAnotherModelAreRefused() {
    Bottleneck bottleneck = BottleneckFixtures.local(CLASSES, CONCEPTS);
    bottleneck.requireModel("b", BottleneckFixtures.MODEL);
    bottleneck.requireModel("b", new FeatureSource("sha256:abc", "under another name", "squash"));
    String other = assertThrows(BadInputException.class,
        () -> bottleneck.requireModel("b", new FeatureSource("sha256:def", "another", "squash"))).getMessage();
    assertEquals("b: belongs to model \"some model\" (sha256:abc), found model \"another\" (sha256:def), expected the same", other);
    String prepared = assertThrows(BadInputException.class,
        () -> bottleneck.requireModel("b", new FeatureSource("sha256:abc", "some model", "crop"))).getMessage();
    assertEquals("b: was trained on images prepared by \"squash\", here they are prepared by \"crop\", expected the same", prepared);
    assertThrows(BadInputException.class,
        () -> BottleneckFixtures.given(CLASSES, CONCEPTS).requireModel("b", BottleneckFixtures.MODEL));
  }

  private void refused(String words) {
    String message = assertThrows(BadInputException.class, () -> BottleneckFile.read(file)).getMessage();
    assertTrue(message.contains(words), () -> "\"" + words + "\" in: " + message);
    assertTrue(message.startsWith(file.toString()), message);
    assertFalse(message.contains("\n"), message);
  }

  /** Writes a good file, with some tensors and metadata changed. */
  private void rewrite(Map<String, HostTensor> changed, Consumer<Map<String, String>> edit) {
    BottleneckFile.write(file, BottleneckFixtures.local(CLASSES, CONCEPTS));
    LinkedHashMap<String, HostTensor> tensors = new LinkedHashMap<>();
    Map<String, String> metadata;
    try (SafetensorsFile good = SafetensorsFile.open(file)) {
      metadata = new LinkedHashMap<>(good.metadata());
      for (String name : good.tensors().keySet()) {
        HostTensor tensor = good.read(name).tensor();
        tensors.put(name, tensor);
      }
    }
    tensors.putAll(changed);
    edit.accept(metadata);
    SafetensorsWriter.write(file, tensors, metadata);
  }
}
