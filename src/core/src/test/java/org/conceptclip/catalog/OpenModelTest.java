package org.conceptclip.catalog;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.reference.ReferenceBackend;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.weights.SafetensorsFile;
import org.conceptclip.weights.SafetensorsWriter;
import org.conceptclip.weights.TensorLoan;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What names a model, and model folders that are not what they should be. */
class OpenModelTest {
  private static final Path GOLDEN = Path.of("src/core/src/test/resources/golden/tiny");
  private static final int VOCABULARY = 200;

  @TempDir Path folder;

  @Test
  void aFileOfWeightsStandsForItsFolder() throws IOException {
    Path model = model("m");
    vocabulary(model, VOCABULARY);
    Path weights = model.resolve("model.safetensors");
    assertTokenizes(weights);
    assertTokenizes(model);
    Path index = model.resolve("model.safetensors.index.json");
    Files.writeString(index, "{\"weight_map\": {\"logit_bias\": \"model.safetensors\"}}");
    assertTokenizes(index);
    Path other = Files.move(weights, model.resolve("other.safetensors"));
    assertTokenizes(other);
    assertTokenizes(model.resolve("../m/other.safetensors"));
  }

  @Test
  void anEntryOfTheCacheStandsForItsCurrentSnapshot() throws IOException {
    Path entry = folder.resolve("models--owner--name");
    Path snapshots = Files.createDirectories(entry.resolve("snapshots"));
    assertRefused(entry, entry + ": a cache entry with 0 snapshots and no refs/main; expected the name of a folder in " + snapshots);
    Path current = model("models--owner--name/snapshots/0123abc");
    vocabulary(current, VOCABULARY);
    assertTokenizes(entry);
    Files.createDirectory(snapshots.resolve("former"));
    assertRefused(entry, entry + ": a cache entry with 2 snapshots and no refs/main; expected the name of a folder in " + snapshots);
    Path ref = Files.createDirectory(entry.resolve("refs")).resolve("main");
    Files.writeString(ref, "0123abc\n");
    assertTokenizes(entry);
    assertTokenizes(current);
    Files.writeString(ref, "4567def");
    assertRefused(entry, snapshots.resolve("4567def") + ": no such folder, although refs/main names it; expected a complete download");
    for (String hostile : new String[] {"../former", "..", "/etc", "a\nb", " "}) {
      Files.writeString(ref, hostile);
      assertRefused(entry, ref + ": holds no name of a snapshot, expected a commit");
    }
    // Links into the folder of blobs, as the cache has them; one whose blob is not there yet is a download that was interrupted.
    Files.writeString(ref, "0123abc");
    Path weights = current.resolve("model.safetensors");
    Path blob = Files.move(weights, Files.createDirectory(entry.resolve("blobs")).resolve("blob"));
    Files.createSymbolicLink(weights, Path.of("../../blobs/blob"));
    assertTokenizes(entry);
    Files.delete(blob);
    assertRefused(entry, weights + ": is a link to a file that does not exist, expected a safetensors file");
  }

