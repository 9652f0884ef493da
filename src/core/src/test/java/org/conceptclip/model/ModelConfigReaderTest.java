package org.conceptclip.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.conceptclip.tensor.BadInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModelConfigReaderTest {
  private static final Path GOLDEN = Path.of("src/core/src/test/resources/golden");

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"tiny", "full"})
  void goldenConfigurationIsThatOfTheSyntheticModel(String size) {
    ModelConfig read = ModelConfigReader.read(GOLDEN.resolve(size));
    assertEquals(size, read.name());
    assertSame(SyntheticModels.named("synthetic:" + size).orElseThrow(), read);
  }

  @Test
  void aCheckpointFileStandsForItsFolder() {
    assertEquals("tiny", ModelConfigReader.read(GOLDEN.resolve("tiny/model.safetensors")).name());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'model_type': 'conceptclip'}",
        "{'model_type': 'custom', 'architectures': ['ConceptCLIPModel'], 'image_size': 384}",
        "{'model_type': 'Concept-CLIP', 'architectures': ['X'], 'torch_dtype': 'float32', 'projection_dim': 1152}",
        "{'vision_config': {}, 'text_config': {}}",
        "{'vision_config': {'model_type': 'siglip_vision_model', 'hidden_size': 1152, 'num_hidden_layers': 27, 'num_attention_heads': 16,"
            + " 'intermediate_size': 4304, 'image_size': 384, 'patch_size': 14, 'layer_norm_eps': 1e-06, 'hidden_act': 'gelu', 'num_channels': 3},"
            + " 'text_config': {'model_type': 'bert', 'hidden_size': 768, 'vocab_size': 30522, 'pad_token_id': 0, 'hidden_act': 'gelu'}}",
        "{'embed_dim': 1152, 'vision_cfg': {'image_size': 384, 'timm_model_name': 'vit_so400m_patch14_siglip_384',"
            + " 'timm_model_pretrained': false, 'timm_pool': 'map', 'timm_proj': 'none'},"
            + " 'text_cfg': {'context_length': 77, 'hf_model_name': 'microsoft/BiomedNLP', 'hf_proj_type': 'linear', 'hf_pooler_type': 'mean_pooler'}}",
        "{'model_cfg': {'embed_dim': 1152, 'vision_cfg': {'timm_model_name': 'timm/vit_so400m_patch14_siglip_384.webli'},"
            + " 'text_cfg': {'hf_model_name': 'x'}}, 'preprocess_cfg': {'mean': [0.5, 0.5, 0.5], 'std': [0.5, 0.5, 0.5],"
            + " 'interpolation': 'bicubic', 'resize_mode': 'squash', 'size': [384, 384]}}",
      })
  void officialKindsFallBackToPublishedSizes(String json) throws IOException {
    assertSame(ModelConfig.conceptClip(""), read(json));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'vision_config': {'hidden_act': 'gelu_pytorch_tanh'}}|vision_config.hidden_act is \"gelu_pytorch_tanh\", expected one of [gelu_erf, gelu, GELU]",
        "{'vision_config': {'hidden_size': 1000}}|vision_config.num_attention_heads is 16, expected a divisor of the width 1000",
        "{'vision_config': {'hidden_size': 0}}|vision_config.hidden_size is 0, expected an integer from 1 to 65536",
        "{'vision_config': {'hidden_size': 1152.5}}|vision_config.hidden_size is 1152.5, expected an integer from 1 to 65536",
        "{'vision_config': {'hidden_size': 1e999999999}}|vision_config.hidden_size is 1e999999999, expected an integer",
        "{'vision_config': {'hidden_size': '1152'}}|vision_config.hidden_size is \"1152\", expected an integer from 1 to 65536",
        "{'vision_config': {'hidden_size': 1152, 'width': 768}}|vision_config.hidden_size is 1152, expected the same as vision_config.width, 768",
        "{'vision_config': {'patch_size': 400}}|vision_config.patch_size is 400, expected an integer from 1 to 384",
        "{'vision_config': {'layer_norm_eps': 0}}|vision_config.layer_norm_eps is 0, expected a number above 0.0 up to 0.1",
        "{'vision_config': {'vision_use_head': false}}|vision_config.vision_use_head is false, expected true",
        "{'vision_config': {'num_channels': 1}}|vision_config.num_channels is 1, expected 3",
        "{'vision_config': []}|vision_config is [], expected an object",
        "{'text_config': {'model_type': 'roberta'}}|text_config.model_type is \"roberta\", expected one of [bert]",
        "{'text_config': {'pad_token_id': 30522}}|text_config.pad_token_id is 30522, expected an integer from 0 to 30521",
        "{'text_config': {'num_hidden_layers': 100000}}|text_config.num_hidden_layers is 100000, expected an integer from 1 to 512",
        "{'text_config': {'context_length': 600}}|text_config.context_length is 600, expected an integer from 3 to 512",
        "{'text_config': {}, 'projection_dim': 512}|projection_dim is 512, expected the vision width 1152",
        "{'vision_cfg': {'timm_model_name': 'vit_base_patch16_224'}}|vision_cfg.timm_model_name is vit_base_patch16_224, expected vit_so400m_patch14_siglip_384",
        "{'vision_cfg': {'layers': 12, 'width': 768}}|vision_cfg.timm_model_name is absent, expected vit_so400m_patch14_siglip_384",
        "{'text_cfg': {'width': 768}}|text_cfg.hf_model_name is absent, expected a BERT model",
        "{'text_cfg': {'hf_model_name': 'b', 'hf_pooler_type': 'cls_last_hidden_state_pooler'}}|text_cfg.hf_pooler_type is \"cls_last_hidden_state_pooler\"",
        "{'text_cfg': {'hf_model_name': 'b', 'hf_proj_type': 'mlp'}}|text_cfg.hf_proj_type is \"mlp\", expected one of [linear, linear_nobias]",
        "{'text_cfg': {'hf_model_name': 'b'}, 'preprocess_cfg': {'resize_mode': 'shortest'}}|preprocess_cfg.resize_mode is \"shortest\", expected one of [squash]",
        "{'vision': {'width': 12}, 'text': {'hidden': 12}}|no vision.image_size, expected an integer from 1 to 8192",
        "{'model_type': 'bert'}|model_type is bert, expected \"conceptclip\", or sections for vision and text",
        "{'model_type': 'conceptclip', 'image_size': 224}|image_size is 224, expected 384",
        "{'model_type': 'conceptclip', 'vocab_size': 28996}|vocab_size is 28996, expected 30522",
        "{'model_type': 'x\\ny'}|model_type is x y, expected \"conceptclip\"",
        "{'model_type': 'conceptclip', 'image_mean': [0.5, 0.5]}|image_mean is [0.5,0.5], expected three numbers above -10.0 up to 10.0",
        "{'model_type': 'conceptclip', 'image_std': [0.5, 0, 0.5]}|image_std is [0.5,0,0.5], expected three numbers above 0.0 up to 10.0",
        "[1]|expected one JSON object",
        "{'a': 1} {}|not valid JSON (at line 1 column 11)",
        "{'a': |not valid JSON",
        "|not valid JSON (at line 1 column 1)",
      })
  void contradictionsNameKeyFoundAndExpected(String json, String message) throws IOException {
    assertRefused(json == null ? "" : json, message);
  }

  @Test
  void ownSchemaMustBeComplete() throws IOException {
    JsonObject tiny = JsonParser.parseString(Files.readString(GOLDEN.resolve("tiny/config.json"))).getAsJsonObject();
    for (String section : new String[] {"vision", "text"}) {
      for (String key : tiny.getAsJsonObject(section).deepCopy().keySet()) {
        JsonObject changed = tiny.deepCopy();
        JsonElement value = changed.getAsJsonObject(section).get(key);
        if (!value.isJsonPrimitive() || !value.getAsJsonPrimitive().isNumber() || key.equals("mlp_ratio") || key.endsWith("s_id") || key.equals("sep_id")) {
          continue;
        }
        changed.getAsJsonObject(section).addProperty(key, -1);
        assertRefused(changed.toString(), section + "." + key + " is -1, expected");
      }
    }
  }

  @Test
  void preprocessorSuppliesOrConfirmsNormalisation() throws IOException {
    preprocessor("{'image_mean': [0.4, 0.5, 0.6], 'image_std': [0.2, 0.3, 0.4], 'size': {'height': 384, 'width': 384},"
        + " 'do_resize': true, 'resample': 3, 'rescale_factor': 0.00392156862745098}");
    VisionConfig vision = read("{'model_type': 'conceptclip'}").vision();
    assertEquals(List.of(0.4, 0.5, 0.6), vision.imageMean());
    assertEquals(List.of(0.2, 0.3, 0.4), vision.imageStd());
    assertRefused("{'model_type': 'conceptclip', 'image_mean': [0.5, 0.5, 0.5]}", "image_mean is [0.4, 0.5, 0.6], expected that of config.json");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'size': {'height': 224, 'width': 224}}|size.height is 224, expected 384",
        "{'size': 224}|size is 224, expected 384",
        "{'size': [384, 224]}|size is [384,224], expected [384,384]",
        "{'size': {'shortest_edge': 384}}|size.shortest_edge is present, expected height and width",
        "{'resample': 2}|resample is 2, expected 3",
        "{'do_normalize': false}|do_normalize is false, expected true",
      })
  void otherPreprocessingIsRefused(String json, String message) throws IOException {
    preprocessor(json);
    assertRefused("{'model_type': 'conceptclip'}", message);
  }

  @Test
  void missingFolderOrFileIsNamed() throws IOException {
    Path none = folder.resolve("none");
    assertEquals(none + ": no such folder, expected a model folder with config.json", message(none));
    assertEquals(folder + ": no config.json in it, expected a model folder", message(folder));
    Files.writeString(folder.resolve("open_clip_config.json"), "{\"model_type\": \"conceptclip\"}");
    assertEquals(1152, ModelConfigReader.read(folder).embeddingWidth());
    Files.write(folder.resolve("config.json"), new byte[] {'{', (byte) 0xff, '}'});
    assertTrue(message(folder).endsWith("config.json: not valid UTF-8, expected a JSON object"));
  }

  private ModelConfig read(String json) throws IOException {
    Files.writeString(folder.resolve("config.json"), json.replace('\'', '"'));
    return ModelConfigReader.read(folder);
  }

  private void preprocessor(String json) throws IOException {
    Files.writeString(folder.resolve("preprocessor_config.json"), json.replace('\'', '"'));
  }

  private void assertRefused(String json, String expected) {
    String message = assertThrows(BadInputException.class, () -> read(json), json).getMessage();
    assertTrue(message.contains(expected), message);
    assertTrue(message.contains("config.json"), message);
    assertFalse(message.contains("\n"), message);
  }

  private static String message(Path path) {
    return assertThrows(BadInputException.class, () -> ModelConfigReader.read(path)).getMessage();
  }

  static void assertSame(ModelConfig expected, ModelConfig found) {
    assertEquals(expected.vision(), found.vision());
    assertEquals(expected.text(), found.text());
    assertEquals(expected.embeddingWidth(), found.embeddingWidth());
  }
}
