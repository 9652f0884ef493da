package org.conceptclip.text;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/** The tokenizer of MiniLM (vocabulary of bert-base-uncased, 30522 tokens) from the test class path. */
public final class TestVocabulary {
  /** File {@code tokenizer.json}. It asks for padding to 128, which must not happen. */
  public static final String JSON = json();

  /** Token to id. */
  public static final Map<String, Integer> IDS = ids();

  public static final String CONFIG = "{\"do_lower_case\": true, \"model_max_length\": 512}";

  private TestVocabulary() {}

  /** File {@code vocab.txt} of the same vocabulary. */
  public static byte[] lines() {
    String[] tokens = new String[IDS.size()];
    IDS.forEach((token, id) -> tokens[id] = token);
    return (String.join("\n", tokens) + "\n").getBytes(StandardCharsets.UTF_8);
  }

  private static String json() {
    try (InputStream in = TestVocabulary.class.getResourceAsStream("/all-minilm-l6-v2-tokenizer.json")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private static Map<String, Integer> ids() {
    JsonObject vocabulary = JsonParser.parseString(JSON).getAsJsonObject().getAsJsonObject("model").getAsJsonObject("vocab");
    Map<String, Integer> ids = new HashMap<>();
    for (Map.Entry<String, JsonElement> entry : vocabulary.entrySet()) {
      ids.put(entry.getKey(), entry.getValue().getAsInt());
    }
    return ids;
  }
}
