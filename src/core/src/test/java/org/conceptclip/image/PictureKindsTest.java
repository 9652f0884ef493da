package org.conceptclip.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.conceptclip.tensor.BadInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Kinds of TIFF, BMP and WebP: what is refused is refused by its name, and where Pillow is left it is left as ADR 3 says. */
@Timeout(60)
class PictureKindsTest {
  private static final int MUTATIONS = 1500;

  private final ImageDecoder decoder = new ImageDecoder(DecodeLimits.DEFAULT);

  @ParameterizedTest
  @CsvSource({"6, old-style JPEG", "9, JBIG", "34661, JBIG", "32766, NeXT", "32771, CCITT in words", "32809, ThunderScan",
      "32908, PixarLog", "34712, JPEG 2000", "33003, JPEG 2000", "34676, SGILog", "34887, LERC", "34925, LZMA",
      "50000, zstd", "50001, WebP", "50002, JPEG XL",
      "0, 0", "65535, 65535"})
  void namesCompressionsOfTiff(int compression, String name) {
    byte[] file = TiffWriter.of(4, 4, 1, 1).compressed(compression, new byte[16]).file();
    assertEquals("a.tif: TIFF compression " + name + " is not supported, expected none, PackBits, LZW, Deflate, JPEG or CCITT; save the"
        + " picture with one of these", refusal(file, "a.tif"));
  }

  @Test
  void namesOtherKindsOfTiff() {
    assertRefused(TiffWriter.of(4, 4, 1, 1).shorts(TiffTags.PREDICTOR, 3).compressed(8, HostileTiffBmpWebp.deflated(16)),
        "TIFF of the predictor of floating-point samples");
    assertRefused(TiffWriter.of(4, 4, 8, 3).segments(new byte[48]), "photometric kind 8, 3 samples of [8, 8, 8] bits");
    assertRefused(TiffWriter.of(4, 4, 1, 1).shorts(TiffTags.BITS, 16).segments(new byte[32]), "map deeper grey to 8 bits first");
    assertRefused(TiffWriter.of(4, 4, 6, 3).shorts(TiffTags.CHROMA_SUBSAMPLING, 3, 1).segments(new byte[80]),
        "chroma reduced by 3 and 1");
    assertRefused(TiffWriter.of(4, 4, 2, 3).shorts(TiffTags.BITS, 16, 16, 16).shorts(TiffTags.FILL_ORDER, 2).segments(new byte[96]),
        "reversed bits in samples of 16 bits");
    assertRefused(TiffWriter.of(4, 4, 1, 1).shorts(TiffTags.TILE_WIDTH, 16).shorts(TiffTags.TILE_HEIGHT, 16)
        .longs(TiffTags.STRIP_OFFSETS, 8).segments(new byte[256]), "strips as well as tiles");
  }

  @ParameterizedTest
  @CsvSource({"24, 4, JPEG", "24, 5, PNG", "24, 6, alpha bit field", "8, 2, RLE4", "2, 0, no", "32, 11, CMYK"})
  void namesKindsOfBmp(int bits, int compression, String name) {
    String message = refusal(HostileTiffBmpWebp.bmp(4, 4, bits, compression, new byte[64]), "a.bmp");
    assertTrue(message.startsWith("a.bmp: BMP of " + bits + " bits a pixel with " + name + " compression (" + compression + ") is not"),
        message);
  }

  @Test
  void namesHeadersAndPlacesOfBmp() {
    ByteBuffer file = ByteBuffer.wrap(HostileTiffBmpWebp.bmp(4, 4, 24, 0, new byte[64])).order(ByteOrder.LITTLE_ENDIAN);
    assertTrue(refusal(file.putInt(14, 41).array(), "a").contains("BMP of a header of 41 bytes is not supported"));
    assertTrue(refusal(file.putInt(14, 40).putInt(10, 30).array(), "a").contains("pixels at byte 30, inside the header"));
  }

  /** Pillow takes the first bytes of such planes as 8-bit samples. */
  @Test
  void readsPlanesOf16Bits() {
    byte[] samples = {1, 10, 2, 20, 3, 30, 4, 40};
    byte[] file = TiffWriter.of(4, 1, 2, 3).shorts(TiffTags.BITS, 16, 16, 16).shorts(TiffTags.PLANAR, 2)
        .segments(samples, samples, samples).file();
    assertArrayEquals(new byte[] {10, 10, 10, 20, 20, 20, 30, 30, 30, 40, 40, 40}, decoder.decode(file, "a").pixels());
  }

  /** Pillow takes the upper half of each component, which is 0. */
  @Test
  void readsColourMapsOfWritersThatForgotTheUpperHalf() {
    long[] map = new long[768];
    map[1] = 200;
    map[256 + 1] = 100;
    map[512 + 1] = 50;
    byte[] file = TiffWriter.of(1, 1, 3, 1).shorts(TiffTags.COLOUR_MAP, map).segments(new byte[] {1}).file();
    assertArrayEquals(new byte[] {(byte) 200, 100, 50}, decoder.decode(file, "a").pixels());
    map[0] = 256;
    byte[] deep = TiffWriter.of(1, 1, 3, 1).shorts(TiffTags.COLOUR_MAP, map).segments(new byte[] {1}).file();
    assertArrayEquals(new byte[3], decoder.decode(deep, "a").pixels());
  }

