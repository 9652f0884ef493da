package org.conceptclip.model;

import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.weights.Checkpoint;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The JSON files of a model folder, damaged at random: each is read, or refused in one line that names it; never anything else. */
class ModelFolderFuzzTest {
  private static final int MUTATIONS = 2000;
  private static final long SEED = 20261127;
  private static final Path GOLDEN = Path.of("src/core/src/test/resources/golden/tiny");

  private static final String CONFIG =
      "{\"model_type\": \"conceptclip\", \"vision_config\": {\"model_type\": \"siglip_vision_model\","
          + " \"hidden_size\": 1152, \"image_size\": 384,"
          + " \"layer_norm_eps\": 1e-06, \"hidden_act\": \"gelu\"}, \"text_config\": {\"model_type\": \"bert\", \"hidden_size\": 768,"
          + " \"vocab_size\": 30522, \"pad_token_id\": 0, \"layer_norm_eps\": 1e-12}, \"projection_dim\": 1152}";
  private static final String PREPROCESSOR =
      "{\"do_convert_rgb\": null, \"do_resize\": true, \"size\": {\"height\": 384, \"width\": 384}, \"resample\": 3,"
          + " \"do_rescale\": true,"
          + " \"rescale_factor\": 0.00392156862745098, \"do_normalize\": true, \"image_mean\": [0.5, 0.5, 0.5],"
          + " \"image_std\": [0.5, 0.5, 0.5],"
          + " \"crop_size\": 384, \"do_center_crop\": false, \"processor_class\": \"X\", \"_valid_processor_keys\": [\"images\"]}";
  private static final String INDEX =
      "{\"metadata\": {\"total_size\": 1}, \"weight_map\": {\"a\": \"model.safetensors\", \"b\": \"model.safetensors\"}}";

  private static final List<String> TOKENS = List.of(
      "{", "}", "[", "]", ",", ":", "\"", "\\", "null", "true", "false", "-1", "0", "1e999999999", "0.5", "NaN", "9223372036854775808",
      "384",
      "224", "\"size\"", "\"height\"", "\"shortest_edge\"", "\"crop_size\"", "\"do_center_crop\"", "\"image_processor_type\"", "\"CLIPX\"",
      "\"unknown\": 1,", "\"resample\": 2,", "\"quick_gelu\": true,", "\"error\": \"x\",", "\"vision_cfg\": {},", "\"weight_map\": {},",
      "\"../x\"", "\"/dev/zero\"", "\ufeff", "\\ud800", "\u00ff", "<html>",
      "version https://git-lfs.github.com/", "PK", " ", "\n", "/*", "'",
      "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[");

  @TempDir Path folder;

  @Test
  void damagedConfigurationsAreReadOrRefused() {
    assertReadOrRefused(CONFIG, MUTATIONS, "config.json", () -> ModelConfigReader.read(folder));
  }

  @Test
  void damagedPreprocessorsAreReadOrRefused() throws IOException {
    Files.writeString(folder.resolve("config.json"), CONFIG);
    assertReadOrRefused(PREPROCESSOR, MUTATIONS, "preprocessor_config.json", () -> ModelConfigReader.read(folder));
  }

  @Test
  void damagedIndicesAreReadOrRefused() throws IOException {
    Files.copy(GOLDEN.resolve("model.safetensors"), folder.resolve("model.safetensors"));
    Path index = folder.resolve("model.safetensors.index.json");
    ModelConfig tiny = SyntheticModels.named("synthetic:tiny").orElseThrow();
    assertReadOrRefused(INDEX, MUTATIONS / 4, "", () -> Checkpoint.open(index, ModelLayout.of(tiny)).close());
  }

  /** @param file what messages name; empty if a message may name another file of the folder */
  private void assertReadOrRefused(String sound, int mutations, String file, Runnable read) {
    Path path = folder.resolve(file.isEmpty() ? "model.safetensors.index.json" : file);
    int[] outcomes = new int[2];
    assertTimeoutPreemptively(Duration.ofSeconds(120), () -> {
      Random random = new Random(SEED);
      for (int i = 0; i < mutations; i++) {
        String damaged = damaged(sound, random);
        Files.writeString(path, damaged, StandardCharsets.UTF_8);
        try {
          read.run();
          outcomes[0]++;
        } catch (BadInputException e) {
          outcomes[1]++;
          assertTrue(e.getMessage().startsWith(folder + "/") && e.getMessage().contains(file) && e.getMessage().lines().count() == 1
              && e.getMessage().length() < 2000, e.getMessage());
        } catch (RuntimeException | Error e) {
          throw new AssertionError("mutation " + i + " of seed " + SEED + ": " + damaged, e);
        }
      }
    });
    // Both outcomes must occur often, or the damage is too much or too little to prove anything.
    assertTrue(outcomes[0] > mutations / 100 && outcomes[1] > mutations / 2, () -> Arrays.toString(outcomes));
  }

  private static String damaged(String sound, Random random) {
    StringBuilder text = new StringBuilder(sound);
    for (int round = 1 + random.nextInt(3); round > 0 && !text.isEmpty(); round--) {
      int at = random.nextInt(text.length());
      switch (random.nextInt(5)) {
        case 0 -> text.setCharAt(at, (char) (' ' + random.nextInt(95)));
        case 1 -> text.setCharAt(at, (char) ('0' + random.nextInt(10)));
        case 2 -> text.insert(at, TOKENS.get(random.nextInt(TOKENS.size())));
        case 3 -> text.delete(at, Math.min(text.length(), at + 1 + random.nextInt(30)));
        default -> text.insert(at, text.substring(at, Math.min(text.length(), at + 1 + random.nextInt(60))));
      }
    }
    return text.toString();
  }
}
