package org.conceptclip.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.zip.CRC32;
import org.conceptclip.tensor.Shape;
import org.conceptclip.weights.SafetensorsFile;
import org.conceptclip.weights.SyntheticWeights;
import org.conceptclip.weights.TensorLoan;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Layout and generated weights against the checksums that the official code's run left. */
class SyntheticWeightsGoldenTest {
  @ParameterizedTest
  @ValueSource(strings = {"tiny", "full"})
  void layoutIsThatOfTheOfficialCheckpoint(String size) throws IOException {
    SequencedMap<String, Shape> layout = ModelLayout.of(SyntheticModels.named("synthetic:" + size).orElseThrow());
    JsonObject expected = checks(size);
    assertEquals(new ArrayList<>(expected.keySet()), new ArrayList<>(layout.keySet()));
    assertEquals(size.equals("full") ? 548 : 116, layout.size());
    layout.forEach((name, shape) -> assertEquals(shapeIn(expected.getAsJsonObject(name)), shape, name));
  }

  @ParameterizedTest
  @ValueSource(strings = {"tiny", "full"})
  void everyChecksumMatches(String size) throws IOException {
    SequencedMap<String, Shape> layout = ModelLayout.of(SyntheticModels.named("synthetic:" + size).orElseThrow());
    JsonObject expected = checks(size);
    List<String> wrong = new ArrayList<>();
    try (SyntheticWeights weights = new SyntheticWeights("synthetic:" + size, layout)) {
      for (String name : layout.keySet()) {
        try (TensorLoan loan = weights.borrow(name)) {
          String found = crc(loan);
          if (!found.equals(expected.getAsJsonObject(name).get("crc32").getAsString())) {
            wrong.add(name + " " + found);
          }
        }
      }
    }
    assertTrue(wrong.isEmpty(), () -> wrong.toString());
  }

  @Test
  void storedTinyModelIsTheGeneratedOne() throws IOException {
    JsonObject expected = checks("tiny");
    try (SafetensorsFile file = SafetensorsFile.open(Path.of("src/core/src/test/resources/golden/tiny/model.safetensors"))) {
      assertEquals(expected.keySet(), file.tensors().keySet());
      for (String name : file.tensors().keySet()) {
        try (TensorLoan loan = file.read(name)) {
          assertEquals(expected.getAsJsonObject(name).get("crc32").getAsString(), crc(loan), name);
          assertEquals(shapeIn(expected.getAsJsonObject(name)), loan.tensor().shape(), name);
        }
      }
    }
  }

  @Test
  void unknownNamesAreProgrammingErrors() {
    try (SyntheticWeights weights = new SyntheticWeights("w", Map.of("odd", Shape.of(2)))) {
      assertThrows(IllegalArgumentException.class, () -> weights.borrow("visual.trunk.norm.weight"));
      assertThrows(IllegalArgumentException.class, () -> weights.borrow("odd"));
    }
  }

  private static String crc(TensorLoan loan) {
    CRC32 crc = new CRC32();
    crc.update(loan.tensor().data().asByteBuffer());
    return String.format("%08x", crc.getValue());
  }

  private static Shape shapeIn(JsonObject check) {
    return Shape.of(check.getAsJsonArray("shape").asList().stream().mapToLong(JsonElement::getAsLong).toArray());
  }

  private static JsonObject checks(String size) throws IOException {
    try (var in = SyntheticWeightsGoldenTest.class.getResourceAsStream("/golden/" + size + "/weight_check.json");
        var reader = new InputStreamReader(in, StandardCharsets.UTF_8)) {
      return JsonParser.parseReader(reader).getAsJsonObject();
    }
  }
}
