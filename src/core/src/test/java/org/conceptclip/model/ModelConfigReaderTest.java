package org.conceptclip.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.conceptclip.tensor.BadInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
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
        "|is empty, expected a JSON object",
        "{'model_type': 'conceptclip', 'model_type': 'conceptclip'}|duplicate key \"model_type\", expected a JSON object",
        "{'vision_config': {'hidden_size': 1152, 'hidden_size': 768}}|duplicate key \"hidden_size\", expected a JSON object",
        "{'error': 'Invalid username or password.'}|error is present, expected a configuration (this is what a server says when it has no file to give)",
        "<!doctype html>|is a web page, not the file itself",
        "version https://git-lfs.github.com/spec/v1|is a git-lfs pointer, not the file itself (run `git lfs pull` in its folder)",
        "{'vision_config': {'model_type': 'clip_vision_model'}}|vision_config.model_type is clip_vision_model, expected one of [siglip_vision_model, siglip]",
        "{'vision_config': {'model_type': 'siglip2_vision_model'}}|vision_config.model_type is siglip2_vision_model, expected one of",
        "{'vision_config': {'qk_normalization': true}}|vision_config.qk_normalization is true, expected false",
        "{'vision_config': {'layerscale_value': 0.1}}|vision_config.layerscale_value is 0.1, expected null: the model has no such part",
        "{'vision_config': {'global_pool': 'avg'}}|vision_config.global_pool is \"avg\", expected one of [map]",
        "{'text_config': {'hidden_act': 'relu'}}|text_config.hidden_act is \"relu\", expected one of [gelu_erf, gelu, GELU]",
        "{'text_config': {'add_cross_attention': true}}|text_config.add_cross_attention is true, expected false",
        "{'text_config': {'embedding_size': 128}}|text_config.embedding_size is 128, expected 768",
        "{'text_cfg': {'hf_model_name': 'b', 'tokenizer_kwargs': {'clean': 'canonicalize'}}}|text_cfg.tokenizer_kwargs.clean is not a key that this runtime honours",
        "{'model_type': 'conceptclip', 'hidden_act': 'quick_gelu'}|hidden_act is \"quick_gelu\", expected one of",
        "{'model_type': 'conceptclip', 'quick_gelu': true}|quick_gelu is true, expected false",
        "{'model_type': 'conceptclip', 'quantization_config': {'bits': 8}}|quantization_config is {\"bits\":8}, expected null: the model has no such part",
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
        "{'do_resize': false}|do_resize is false, expected true",
        "{'do_rescale': false}|do_rescale is false, expected true",
        "{'do_convert_rgb': false}|do_convert_rgb is false, expected true",
        "{'do_convert_rgb': 'yes'}|do_convert_rgb is \"yes\", expected true",
        "{'do_pad': true}|do_pad is true, expected false",
        "{'do_center_crop': true}|do_center_crop is true, expected false",
        "{'do_center_crop': 1, 'crop_size': 384}|do_center_crop is 1, expected true or false",
        "{'do_center_crop': true, 'crop_size': {'height': 224, 'width': 224}}|crop_size.height is 224, expected 384",
        "{'crop_size': 224}|crop_size is 224, expected 384",
        "{'image_processor_type': 'CLIPImageProcessor'}|do_center_crop is absent, expected false, because CLIPImageProcessor crops to 224 x 224 by default",
        "{'feature_extractor_type': 'CLIPFeatureExtractor', 'image_processor_type': 'X'}|because CLIPFeatureExtractor crops",
        "{'rescale_factor': 0.0078125}|rescale_factor is 0.0078125, expected 0.00392156",
        "{'rescale_offset': true}|rescale_offset is not a key that this runtime honours or knows to have no effect; expected _commit_hash,",
        "{'size': {'height': 384, 'width': 384, 'longest_edge': 1}}|size.longest_edge is not a key that this runtime honours",
        "{'size': {'height': 384}}|size.width is absent, expected 384",
        "{'size': '384'}|size is \"384\", expected 384",
        "{'resample': 'bicubic'}|resample is \"bicubic\", expected 3",
        "{'resample': 3, 'resample': 2}|duplicate key \"resample\"",
        "{'image_mean': [0.5, 0.5, NaN]}|not valid JSON",
        "{'image_mean': [0.5, 0.5]}|image_mean is [0.5,0.5], expected three numbers",
        "{'data_format': 'channels_last'}|data_format is \"channels_last\", expected one of [channels_first]",
        "{'crop_pct': 0.9}|crop_pct is not a key",
        "<html>|is a web page, not the file itself",
      })
  void otherPreprocessingIsRefused(String json, String message) throws IOException {
    preprocessor(json);
    assertRefused("{'model_type': 'conceptclip'}", message);
  }

  /** The keys of Hugging Face's processors that change no pixel, and unset ones. */
  @Test
  void keysWithoutEffectAreAccepted() throws IOException {
    preprocessor("{'do_convert_rgb': true, 'do_resize': true, 'do_rescale': true, 'do_normalize': true, 'do_pad': null, 'crop_size': null,"
        + " 'image_processor_type': 'SiglipImageProcessor', 'feature_extractor_type': 'SiglipFeatureExtractor', 'processor_class': 'X',"
        + " 'auto_map': {'AutoImageProcessor': 'x.Y'}, '_valid_processor_keys': ['images'], 'input_data_format': null, 'anything': null,"
        + " 'data_format': 'channels_first', 'size': {'height': 384, 'width': 384}, 'default_to_square': true}");
    assertSame(ModelConfig.conceptClip(""), read("{'model_type': 'conceptclip'}"));
    preprocessor("{'image_processor_type': 'CLIPImageProcessor', 'do_center_crop': true, 'crop_size': {'height': 384, 'width': 384}}");
    assertSame(ModelConfig.conceptClip(""), read("{'model_type': 'conceptclip'}"));
  }

  /** Newer folders of Hugging Face have one file for the processors of images and texts. */
  @Test
  void aSectionOfTheProcessorsFileIsHonoured() throws IOException {
    Files.writeString(folder.resolve("processor_config.json"), "{\"processor_class\": \"X\", \"image_processor\": {\"do_resize\": false}}");
    assertRefused("{'model_type': 'conceptclip'}", "image_processor.do_resize is false, expected true");
    Files.writeString(folder.resolve("processor_config.json"), "{\"image_processor\": {\"image_mean\": [0.4, 0.5, 0.6]}}");
    assertEquals(List.of(0.4, 0.5, 0.6), read("{'model_type': 'conceptclip'}").vision().imageMean());
    preprocessor("{'image_mean': [0.1, 0.2, 0.3]}");
    assertEquals(List.of(0.1, 0.2, 0.3), read("{'model_type': 'conceptclip'}").vision().imageMean());
  }

  @Test
  void configurationsAreBoundedInSizeAndDepth() throws IOException {
    long start = System.nanoTime();
    assertRefused("{'a': '" + "x".repeat(95_000_000) + "'}", "bytes, expected a JSON object of at most 1048576");
    assertRefused("{'a': " + "[".repeat(100_000) + "]".repeat(100_000) + "}", "values nested more than 64 deep, expected a JSON object");
    assertRefused("{'a': [" + "0,".repeat(500_000) + "0]}", "model_type is absent");
    assertTrue(System.nanoTime() - start < 20_000_000_000L, "took " + (System.nanoTime() - start) + " ns");
  }

  /** Nothing but a regular file is opened: a pipe would be waited for, for ever. */
  @ParameterizedTest
  @ValueSource(strings = {"config.json", "preprocessor_config.json"})
  @Timeout(60)
  void otherThingsThanFilesAreNotWaitedFor(String name) throws Exception {
    Files.writeString(folder.resolve("config.json"), "{\"model_type\": \"conceptclip\"}");
    Path file = folder.resolve(name);
    Files.deleteIfExists(file);
    Files.createDirectory(file);
    assertEquals(file + ": is a folder, expected a JSON object", message(folder));
    Files.delete(file);
    Files.createSymbolicLink(file, Path.of("gone"));
    assertEquals(file + ": is a link to a file that does not exist, expected a JSON object", message(folder));
    Files.delete(file);
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/mkfifo")), "no mkfifo to make a pipe");
    assertEquals(0, new ProcessBuilder("/usr/bin/mkfifo", file.toString()).inheritIO().start().waitFor());
    assertEquals(file + ": is a pipe or device, expected a JSON object", message(folder));
  }

  @Test
  void whatAnInterruptedConvertHasLeftIsNoModel() throws IOException {
    Path left = Files.createDirectory(folder.resolve("x.convert-partial"));
    Files.writeString(left.resolve("config.json"), "{\"model_type\": \"conceptclip\"}");
    assertEquals(left + ": is what an interrupted convert has left, expected a model folder; run convert again", message(left));
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
