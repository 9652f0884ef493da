package org.conceptclip.image;

import com.google.gson.JsonElement;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;

/** The files and verdicts that {@code model-conversion/fixtures/make_image_fixtures.py} wrote. */
final class ImageFixtures {
  private ImageFixtures() {}

  /**
   * A file and what Pillow makes of it.
   *
   * @param crc32 of the RGB bytes, or null where Pillow raises an error
   */
  record Fixture(String file, int width, int height, String crc32) {
    @Override
    public String toString() {
      return file;
    }
  }

  static List<Fixture> all() {
    List<Fixture> fixtures = new ArrayList<>(all("index.json"));
    fixtures.addAll(all("index-more.json"));
    return fixtures;
  }

  private static List<Fixture> all(String index) {
    List<Fixture> fixtures = new ArrayList<>();
    for (JsonElement element : json(index).getAsJsonObject().getAsJsonArray("files")) {
      var entry = element.getAsJsonObject();
      String file = entry.get("file").getAsString();
      fixtures.add(entry.has("crc32")
          ? new Fixture(file, entry.get("width").getAsInt(), entry.get("height").getAsInt(),
              entry.get("crc32").getAsString())
          : new Fixture(file, 0, 0, null));
    }
    return fixtures;
  }

  static JsonElement json(String file) {
    return JsonParser.parseString(new String(bytes(file), StandardCharsets.UTF_8));
  }

  static byte[] bytes(String file) {
    try (InputStream in = ImageFixtures.class.getResourceAsStream("/image/" + file)) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static ImageSource source(byte[] file) {
    return ImageSource.of(file, file.length, "file", new DecodeGate("file", DecodeLimits.DEFAULT, DecodeCheckpoint.NONE));
  }

  static String crc32(byte[] bytes) {
    CRC32 crc = new CRC32();
    crc.update(bytes);
    return String.format("%08x", crc.getValue());
  }
}