  @Test
  void namesOfNoModelAreToldInOneLine() throws IOException {
    Path none = folder.resolve("none");
    assertRefused(none, "model " + none + ": no such folder, expected one with config.json and model.safetensors");
    Path former = model("none.convert-replaced");
    assertRefused(none, "model " + none + ": no such folder, but a convert that was killed has left the former model in " + former
        + "; run convert again, or rename it");
    String message = assertThrows(BadInputException.class, () -> OpenModel.open("a\0b")).getMessage();
    assertEquals("model a?b: no name of a folder (it holds the character 0)", message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "logit_scale|NaN|logit_scale is NaN, expected a finite number",
        "logit_scale|Infinity|logit_scale is Infinity, expected a finite number",
        "logit_scale|89|logit_scale is 89.0, expected the logarithm of a scale, from -87 to 88",
        "logit_scale|-100|logit_scale is -100.0, expected the logarithm of a scale, from -87 to 88",
        "concept_logit_scale|-Infinity|concept_logit_scale is -Infinity, expected a finite number",
        "logit_bias|NaN|logit_bias is NaN, expected a finite number",
        "concept_logit_bias|Infinity|concept_logit_bias is Infinity, expected a finite number",
      })
  void scalarsThatAreNoNumbersAreRefusedAtOpen(String name, float value, String expected) throws IOException {
    Path model = model("m");
    change(model, name, 0, value);
    assertRefused(model, model + " (116 tensors in F32): " + expected);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "visual.trunk.blocks.1.norm2.weight", "visual.trunk.blocks.1.mlp.fc1.bias", "visual.trunk.attn_pool.q.bias",
        "visual.trunk.patch_embed.proj.bias", "text.transformer.embeddings.LayerNorm.bias",
        "text.transformer.encoder.layer.0.attention.self.key.bias"
      })
  void vectorsThatAreNotFiniteAreRefusedAtLoad(String name) throws IOException {
    Path model = model("m");
    change(model, name, 3, Float.NaN);
    try (OpenModel open = OpenModel.open(model.toString());
        Backend backend = new ReferenceBackend()) {
      String message = assertThrows(BadInputException.class, () -> open.load(backend)).getMessage();
      assertEquals(model + " (116 tensors in F32): tensor " + name + " has NaN at element 3, expected finite numbers", message);
    }
  }

  @Test
  void aVocabularyLargerThanTheEmbeddingIsRefused() throws IOException {
    Path model = model("m");
    vocabulary(model, VOCABULARY);
    assertTokenizes(model);
    vocabulary(model, VOCABULARY + 1);
    String end = ", expected ids below 200, the rows of the model's token embedding (is this the tokenizer of another model?)";
    assertTokenizerRefused(model, model.resolve("vocab.txt") + ": a token has id 200" + end);
    long start = System.nanoTime();
    vocabulary(model, 3_000_000);
    try (OpenModel open = OpenModel.open(model.toString())) {
      assertThrows(BadInputException.class, () -> open.tokenizer(null));
    }
    assertTrue(System.nanoTime() - start < 20_000_000_000L, "took " + (System.nanoTime() - start) + " ns");

    Path json = model.resolve("tokenizer.json");
    Files.writeString(json, tokenizer("\"word\": 199"));
    assertTokenizes(model);
    Files.writeString(json, tokenizer("\"word\": 200"));
    assertTokenizerRefused(model, json + ": a token has id 200" + end);
  }

  @Test
  @Timeout(60)
  void otherThingsThanFilesAreNotWaitedFor() throws Exception {
    Path model = model("m");
    Path weights = model.resolve("model.safetensors");
    Files.delete(weights);
    Files.createDirectory(weights);
    assertRefused(model, weights + ": is a folder, expected a safetensors file");
    Files.delete(weights);
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/mkfifo")), "no mkfifo to make a pipe");
    assertEquals(0, new ProcessBuilder("/usr/bin/mkfifo", weights.toString()).inheritIO().start().waitFor());
    assertRefused(model, weights + ": is a pipe or device, expected a safetensors file");
  }

  private Path model(String name) throws IOException {
    Path model = Files.createDirectories(folder.resolve(name));
    for (String file : new String[] {"config.json", "model.safetensors"}) {
      Files.copy(GOLDEN.resolve(file), model.resolve(file));
    }
    return model;
  }

  private static void vocabulary(Path model, int lines) throws IOException {
    Files.writeString(model.resolve("vocab.txt"), "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n"
        + IntStream.range(5, lines).mapToObj(i -> "w" + i).collect(Collectors.joining("\n")));
    Files.writeString(model.resolve("tokenizer_config.json"), "{}");
  }

  private static String tokenizer(String tokens) {
    return """
        {"version": "1.0", "added_tokens": [],
         "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
           "strip_accents": true, "lowercase": true},
         "pre_tokenizer": {"type": "BertPreTokenizer"},
         "post_processor": {"type": "TemplateProcessing",
          "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
           {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
          "pair": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
           {"SpecialToken": {"id": "[SEP]", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
          "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]},
           "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]}}},
         "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
          "vocab": {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4, %s}}}
        """.formatted(tokens);
  }

  /** Writes the checkpoint anew with one number changed. */
  private static void change(Path model, String tensor, long index, float value) {
    Path path = model.resolve("model.safetensors");
    SequencedMap<String, HostTensor> tensors = new LinkedHashMap<>();
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      for (String name : file.tensors().keySet()) {
        try (TensorLoan loan = file.read(name)) {
          tensors.put(name, HostTensor.of(loan.tensor().toFloatArray(), loan.tensor().shape().toArray()));
        }
      }
    }
    tensors.get(tensor).set(index, value);
    SafetensorsWriter.write(path, tensors);
  }

  private static void assertTokenizes(Path named) {
    try (OpenModel open = OpenModel.open(named.toString());
        var tokenizer = open.tokenizer(null)) {
      assertTrue(tokenizer.encode("w7").ids().length > 2);
    }
  }

  private static void assertTokenizerRefused(Path named, String expected) {
    try (OpenModel open = OpenModel.open(named.toString())) {
      assertEquals(expected, assertThrows(BadInputException.class, () -> open.tokenizer(null)).getMessage());
    }
  }

  private static void assertRefused(Path named, String expected) {
    String message = assertThrows(BadInputException.class, () -> OpenModel.open(named.toString()).close()).getMessage();
    assertEquals(expected, message);
    assertFalse(message.contains("\n"));
  }
}
