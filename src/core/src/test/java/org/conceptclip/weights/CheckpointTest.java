package org.conceptclip.weights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.UnaryOperator;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The tiny golden checkpoint under every accepted naming, and under wrong ones. */
class CheckpointTest {
  private static final Path GOLDEN = Path.of("src/core/src/test/resources/golden/tiny");

  private static final SequencedMap<String, Shape> LAYOUT = new LinkedHashMap<>();
  private static final SequencedMap<String, HostTensor> CANONICAL = new LinkedHashMap<>();
  private static final SequencedMap<String, TensorLoan> LOANS = new LinkedHashMap<>();

  @TempDir Path folder;

  @BeforeAll
  static void readGolden() {
    try (SafetensorsFile golden = SafetensorsFile.open(GOLDEN.resolve("model.safetensors"))) {
      golden.tensors().forEach((name, info) -> {
        LAYOUT.put(name, info.shape());
        LOANS.put(name, golden.read(name));
        CANONICAL.put(name, LOANS.get(name).tensor());
      });
    }
  }

  @AfterAll
  static void giveBack() {
    LOANS.values().forEach(TensorLoan::close);
  }

  @Test
  void theOfficialNamingLoadsFromFolderAndFile() {
    for (Path path : List.of(GOLDEN, GOLDEN.resolve("model.safetensors"))) {
      try (Checkpoint checkpoint = Checkpoint.open(path, LAYOUT)) {
        assertGolden(checkpoint);
        assertEquals(path + " (116 tensors in F32)", checkpoint.description());
        assertThrows(IllegalArgumentException.class, () -> checkpoint.borrow("none"));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"model.", "module.", "clip.", "model.module.clip.", "_orig_mod.", "any.thing.at.all."})
  void anyPrefixIsAccepted(String prefix) {
    assertLoads(renamed(name -> prefix + name));
    SequencedMap<String, HostTensor> huggingFace = new LinkedHashMap<>();
    HuggingFaceNames.rename(CANONICAL).forEach((name, tensor) -> huggingFace.put(prefix + name, tensor));
    assertLoads(huggingFace);
  }

  @Test
  void huggingFaceNamesWithSeparateQueryKeyAndValueAreAccepted() {
    Checkpoint checkpoint = assertLoads(HuggingFaceNames.rename(CANONICAL));
    assertTrue(
        checkpoint.description().endsWith(", ignored: vision_model.embeddings.position_ids, text_model.bert.embeddings.position_ids,"
            + " text_model.bert.pooler.dense.weight, text_model.cls.predictions.bias)"),
        checkpoint.description());
  }

  @Test
  void otherPlausibleNamesAreAccepted() {
    assertLoads(renamed(name -> name.replace("visual.trunk.", "vision_model.vision_model.").replace("text.transformer.", "text_model.")));
    assertLoads(renamed(name -> name.replace("visual.trunk.", "image_encoder.trunk.").replace("text.transformer.", "bert.")));
    assertLoads(renamed(name -> name.replace("visual.trunk.", "trunk.").replace("text.transformer.", "text_encoder.model.")));
    assertLoads(renamed(name -> name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")));
    assertLoads(renamed(name -> name.replace("text.proj.weight", "text_model.projection.weight")));
    assertLoads(renamed(name -> name.replace("text.proj.weight", "text_projection")));
    assertLoads(renamed(name -> name.replace("image_proj.0", "image_projection.fc1").replace("image_proj.2", "image_projection.fc2")));
    assertLoads(renamed(name -> name.replace("text_proj.0", "text_token_proj.net.0").replace("text_proj.2", "text_token_proj.net.2")));
  }

  @Test
  void scalarsMayBeListsOfOne() {
    SequencedMap<String, HostTensor> changed = new LinkedHashMap<>(CANONICAL);
    changed.replaceAll((name, tensor) -> tensor.shape().rank() == 0 ? tensor.reshape(1) : tensor);
    assertLoads(changed);
  }

  @Test
  void shardsAreOneCheckpoint() throws IOException {
    SequencedMap<String, HostTensor> first = new LinkedHashMap<>();
    SequencedMap<String, HostTensor> second = new LinkedHashMap<>();
    StringBuilder map = new StringBuilder();
    HuggingFaceNames.rename(CANONICAL).forEach((name, tensor) -> {
      // Query and value in one shard, key in the other: joining must work across files.
      boolean one = name.contains("k_proj") || name.startsWith("text");
      (one ? first : second).put(name, tensor);
      map.append(map.isEmpty() ? "" : ",").append('"').append(name).append("\":\"m-").append(one ? 1 : 2).append(".safetensors\"");
    });
    SafetensorsWriter.write(folder.resolve("m-1.safetensors"), first);
    SafetensorsWriter.write(folder.resolve("m-2.safetensors"), second);
    Path index = folder.resolve("model.safetensors.index.json");
    Files.writeString(index, "{\"metadata\": {\"total_size\": 1}, \"weight_map\": {" + map + "}}");
    for (Path path : List.of(folder, index)) {
      try (Checkpoint checkpoint = Checkpoint.open(path, LAYOUT)) {
        assertGolden(checkpoint);
      }
    }
    SafetensorsWriter.write(folder.resolve("m-2.safetensors"), HuggingFaceNames.rename(CANONICAL));
    assertRefused(folder, ".safetensors: holds tensor \"", ".safetensors holds too");
    Files.delete(folder.resolve("m-2.safetensors"));
    assertRefused(folder, "m-2.safetensors: no such file, expected a safetensors file");
    Files.writeString(index, "{\"weight_map\": {\"a\": \"../m-1.safetensors\"}}");
    assertRefused(folder, "names the file \"../m-1.safetensors\", expected the name of a file beside it");
    Files.writeString(index, "{\"weight_map\": {}}");
    assertRefused(folder, "names no files");
    for (String broken : List.of("[]", "{\"weight_map\": []}", "{\"weight_map\": {\"a\": {}}}", "{\"weight_map\": {\"a\": \"b\"")) {
      Files.writeString(index, broken);
      assertRefused(folder, "index.json: not a shard index");
    }
    Files.writeString(index, "");
    assertRefused(folder, "index.json: is empty, expected a shard index");
    Files.writeString(index, "{\"weight_map\": {\"a\": \"m-1.safetensors\", \"a\": \"m-2.safetensors\"}}");
    assertRefused(folder, "index.json: names the file of tensor \"a\" twice, expected once");
    Files.writeString(index, "{\"weight_map\": {\"a\": \"b\"}, \"weight_map\": {\"a\": \"c\"}}");
    assertRefused(folder, "index.json: duplicate key weight_map");
    Files.writeString(index, "{\"weight_map\": {\"a\": \"b\"}} {}");
    assertRefused(folder, "index.json: not a shard index (at line 1 column 29)");
    Files.writeString(index, "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12\n");
    assertRefused(folder, "index.json: is a git-lfs pointer, not the file itself");
    Files.writeString(index, "[".repeat(17 << 20));
    assertRefused(folder, "index.json: 17825792 bytes, expected a shard index of at most 16777216");
    Files.delete(index);
    Files.createSymbolicLink(index, Path.of("gone"));
    assertRefused(folder, "index.json: is a link to a file that does not exist, expected a shard index");
  }

  @Test
  void aWrongCheckpointGivesOneErrorWithEverything() {
    SequencedMap<String, HostTensor> wrong = new LinkedHashMap<>(CANONICAL);
    wrong.remove("image_proj.2.weight");
    wrong.put("decoder.weight", CANONICAL.get("logit_scale"));
    wrong.put("visual.trunk.blocks.3.norm1.weight", CANONICAL.get("logit_scale"));
    wrong.put("visual.trunk.norm.weight", CANONICAL.get("visual.trunk.attn_pool.kv.bias"));
    wrong.put("model.logit_bias", CANONICAL.get("logit_bias"));
    wrong.put("visual.trunk.norm.bias", HostTensor.view(DType.I32, Shape.of(144), MemorySegment.ofArray(new byte[576])));
    Path path = store(wrong);
    assertEquals(
        path + ": 118 tensors that do not fit the configured model, which has 116: 1 missing: image_proj.2.weight;"
            + " 2 unexpected: decoder.weight, visual.trunk.blocks.3.norm1.weight;"
            + " 1 ambiguous: logit_bias and model.logit_bias are both logit_bias;"
            + " 2 mis-shaped: visual.trunk.norm.weight is F32 [288], expected [144] in F32, F16 or BF16,"
            + " visual.trunk.norm.bias is I32 [144], expected [144] in F32, F16 or BF16",
        refusal(path));
  }

  @ParameterizedTest
  @ValueSource(strings = {"C64", "F8_E8M0", "F4", "F6_E2M3", "X"})
  void ignoredTensorsMayHaveAnyType(String type) throws IOException {
    String name = "text.transformer.embeddings.position_ids";
    try (Checkpoint checkpoint = Checkpoint.open(withFirst(CANONICAL, name, type, 8), LAYOUT)) {
      assertGolden(checkpoint);
      assertTrue(checkpoint.description().endsWith(", ignored: " + name + ")"), checkpoint.description());
    }
    SequencedMap<String, HostTensor> lacking = new LinkedHashMap<>(CANONICAL);
    lacking.remove("logit_bias");
    assertRefused(
        withFirst(lacking, "logit_bias", type, 4), "1 mis-shaped: logit_bias is " + type + " [1], expected [] in F32, F16 or BF16");
    assertRefused(withFirst(CANONICAL, "decoder.weight", type, 4), "1 unexpected: decoder.weight");
  }

  /** A checkpoint with one more tensor, of any type, in front. */
  private Path withFirst(SequencedMap<String, HostTensor> tensors, String name, String type, int bytes) throws IOException {
    SequencedMap<String, HostTensor> all = new LinkedHashMap<>();
    all.put(name, HostTensor.view(DType.U8, Shape.of(bytes), MemorySegment.ofArray(new byte[bytes])));
    all.putAll(tensors);
    Path path = store(all);
    byte[] content = Files.readAllBytes(path);
    int length = (int) ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN).getLong();
    String old = "\"dtype\":\"U8\",\"shape\":[" + bytes + "]";
    String header = new String(content, 8, length, StandardCharsets.UTF_8).replace(old, "\"dtype\":\"" + type + "\",\"shape\":[1]");
    ByteArrayOutputStream changed = new ByteArrayOutputStream();
    changed.write(SafetensorsBytes.file(header.getBytes(StandardCharsets.UTF_8), 0));
    changed.write(content, 8 + length, content.length - 8 - length);
    return Files.write(path, changed.toByteArray());
  }

  @Test
  void anotherModelsCheckpointIsListedInShort() {
    SequencedMap<String, HostTensor> other = new LinkedHashMap<>();
    for (int i = 0; i < 30; i++) {
      other.put("transformer.h." + i + ".weight", CANONICAL.get("logit_scale"));
    }
    String message = refusal(store(other));
    assertTrue(message.contains("116 missing: "), message);
    assertTrue(message.contains(", and 106 more; 30 unexpected: transformer.h.0.weight, "), message);
    assertTrue(message.contains("transformer.h.9.weight, and 20 more"), message);
  }

  @Test
  void incompleteAndUnequalPartsAreRefused() {
    SequencedMap<String, HostTensor> lacking = HuggingFaceNames.rename(CANONICAL);
    lacking.remove("vision_model.encoder.layers.1.self_attn.k_proj.weight");
    assertRefused(store(lacking), "1 missing: visual.trunk.blocks.1.attn.qkv.weight (2 of its 3 parts found)");

    String value = "vision_model.encoder.layers.1.self_attn.v_proj.bias";
    SequencedMap<String, HostTensor> mixed = HuggingFaceNames.rename(CANONICAL);
    mixed.put(value, HostTensor.view(DType.F16, Shape.of(144), MemorySegment.ofArray(new byte[288])));
    assertRefused(store(mixed), "1 mis-shaped: " + value + " is F16 [144], expected [144] in F32 like the tensors that it is joined with");

    SequencedMap<String, HostTensor> twice = HuggingFaceNames.rename(CANONICAL);
    twice.put("visual.trunk.blocks.1.attn.qkv.bias", CANONICAL.get("visual.trunk.blocks.1.attn.qkv.bias"));
    assertRefused(store(twice), "1 ambiguous: ", " are both visual.trunk.blocks.1.attn.qkv.bias");

    SequencedMap<String, HostTensor> narrow = HuggingFaceNames.rename(CANONICAL);
    narrow.put("vision_model.head.attention.in_proj_bias", CANONICAL.get("visual.trunk.attn_pool.kv.bias"));
    assertRefused(store(narrow), "vision_model.head.attention.in_proj_bias is F32 [288], expected [432]");
  }

  @Test
  void aTextTowerInsideTheVisionTowerIsNotTakenForText() {
    SequencedMap<String, HostTensor> misplaced =
        renamed(name -> name.replace("text.transformer.encoder.layer.0", "vision_model.encoder.layer.0"));
    assertRefused(store(misplaced), "16 missing: text.transformer.encoder.layer.0.attention.self.query.weight", "16 unexpected: vision_model.encoder.layer.0.");
  }

  @Test
  void pathsWithoutSafetensorsSayWhatToDo() throws IOException {
    assertRefused(folder.resolve("none"), "none: no such file or folder, expected a model folder or a safetensors file");
    assertRefused(folder, folder + ": no checkpoint in it, expected model.safetensors");
    Files.createFile(folder.resolve("open_clip_pytorch_model.bin"));
    String advice = "; convert it in Python with safetensors.torch.save_file";
    assertRefused(folder, "holds open_clip_pytorch_model.bin, expected model.safetensors" + advice);
    assertRefused(folder.resolve("open_clip_pytorch_model.bin"), "a PyTorch checkpoint, expected safetensors" + advice);
    SafetensorsWriter.write(folder.resolve("anything.safetensors"), CANONICAL);
    try (Checkpoint checkpoint = Checkpoint.open(folder, LAYOUT)) {
      assertGolden(checkpoint);
    }
    SafetensorsWriter.write(folder.resolve("more.safetensors"), CANONICAL);
    assertRefused(folder, "2 safetensors files and no index");
  }

  private static SequencedMap<String, HostTensor> renamed(UnaryOperator<String> rename) {
    SequencedMap<String, HostTensor> renamed = new LinkedHashMap<>();
    CANONICAL.forEach((name, tensor) -> renamed.put(rename.apply(name), tensor));
    assertEquals(CANONICAL.size(), renamed.size());
    return renamed;
  }

  private Path store(SequencedMap<String, HostTensor> tensors) {
    Path path = folder.resolve("stored.safetensors");
    SafetensorsWriter.write(path, tensors);
    return path;
  }

  /** The checkpoint is returned closed, for its description. */
  private Checkpoint assertLoads(SequencedMap<String, HostTensor> tensors) {
    try (Checkpoint checkpoint = Checkpoint.open(store(tensors), LAYOUT)) {
      assertGolden(checkpoint);
      return checkpoint;
    }
  }

  private static void assertGolden(WeightSource source) {
    for (Map.Entry<String, HostTensor> expected : CANONICAL.entrySet()) {
      try (TensorLoan loan = source.borrow(expected.getKey())) {
        assertEquals(expected.getValue().shape(), loan.tensor().shape(), expected.getKey());
        assertEquals(-1, expected.getValue().data().mismatch(loan.tensor().data()), expected.getKey());
      }
    }
  }

  private void assertRefused(Path path, String... expected) {
    String message = refusal(path);
    for (String part : expected) {
      assertTrue(message.contains(part), message);
    }
  }

  private static String refusal(Path path) {
    String message = assertThrows(BadInputException.class, () -> Checkpoint.open(path, LAYOUT).close()).getMessage();
    assertFalse(message.contains("\n"), message);
    return message;
  }
}
