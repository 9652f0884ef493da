package org.conceptclip.data;

import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.StandardCharsets;
import org.conceptclip.tensor.BadInputException;

/**
 * The characters of a UTF-8 file, without a byte-order mark. Bytes that are not UTF-8 and zero bytes are refused with their line, once
 * everything before them has been handed out; so is a row that is longer than memory should have to hold. Not thread-safe.
 */
final class StrictText extends Reader {
  /** Characters of a row, which a parser has in memory: a hundred times as many as those of a caption and its metadata. */
  static final int LONGEST_ROW = 4 << 20;
  private static final int BUFFER = 1 << 14;
  private static final byte[] BYTE_ORDER_MARK = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};

  private final String name;
  private final InputStream in;
  private final CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
  private final ByteBuffer bytes = ByteBuffer.allocate(BUFFER).flip();
  private final CharBuffer characters = CharBuffer.allocate(BUFFER).flip();
  private boolean begun;
  private boolean ended;
  private boolean malformed;
  private long line = 1;
  private long allowed = LONGEST_ROW;

  /** @param name of the file in messages. This object owns the stream */
  StrictText(String name, InputStream in) {
    this.name = name;
    this.in = in;
  }

  /** Begins a row, which may be of {@link #LONGEST_ROW} characters beside what a parser reads ahead. */
  void beginRow() {
    allowed = LONGEST_ROW;
  }

  @Override
  public int read(char[] target, int from, int length) throws IOException {
    if (!characters.hasRemaining() && !decode()) {
      return -1;
    }
    int count = 0;
    while (count < length && characters.hasRemaining() && characters.get(characters.position()) != 0) {
      char next = characters.get();
      target[from + count++] = next;
      line += next == '\n' ? 1 : 0;
    }
    if (count == 0 && length > 0) {
      throw refused("a zero byte, expected UTF-8 text (it is binary, or UTF-16)");
    }
    allowed -= count;
    if (allowed < -BUFFER) {
      throw refused("a row of more than " + LONGEST_ROW + " characters, expected less (does a quote not end?)");
    }
    return count;
  }

  private BadInputException refused(String reason) {
    return new BadInputException(name + ", line " + line + ": " + reason);
  }

  /** Decodes at least one character. False at the end. */
  private boolean decode() throws IOException {
    characters.clear();
    while (characters.position() == 0 && !malformed && !(ended && !bytes.hasRemaining())) {
      if (!ended) {
        fill();
      }
      malformed = decoder.decode(bytes, characters, ended).isError();
    }
    characters.flip();
    if (!characters.hasRemaining() && malformed) {
      throw refused("bytes that are not UTF-8, expected UTF-8 text (Latin-1 becomes so by: iconv -f LATIN1 -t UTF-8)");
    }
    return characters.hasRemaining();
  }

  private void fill() throws IOException {
    bytes.compact();
    // A character has up to four bytes.
    while (bytes.position() < 4 && !ended) {
      int count = in.read(bytes.array(), bytes.position(), bytes.remaining());
      ended = count < 0;
      bytes.position(bytes.position() + Math.max(0, count));
    }
    bytes.flip();
    if (!begun) {
      begun = true;
      skipMark();
    }
  }

  private void skipMark() {
    if (bytes.remaining() >= 2 && (bytes.getShort(0) == (short) 0xFEFF || bytes.getShort(0) == (short) 0xFFFE)) {
      throw new BadInputException(name + ": is UTF-16 text, expected UTF-8 (iconv -f UTF-16 -t UTF-8)");
    }
    if (bytes.remaining() >= 3 && bytes.slice(0, 3).equals(ByteBuffer.wrap(BYTE_ORDER_MARK))) {
      bytes.position(3);
    }
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
