package org.conceptclip.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What decoding leaves behind: little garbage, no state, no memory of a huge picture. */
@Timeout(180)
class PixelDecoderMemoryTest {
  private static final int SIZE = 384;
  private static final int MOST_GARBAGE_BYTES = 64 << 10;

  @TempDir Path folder;

  @Test
  void leavesLittleGarbage() throws IOException {
    for (String format : List.of("jpeg", "png")) {
      byte[] file = picture(1024, 1024, BufferedImage.TYPE_3BYTE_BGR, format);
      assertLittleGarbage(file, format);
      assertLittleGarbage(picture(1024, 1024, BufferedImage.TYPE_BYTE_GRAY, format), "grey " + format);
    }
  }

  private void assertLittleGarbage(byte[] file, String what) throws IOException {
    Path onDisk = Files.write(folder.resolve("picture"), file);
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    try (PixelDecoder decoder = new PixelDecoder(DecodeLimits.DEFAULT); Arena arena = Arena.ofConfined()) {
      MemorySegment target = arena.allocate(PixelDecoder.bytes(SIZE));
      List<Runnable> calls = List.of(
          () -> decoder.decodeInto(file, what, SIZE, target, 0),
          () -> decoder.decodeInto(onDisk, SIZE, target, 0));
      for (int call = 0; call < calls.size(); call++) {
        for (int i = 0; i < 5; i++) {
          calls.get(call).run();
        }
        int runs = 20;
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < runs; i++) {
          calls.get(call).run();
        }
        long bytes = (threads.getCurrentThreadAllocatedBytes() - before) / runs;
        assertTrue(bytes < MOST_GARBAGE_BYTES, bytes + " bytes for each " + what + ", way " + call);
      }
    }
  }

  @Test
  void oneDecoderServesAllFilesInAnyOrder() {
    List<ImageFixtures.Fixture> files = new ArrayList<>(ImageDecoderTest.accepted().toList());
    ImageDecoder separate = new ImageDecoder(DecodeLimits.DEFAULT);
    Random random = new Random(7);
    try (PixelDecoder decoder = new PixelDecoder(DecodeLimits.DEFAULT)) {
      for (int size : new int[] {40, 7, 40, 111}) {
        Collections.shuffle(files, random);
        for (ImageFixtures.Fixture fixture : files) {
          byte[] file = ImageFixtures.bytes(fixture.file());
          byte[] found = new byte[size * size * 3];
          // By way of the buffer that still holds the end of a longer file.
          decoder.decodeInto(file, fixture.file(), size, MemorySegment.ofArray(found), 0);
          assertArrayEquals(
              Preprocessor.resize(separate.decode(file, fixture.file()), size, size), found, fixture + " to " + size);
        }
      }
    }
  }

  @Test
  void givesBackTheMemoryOfHugePictures() throws IOException {
    int kept = PixelDecoder.KEPT_BYTES;
    byte[] jpeg = picture(2600, 2300, BufferedImage.TYPE_3BYTE_BGR, "jpeg");
    byte[] png = picture(2600, 2300, BufferedImage.TYPE_3BYTE_BGR, "png");
    assertTrue(2600 * 2300 * 3 > kept);
    byte[] longFile = Arrays.copyOf(ImageFixtures.bytes("rgb_420.jpg"), kept + 1000);
    Path wide = Files.write(folder.resolve("wide.png"), picture(300_000, 2, BufferedImage.TYPE_3BYTE_BGR, "png"));
    byte[] target = new byte[SIZE * SIZE * 3];
    PixelDecoder decoder = new PixelDecoder(DecodeLimits.DEFAULT);
    try (decoder) {
      byte[] usual = picture(512, 512, BufferedImage.TYPE_3BYTE_BGR, "jpeg");
      decode(decoder, usual, target);
      byte[] expected = target.clone();
      long settled = decoder.scratchBytes();
      assertTrue(settled > 512 * 512 * 3 && settled < 8 << 20, settled + " bytes");
      for (byte[] huge : List.of(jpeg, png, longFile)) {
        decode(decoder, huge, target);
        assertTrue(decoder.scratchBytes() < kept, decoder.scratchBytes() + " bytes");
      }
      decoder.decodeInto(wide, SIZE, MemorySegment.ofArray(target), 0);
      assertTrue(decoder.scratchBytes() < kept, decoder.scratchBytes() + " bytes");
      decode(decoder, usual, target);
      assertArrayEquals(expected, target);
    }
    assertEquals(0, decoder.scratchBytes());
  }

  @Test
  void pngWorkspacesKeepNoLongRows() {
    try (PngWorkspace workspace = new PngWorkspace()) {
      workspace.row.atLeast(900_000);
      workspace.rowAbove.atLeast(900_000);
      assertTrue(workspace.bytes() >= 1_800_000);
      workspace.trim();
      assertEquals(0, workspace.bytes());
      workspace.row.atLeast(900);
      workspace.rowAbove.atLeast(900);
      int kept = workspace.bytes();
      assertTrue(kept >= 1800 && kept <= 1 << 20, kept + " bytes");
      workspace.trim();
      assertEquals(kept, workspace.bytes());
    }
  }

  /** The first row of each pass is filtered against zeros, whatever row the picture before, or the pass before, ended with. */
  @Test
  void pngRowsBeginBlank() throws IOException {
    byte[] target = new byte[SIZE * SIZE * 3];
    for (String file : List.of("rgb8.png", "rgb8_adam7.png", "rgb_3x1_adam7.png", "grey8_adam7.png")) {
      byte[] expected = Preprocessor.resize(new ImageDecoder(DecodeLimits.DEFAULT).decode(ImageFixtures.bytes(file), file), SIZE, SIZE);
      try (PixelDecoder decoder = new PixelDecoder(DecodeLimits.DEFAULT)) {
        decode(decoder, ImageFixtures.bytes("rgba16.png"), target);
        decode(decoder, ImageFixtures.bytes(file), target);
        assertArrayEquals(expected, target, file);
      }
    }
  }

  /** Through the decoder's own buffer, which the file itself would not need. */
  private void decode(PixelDecoder decoder, byte[] file, byte[] target) throws IOException {
    decoder.decodeInto(Files.write(folder.resolve("file"), file), SIZE, MemorySegment.ofArray(target), 0);
  }

  /** A picture with something in it: waves, and noise in the lower half. */
  private static byte[] picture(int width, int height, int type, String format) throws IOException {
    BufferedImage image = new BufferedImage(width, height, type);
    Random random = new Random(3);
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        int wave = (int) (127 + 100 * Math.sin(x * 0.01 + y * 0.02));
        int noise = y > height / 2 ? random.nextInt(16) : 0;
        image.setRGB(x, y, wave + noise << 16 | (y * 255 / height) << 8 | 255 - wave);
      }
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    assertTrue(ImageIO.write(image, format, bytes));
    return bytes.toByteArray();
  }
}
