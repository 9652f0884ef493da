package org.conceptclip.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.conceptclip.tensor.BadInputException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Damaged files of every format: a picture or one clear refusal, nothing else, in bounded time; from both decoders the same.
 */
class ImageFuzzTest {
  private static final int MUTATIONS_PER_FORMAT = 1500;
  private static final int PIXELS_SIZE = 10;

  /** Limits the memory that a mutated header may ask for, not what is tested. */
  private static final DecodeLimits LIMITS = DecodeLimits.DEFAULT.withMaxPixels(4_000_000);

  private final ImageDecoder decoder = new ImageDecoder(LIMITS);
  private final PixelDecoder pixelDecoder = new PixelDecoder(LIMITS);
  private final byte[] pixels = new byte[PIXELS_SIZE * PIXELS_SIZE * 3];

  @AfterEach
  void close() {
    pixelDecoder.close();
  }

  @ParameterizedTest
  @EnumSource(ImageFormat.class)
  void survivesMutations(ImageFormat format) {
    List<ImageFixtures.Fixture> fixtures = ImageFixtures.all().stream()
        .filter(fixture -> fixture.crc32() != null && ImageFixtures.source(ImageFixtures.bytes(fixture.file())).format() == format)
        .toList();
    assertTrue(fixtures.size() >= 7, format + " has " + fixtures.size() + " fixtures");
    SplittableRandom random = new SplittableRandom(20_240_917 + format.ordinal());
    assertTimeoutPreemptively(Duration.ofSeconds(120), () -> {
      int refused = 0;
      for (int i = 0; i < MUTATIONS_PER_FORMAT; i++) {
        ImageFixtures.Fixture fixture = fixtures.get(i % fixtures.size());
        byte[] mutant = mutate(ImageFixtures.bytes(fixture.file()), random);
        refused += attempt(mutant, fixture.file() + " mutation " + i) ? 0 : 1;
      }
      assertTrue(refused > MUTATIONS_PER_FORMAT / 10, "only " + refused + " mutants of " + format + " were refused");
    });
  }

  /** Decodes, and fails unless the outcome is a picture or a refusal in one line. */
  private boolean attempt(byte[] mutant, String name) {
    try {
      RgbImage image = decoder.decode(mutant, name);
      assertEquals((long) image.width() * image.height() * 3, image.pixels().length);
      pixelDecoder.decodeInto(mutant, name, PIXELS_SIZE, MemorySegment.ofArray(pixels), 0);
      assertArrayEquals(Preprocessor.resize(image, PIXELS_SIZE, PIXELS_SIZE), pixels, name);
      return true;
    } catch (BadInputException e) {
      assertEquals(e.getMessage(), assertThrows(BadInputException.class,
          () -> pixelDecoder.decodeInto(mutant, name, PIXELS_SIZE, MemorySegment.ofArray(pixels), 0)).getMessage());
      assertTrue(e.getMessage().startsWith(name + ": ") && e.getMessage().chars().noneMatch(Character::isISOControl),
          e.getMessage());
      return false;
    } catch (Throwable e) {
      return fail(name + " ended in " + e, e);
    }
  }

  static byte[] mutate(byte[] original, SplittableRandom random) {
    byte[] mutant = original.clone();
    switch (random.nextInt(5)) {
      case 0 -> mutant = Arrays.copyOf(mutant, random.nextInt(mutant.length));
      case 1 -> flip(mutant, random, mutant.length, 1);
      case 2 -> flip(mutant, random, Math.min(mutant.length, 64), 2);
      case 3 -> flip(mutant, random, mutant.length, 1 + random.nextInt(20));
      default -> {
        // Four equal bytes: lengths, sizes, counts and offsets at their extremes.
        int at = random.nextInt(Math.min(mutant.length, 300));
        Arrays.fill(mutant, at, Math.min(at + 4, mutant.length), new byte[] {0, -1, 0x7f, 1}[random.nextInt(4)]);
      }
    }
    return mutant;
  }

  private static void flip(byte[] bytes, SplittableRandom random, int range, int count) {
    for (int i = 0; i < count; i++) {
      bytes[random.nextInt(range)] = (byte) random.nextInt();
    }
  }

  /** Files that stand for far more than their bytes, so that what limits them is damaged, too. */
  @Test
  void survivesMutatedHostileFiles() {
    DecodeMemory memory = DecodeLimits.DEFAULT.memory();
    List<byte[]> originals = List.of(
        HostileImages.png(900, 900, 1, 0, false), HostileImages.png(400, 400, 8, 3, true),
        HostileImages.gif(900, 900, 700, 700, false), HostileImages.gif(400, 400, 400, 400, true),
        HostileImages.gifWith(20, new byte[] {'!', (byte) 0xfe, 1, 'x', 0}),
        HostileImages.baseline(500, 500, new int[] {0x22, 0x11, 0x11}, -1),
        HostileImages.baseline(300, 300, new int[] {0x31, 0x11, 0x11}, -1),
        HostileImages.baseline(300, 300, new int[] {0x11, 0x11, 0x11, 0x11}, -1),
        HostileImages.progressive(200, 200, 3, 12), HostileImages.progressive(300, 300, 1, 60),
        HostileImages.jpegWith(5, 0xfe, new byte[10]));
    SplittableRandom random = new SplittableRandom(20_261_128);
    assertTimeoutPreemptively(Duration.ofSeconds(60), () -> {
      for (int i = 0; i < 500; i++) {
        byte[] mutant = mutate(originals.get(i % originals.size()), random);
        attempt(i % 2 == 0 ? mutant : PngChunks.withRightChecksums(mutant), "hostile mutation " + i);
        assertEquals(0, memory.leasedHeapBytes() + memory.leasedNativeBytes(), "leases after mutation " + i);
      }
    });
  }

  /** The PNG checksums stop most mutants early: these carry right ones. */
  @Test
  void survivesMutatedPngChunksWithRightChecksums() {
    SplittableRandom random = new SplittableRandom(5);
    for (String file : List.of("rgb8.png", "palette4_adam7.png", "grey_alpha16.png", "palette_short.png")) {
      for (int i = 0; i < 300; i++) {
        byte[] mutant = ImageFixtures.bytes(file);
        flip(mutant, random, mutant.length, 1 + random.nextInt(3));
        attempt(PngChunks.withRightChecksums(mutant), file + " mutation " + i);
      }
    }
  }
}