  /** Pillow ends such a move two bytes late, and drops the last pixel of an odd number of nibbles. */
  @Test
  void readsRunLengthsAsTheyAreDefined() {
    byte[] moved = HostileTiffBmpWebp.bmp(4, 2, 8, 1, new byte[] {2, 7, 0, 2, 1, 0, 1, 9, 0, 0, 0, 2, 0, 0, 4, 5, 0, 1});
    assertEquals(List.of(5, 5, 5, 5, 7, 7, 0, 9), greys(moved));
    byte[] odd = HostileTiffBmpWebp.bmp(3, 1, 4, 2, new byte[] {0, 3, 0x12, 0x30, 0, 1});
    assertEquals(List.of(1, 2, 3), greys(odd));
  }

  private List<Integer> greys(byte[] bmp) {
    ByteBuffer file = ByteBuffer.wrap(bmp).order(ByteOrder.LITTLE_ENDIAN);
    for (int index = 0; index < 1 << file.getShort(28); index++) {
      file.putInt(54 + 4 * index, index * 0x010101);
    }
    byte[] pixels = decoder.decode(bmp, "a").pixels();
    return IntStream.range(0, pixels.length / 3).mapToObj(i -> pixels[3 * i] & 0xff).toList();
  }

  /** The last strip of some writers is a JPEG as high as the others. */
  @Test
  void takesALastStripThatIsTooHigh() {
    byte[] jpeg = ImageFixtures.bytes("grey.jpg");
    RgbImage whole = decoder.decode(jpeg, "jpeg");
    byte[] file = TiffWriter.of(whole.width(), whole.height() + 5, 1, 1).longs(TiffTags.ROWS_PER_STRIP, whole.height())
        .compressed(7, jpeg, jpeg).file();
    byte[] pixels = decoder.decode(file, "tiff").pixels();
    int bytes = whole.pixels().length;
    assertArrayEquals(whole.pixels(), Arrays.copyOf(pixels, bytes));
    assertArrayEquals(Arrays.copyOf(whole.pixels(), pixels.length - bytes),
        Arrays.copyOfRange(pixels, bytes, pixels.length));
  }

  /** No decoder of these formats lets anything but its own refusal out, so that no message of a library reaches the user. */
  @ParameterizedTest
  @EnumSource(value = ImageFormat.class, names = {"TIFF", "BMP", "WEBP"})
  void mutationsEndInRowsOrARefusal(ImageFormat format) {
    List<byte[]> files = ImageFixtures.all().stream().filter(fixture -> fixture.crc32() != null).map(ImageFixtures.Fixture::file)
        .map(ImageFixtures::bytes).filter(bytes -> ImageFixtures.source(bytes).format() == format && bytes.length < 20_000).toList();
    SplittableRandom random = new SplittableRandom(11 + format.ordinal());
    DecodeMemory memory = new DecodeMemory(64 << 20, 64 << 20);
    DecodeLimits limits = DecodeLimits.DEFAULT.withMaxPixels(1_000_000).withTimeLimit(Duration.ofSeconds(10)).withMemory(memory);
    for (int i = 0; i < MUTATIONS; i++) {
      byte[] mutant = ImageFuzzTest.mutate(files.get(i % files.size()), random);
      try (DecodeGate gate = new DecodeGate("file", limits, DecodeCheckpoint.NONE)) {
        ImageSource source = ImageFormat.of(mutant, mutant.length) == format ? ImageSource.of(mutant, mutant.length, "file", gate) : null;
        if (source != null) {
          decode(source);
        }
      } catch (BadInputException e) {
        assertTrue(e.getMessage().startsWith("file: "), e.getMessage());
      } catch (RuntimeException e) {
        fail(format + " mutation " + i + " ended in " + e, e);
      }
      assertEquals(0, memory.leasedHeapBytes() + memory.leasedNativeBytes());
    }
  }

  private static void decode(ImageSource source) {
    RowSink sink = new RowSink() {
      @Override
      public void begin(int width, int height, int channels) {}

      @Override
      public void rows(MemorySegment rows, long from, int count) {}
    };
    switch (source.format()) {
      case TIFF -> TiffDecoder.decode(source, sink);
      case BMP -> BmpDecoder.decode(source, sink);
      default -> WebpDecoder.decode(source, sink);
    }
  }

  private void assertRefused(TiffWriter writer, String words) {
    String message = refusal(writer.file(), "a.tif");
    assertTrue(message.startsWith("a.tif: ") && message.contains(words), message);
  }

  private String refusal(byte[] file, String name) {
    return assertThrows(BadInputException.class, () -> decoder.decode(file, name)).getMessage();
  }
}
