package org.conceptclip.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
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
    boolean rare = header.colour().components == 4;
    assertEquals(!rare, NativeJpeg.takes(header));
    if (!rare) {
      byte[] pixels = decode(file, header);
      assertNotNull(pixels, "libtiff remarked something");
      assertEquals(fixture.crc32(), ImageFixtures.crc32(pixels));
    }
    assertEquals(fixture.crc32(), ImageFixtures.crc32(byJdk(file, header)), "by the JDK");
  }

  @Test
  void decodesRealFigures() throws IOException {
    Path sample = Path.of("../shared/data/pmc-sample");
    assumeTrue(Files.isDirectory(sample), "no sample of real figures at " + sample.toAbsolutePath());
    for (String line : new String(ImageFixtures.bytes("pmc-sample.txt")).lines().toList()) {
      String[] fields = line.split(" ");
      byte[] file = Files.readAllBytes(sample.resolve(fields[0]));
      assertEquals(fields[3], ImageFixtures.crc32(decode(file, header(file))), fields[0]);
      assertEquals(fields[3], ImageFixtures.crc32(byJdk(file, header(file))), fields[0] + " by the JDK");
    }
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
      if (!NativeJpeg.takes(header) || (long) header.width() * header.height() > 4_000_000) {
        continue;
      }
      byte[] pixels = decode(mutant, header);
      if (pixels == null) {
        handedOn++;
        continue;
      }
      accepted++;
      byte[] expected = byJdk(mutant, header);
      assertEquals(expected.length, pixels.length);
      equal += Arrays.equals(expected, pixels) ? 1 : 0;
    }
    assertTrue(accepted > MUTATIONS / 20 && handedOn > MUTATIONS / 20, accepted + " accepted, " + handedOn + " handed on");
    assertTrue(equal > 0.85 * accepted, equal + " of " + accepted + " equal");
  }

  @Test
  void leavesFilesWithoutTheirHuffmanTables() {
    byte[] file = ImageFixtures.bytes("rgb_420.jpg");
    assertTrue(NativeJpeg.takes(header(file)));
    for (int at = 2; (file[at + 1] & 0xff) != 0xda; at += 2 + ((file[at + 2] & 0xff) << 8 | file[at + 3] & 0xff)) {
      if ((file[at + 1] & 0xff) == 0xc4) {
        byte[] without = file.clone();
        // A comment in its place.
        without[at + 1] = (byte) 0xfe;
        assertFalse(NativeJpeg.takes(header(without)), "without the table at byte " + at);
      }
    }
  }

  @Test
  void handsOnWhateverTheLibraryRemarks() {
    byte[] file = ImageFixtures.bytes("rgb_420.jpg");
    JpegHeader header = header(file);
    byte[] cut = file.clone();
    // An end marker in the middle of the code: libjpeg fills up with grey and warns.
    int middle = (header.codeStart() + file.length) / 2;
    cut[middle] = (byte) 0xff;
    cut[middle + 1] = (byte) 0xd9;
    assertNull(decode(cut, header));
    assertNotNull(decode(file, header), "a complaint about one file outlived it");
  }

  @Test
  void givesBackWhatAHugePictureTook() {
    byte[] file = ImageFixtures.bytes("grey.jpg");
    byte[] huge = file.clone();
    JpegHeader small = header(file);
    // 30,000 x 1000 grey pixels announced over a picture of 37 x 29: the code ends early, the memory has been asked for.
    huge[small.frame() + 5] = (byte) (1000 >> 8);
    huge[small.frame() + 6] = (byte) 1000;
    huge[small.frame() + 7] = (byte) (30_000 >> 8);
    huge[small.frame() + 8] = (byte) 30_000;
    assertNull(decode(huge, header(huge)));
    assertTrue(turbo.scratchBytes() >= 30_000_000, turbo.scratchBytes() + " bytes");
    turbo.trim();
    assertTrue(turbo.scratchBytes() <= 2 * NativeJpeg.KEPT_BYTES, turbo.scratchBytes() + " bytes");
    assertNotNull(decode(file, small));
    long settled = turbo.scratchBytes();
    turbo.trim();
    assertEquals(settled, turbo.scratchBytes(), "small pictures allocate once");
  }

  private static JpegHeader header(byte[] file) {
    return JpegHeader.read(file, file.length, "file", DecodeLimits.DEFAULT);
  }

  private static byte[] byJdk(byte[] file, JpegHeader header) throws IOException {
    return new JpegDecoder(file, "file", DecodeLimits.DEFAULT).decodeByJdk(header).pixels();
  }

  /** RGB, or null where the decoder hands on. */
  private byte[] decode(byte[] file, JpegHeader header) {
    MemorySegment pixels = turbo.decode(file, file.length, header);
    if (pixels == null) {
      return null;
    }
    byte[] samples = pixels.toArray(ValueLayout.JAVA_BYTE);
    return header.colour() == JpegHeader.Colour.GREY ? JpegColour.greyToRgb(samples) : samples;
  }
}
