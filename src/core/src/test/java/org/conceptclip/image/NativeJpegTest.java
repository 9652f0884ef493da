package org.conceptclip.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.awt.image.WritableRaster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.conceptclip.tensor.BadInputException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** libjpeg-turbo against the JDK's decoder: the same bytes of whatever it accepts, and nothing accepted that is damaged. */
@Timeout(120)
class NativeJpegTest {
  private static final int MUTATIONS = 6000;
  private static final int PICTURES = 140;

  private final NativeJpeg turbo = new NativeJpeg(JpegLibrary.find().orElseThrow());

  static Stream<ImageFixtures.Fixture> files() {
    return ImageDecoderTest.accepted().filter(fixture -> fixture.file().endsWith(".jpg"));
  }

  @AfterEach
  void close() {
    turbo.close();
    assertEquals(0, turbo.scratchBytes());
  }

  @ParameterizedTest
  @MethodSource("files")
  void decodesTheCommonKindsToTheBit(ImageFixtures.Fixture fixture) throws IOException {
    byte[] file = ImageFixtures.bytes(fixture.file());
    JpegHeader header = header(file);
    boolean rare = header.colour.components == 4;
    assertEquals(!rare, NativeJpeg.takes(header));
    if (!rare) {
      byte[] pixels = decode(header);
      assertNotNull(pixels, "libtiff remarked something");
      assertEquals(fixture.crc32(), ImageFixtures.crc32(pixels));
    }
    assertEquals(fixture.crc32(), ImageFixtures.crc32(byJdk(header)), "by the JDK");
  }

  /** Another encoder than that of the fixtures, larger pictures, and every mix of size, quality, colour and coding. */
  @Test
  void decodesWhatTheJdkEncodesToTheBit() throws IOException {
    SplittableRandom random = new SplittableRandom(20_261_127);
    for (int i = 0; i < PICTURES; i++) {
      int width = 1 + random.nextInt(i % 7 == 0 ? 900 : 150);
      int height = 1 + random.nextInt(i % 7 == 0 ? 900 : 150);
      boolean grey = i % 5 == 0;
      boolean progressive = i % 3 == 0;
      float quality = 0.05f + 0.95f * random.nextInt(101) / 100;
      String what = width + "x" + height + (grey ? " grey" : " colour") + (progressive ? " progressive" : "") + " of quality " + quality;
      byte[] file = encode(drawing(width, height, grey, random), progressive, quality);
      JpegHeader header = header(file);
      assertTrue(NativeJpeg.takes(header), what);
      byte[] pixels = decode(header);
      assertNotNull(pixels, what + ": libtiff remarked something");
      assertArrayEquals(byJdk(header), pixels, what);
    }
  }

