package org.conceptclip.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Decoding and squashing against what Pillow made of the same files: every byte. */
class PreprocessGoldenTest {
  private static final int SIZE = 384;

  record Case(String source, String expected, int width, int height, String crc32) {
    @Override
    public String toString() {
      return source;
    }
  }

  static List<Case> cases() throws IOException {
    JsonObject index =
        JsonParser.parseString(new String(bytes("index.json"), StandardCharsets.UTF_8)).getAsJsonObject();
    List<Case> cases = new ArrayList<>();
    for (JsonElement element : index.getAsJsonArray("files")) {
      JsonObject file = element.getAsJsonObject();
      cases.add(new Case(
          file.get("source").getAsString(),
          file.get("expected").getAsString(),
          file.get("width").getAsInt(),
          file.get("height").getAsInt(),
          file.get("expected_crc32").getAsString()));
    }
    return cases;
  }

  @Test
  void listsAllSources() throws IOException {
    assertEquals(7, cases().size());
  }

  @ParameterizedTest
  @MethodSource("cases")
  void matchesPillowByteForByte(Case fixture) throws IOException {
    RgbImage source = decode(fixture.source());
    assertEquals(fixture.width(), source.width());
    assertEquals(fixture.height(), source.height());

    HostTensor pixels = Preprocessor.toPixels(source, SIZE);

    assertEquals(Shape.of(SIZE, SIZE, 3), pixels.shape());
    byte[] actual = pixels.data().toArray(ValueLayout.JAVA_BYTE);
    assertArrayEquals(decode(fixture.expected()).pixels(), actual);
    CRC32 crc = new CRC32();
    crc.update(actual);
    assertEquals(fixture.crc32(), String.format("%08x", crc.getValue()));
  }

  private static RgbImage decode(String file) throws IOException {
    return new ImageDecoder(DecodeLimits.DEFAULT).decode(bytes(file), file);
  }

  private static byte[] bytes(String file) throws IOException {
    try (InputStream in = PreprocessGoldenTest.class.getResourceAsStream("/golden/preprocess/" + file)) {
      return in.readAllBytes();
    }
  }
}
