package org.conceptclip.image;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import javax.imageio.plugins.jpeg.JPEGHuffmanTable;
import javax.imageio.stream.ImageInputStreamImpl;

/**
 * A JPEG file as the JDK's reader is to see it: without profiles, comments and thumbnails, marked to be decoded without colour transform,
 * and with the standard Huffman tables (ITU-T T.81, annex K) where motion JPEG omits them. Each read asks the gate, and hands out few
 * bytes: this is how a decode can be stopped that is busy with the scans of a progressive file.
 */
final class JpegStream extends ImageInputStreamImpl {
  /** Adobe's segment with colour transform 0: it makes a decoder return the components as they are stored. */
  private static final byte[] UNTRANSFORMED = {
    (byte) 0xff, (byte) 0xee, 0, 14, 'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, 0
  };

  /** 64 bytes can send a progressive decoder over two million blocks. In a sequential file each block takes 2 bits. */
  private static final int PROGRESSIVE_BYTES = 64;

  private static final int SEQUENTIAL_BYTES = 4096;

  private final DecodeGate gate;
  private final byte[] head;
  private final byte[] file;
  private final int codeStart;
  private final int most;
  private final long length;

  JpegStream(JpegHeader header) {
    this.gate = header.source.gate();
    this.file = header.source.bytes();
    this.codeStart = header.codeStart;
    this.head = head(header);
    this.length = (long) head.length + header.source.length() - codeStart;
    this.most = header.isProgressive() ? PROGRESSIVE_BYTES : SEQUENTIAL_BYTES;
  }

  /** What comes before the first scan. */
  private static byte[] head(JpegHeader header) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(0xff);
    out.write(JpegHeader.SOI);
    out.writeBytes(UNTRANSFORMED);
    if (header.lacksTables) {
      // In front, so that tables of the file take their place.
      writeTable(out, 0x00, JPEGHuffmanTable.StdDCLuminance);
      writeTable(out, 0x10, JPEGHuffmanTable.StdACLuminance);
      writeTable(out, 0x01, JPEGHuffmanTable.StdDCChrominance);
      writeTable(out, 0x11, JPEGHuffmanTable.StdACChrominance);
    }
    byte[] head = Arrays.copyOf(out.toByteArray(), out.size() + header.tableBytes);
    header.copyTables(MemorySegment.ofArray(head), out.size());
    return head;
  }

  /** {@code FFC4 [int16 length][class and identity, 4 bits each][16 counts][values]}. */
  private static void writeTable(ByteArrayOutputStream out, int identity, JPEGHuffmanTable table) {
    short[] lengths = table.getLengths();
    short[] values = table.getValues();
    out.write(0xff);
    out.write(0xc4);
    int size = 2 + 1 + 16 + values.length;
    out.write(size >> 8);
    out.write(size);
    out.write(identity);
    for (int bits = 0; bits < 16; bits++) {
      out.write(bits < lengths.length ? lengths[bits] : 0);
    }
    for (short value : values) {
      out.write(value);
    }
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] target, int offset, int count) throws IOException {
    checkClosed();
    gate.check();
    bitOffset = 0;
    if (streamPos >= length) {
      return -1;
    }
    boolean inHead = streamPos < head.length;
    long left = (inHead ? head.length : length) - streamPos;
    int taken = (int) Math.min(Math.min(count, most), left);
    if (inHead) {
      System.arraycopy(head, (int) streamPos, target, offset, taken);
    } else {
      System.arraycopy(file, (int) (codeStart + streamPos - head.length), target, offset, taken);
    }
    streamPos += taken;
    return taken;
  }

  @Override
  public long length() {
    return length;
  }
}