  private static BufferedImage drawing(int width, int height, boolean grey, SplittableRandom random) {
    BufferedImage image = new BufferedImage(width, height, grey ? BufferedImage.TYPE_BYTE_GRAY : BufferedImage.TYPE_3BYTE_BGR);
    WritableRaster raster = image.getRaster();
    double slope = random.nextDouble(0.02, 0.5);
    int noise = 1 + random.nextInt(60);
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        for (int band = 0; band < raster.getNumBands(); band++) {
          double wave = 127 + 120 * Math.sin(slope * (x + band * y) + band);
          raster.setSample(x, y, band, Math.clamp((int) wave + random.nextInt(noise), 0, 255));
        }
      }
    }
    return image;
  }

  private static byte[] encode(BufferedImage image, boolean progressive, float quality) throws IOException {
    ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
    ImageWriteParam settings = writer.getDefaultWriteParam();
    settings.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
    settings.setCompressionQuality(quality);
    settings.setProgressiveMode(progressive ? ImageWriteParam.MODE_DEFAULT : ImageWriteParam.MODE_DISABLED);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (MemoryCacheImageOutputStream out = new MemoryCacheImageOutputStream(bytes)) {
      writer.setOutput(out);
      writer.write(null, new IIOImage(image, null, null), settings);
    } finally {
      writer.dispose();
    }
    return bytes.toByteArray();
  }

  /**
   * Damage that no decoder notices may yield values beyond 0..255 before they are clipped, which the JDK's libjpeg wraps around: only
   * there may pixels differ.
   */
  @Test
  void acceptsNoDamagedFileThatTheJdkRefuses() throws IOException {
    List<byte[]> originals = files().map(fixture -> ImageFixtures.bytes(fixture.file())).toList();
    SplittableRandom random = new SplittableRandom(20_261_124);
    int accepted = 0;
    int equal = 0;
    int handedOn = 0;
    for (int i = 0; i < MUTATIONS; i++) {
      byte[] mutant = ImageFuzzTest.mutate(originals.get(i % originals.size()), random);
      JpegHeader header;
      try {
        header = header(mutant);
      } catch (BadInputException | IndexOutOfBoundsException e) {
        continue;
      }
      if (!NativeJpeg.takes(header) || (long) header.width * header.height > 4_000_000) {
        continue;
      }
      byte[] pixels = decode(header);
      if (pixels == null) {
        handedOn++;
        continue;
      }
      accepted++;
      byte[] expected = byJdk(header);
      assertEquals(expected.length, pixels.length);
      equal += Arrays.equals(expected, pixels) ? 1 : 0;
    }
    assertTrue(accepted > MUTATIONS / 20 && handedOn > MUTATIONS / 20, accepted + " accepted, " + handedOn + " handed on");
    assertTrue(equal > 0.85 * accepted, equal + " of " + accepted + " equal");
  }

  /** Frames of motion JPEG: all, or some, of their Huffman tables are the standard ones and missing. */
  @Test
  void readsFilesWithoutTheirHuffmanTables() throws IOException {
    for (String name : List.of("rgb_420.jpg", "grey.jpg", "cmyk.jpg")) {
      byte[] file = ImageFixtures.bytes(name);
      String expected = ImageFixtures.crc32(new ImageDecoder(DecodeLimits.DEFAULT).decode(file, name).pixels());
      List<Integer> tables = segments(file, 0xc4);
      assertTrue(tables.size() >= 2, name + " has " + tables.size() + " segments of tables");
      for (int missing = 1; missing < 1 << tables.size(); missing++) {
        byte[] without = file.clone();
        for (int i = 0; i < tables.size(); i++) {
          if ((missing >> i & 1) != 0) {
            // A comment in its place.
            without[tables.get(i) + 1] = (byte) 0xfe;
          }
        }
        JpegHeader header = header(without);
        assertTrue(header.lacksTables, name);
        assertEquals(!name.equals("cmyk.jpg"), NativeJpeg.takes(header));
        if (NativeJpeg.takes(header)) {
          assertEquals(expected, ImageFixtures.crc32(decode(header)), name + " without " + missing);
        }
        assertEquals(expected, ImageFixtures.crc32(byJdk(header)), name + " without " + missing + ", by the JDK");
      }
    }
  }

  /** Interlaced motion JPEG has two fields in one file, each a JPEG of half the height. Pillow decodes the first. */
  @Test
  void readsTheFirstFieldOfMotionJpeg() throws IOException {
    byte[] file = ImageFixtures.bytes("rgb_420.jpg");
    byte[] other = ImageFixtures.bytes("grey.jpg");
    ByteArrayOutputStream both = new ByteArrayOutputStream();
    both.write(file, 0, 2);
    HostileImages.segment(both, 0xe0, new byte[] {'A', 'V', 'I', '1', 1, 0, 0, 0, 0, 0, 0, 0, 0, 0});
    both.write(file, 2, file.length - 2);
    both.writeBytes(new byte[100]);
    both.writeBytes(other);
    JpegHeader header = header(both.toByteArray());
    String expected = ImageFixtures.crc32(decode(header(file)));
    assertEquals(expected, ImageFixtures.crc32(decode(header)));
    assertEquals(expected, ImageFixtures.crc32(byJdk(header)));
  }

  private static List<Integer> segments(byte[] file, int marker) {
    List<Integer> found = new ArrayList<>();
    for (int at = 2; (file[at + 1] & 0xff) != 0xda; at += 2 + ((file[at + 2] & 0xff) << 8 | file[at + 3] & 0xff)) {
      if ((file[at + 1] & 0xff) == marker) {
        found.add(at);
      }
    }
    return found;
  }

  @Test
  void handsOnWhateverTheLibraryRemarks() {
    byte[] file = ImageFixtures.bytes("rgb_420.jpg");
    JpegHeader header = header(file);
    byte[] cut = file.clone();
    // An end marker in the middle of the code: libjpeg fills up with grey and warns.
    int middle = (header.codeStart + file.length) / 2;
    cut[middle] = (byte) 0xff;
    cut[middle + 1] = (byte) 0xd9;
    assertNull(decode(header(cut)));
    assertNotNull(decode(header), "a complaint about one file outlived it");
  }

  @Test
  void givesBackWhatAHugePictureTook() {
    byte[] file = ImageFixtures.bytes("grey.jpg");
    // Behind the end of the code, in front of the end marker.
    byte[] huge = Arrays.copyOf(file, file.length + 200_000);
    Arrays.fill(huge, file.length - 2, huge.length - 2, (byte) 0);
    huge[huge.length - 2] = (byte) 0xff;
    huge[huge.length - 1] = (byte) 0xd9;
    JpegHeader small = header(file);
    // 30,000 x 1000 grey pixels announced over a picture of 37 x 29, with bytes for their blocks: the code ends early.
    huge[small.frame + 5] = (byte) (1000 >> 8);
    huge[small.frame + 6] = (byte) 1000;
    huge[small.frame + 7] = (byte) (30_000 >> 8);
    huge[small.frame + 8] = (byte) 30_000;
    assertNull(decode(header(huge)));
    assertTrue(turbo.scratchBytes() >= 64 * 30_000, turbo.scratchBytes() + " bytes");
    turbo.trim();
    assertTrue(turbo.scratchBytes() <= NativeJpeg.KEPT_FILE_BYTES + NativeJpeg.KEPT_ROW_BYTES, turbo.scratchBytes() + " bytes");
    assertNotNull(decode(small));
    long settled = turbo.scratchBytes();
    turbo.trim();
    assertEquals(settled, turbo.scratchBytes(), "small pictures allocate once");
  }

  private static JpegHeader header(byte[] file) {
    return new JpegHeader(ImageFixtures.source(file));
  }

  private static byte[] byJdk(JpegHeader header) throws IOException {
    RgbCollector collector = new RgbCollector();
    JpegDecoder.decodeByJdk(header, collector);
    header.source.gate().close();
    return collector.image().pixels();
  }

  /** RGB, or null where the decoder hands on. */
  private byte[] decode(JpegHeader header) {
    RgbCollector collector = new RgbCollector();
    boolean decoded = turbo.decode(header, collector);
    header.source.gate().close();
    return decoded ? collector.image().pixels() : null;
  }
}
