package org.conceptclip.util;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;

/** UTF-8 text in bytes that people and programs wrote. */
public final class TextBytes {
  private static final char BYTE_ORDER_MARK = '\ufeff';

  private TextBytes() {}

  /** What is wrong with bytes that are not UTF-8 text: what was found, and what to do. The message needs the file's name in front. */
  public static final class NotTextException extends Exception {
    private static final long serialVersionUID = 1;

    NotTextException(String message) {
      super(message);
    }
  }

  /**
   * The text in UTF-8 bytes, without the byte-order mark that some editors put in front.
   *
   * @throws NotTextException if the bytes are UTF-16 or UTF-32, hold a zero byte, or are not UTF-8
   */
  public static String decode(byte[] bytes) throws NotTextException {
    requireNoWideText(bytes);
    CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
    ByteBuffer in = ByteBuffer.wrap(bytes);
    CharBuffer out = CharBuffer.allocate(bytes.length);
    CoderResult end = decoder.decode(in, out, true);
    if (end.isError()) {
      throw new NotTextException("line " + line(bytes, in.position()) + " holds bytes that are not UTF-8, expected UTF-8 text"
          + " (Latin-1 becomes so by: iconv -f LATIN1 -t UTF-8)");
    }
    return withoutMark(out.flip().toString());
  }

  /** The text without a byte-order mark at its beginning. */
  public static String withoutMark(String text) {
    return !text.isEmpty() && text.charAt(0) == BYTE_ORDER_MARK ? text.substring(1) : text;
  }

  private static void requireNoWideText(byte[] bytes) throws NotTextException {
    if (startsWith(bytes, 0xff, 0xfe) || startsWith(bytes, 0xfe, 0xff)) {
      String wide = startsWith(bytes, 0xff, 0xfe, 0, 0) ? "UTF-32" : "UTF-16";
      throw new NotTextException("is " + wide + " text, expected UTF-8 (iconv -f " + wide + " -t UTF-8)");
    }
    for (int i = 0; i < bytes.length; i++) {
      if (bytes[i] == 0) {
        throw new NotTextException("line " + line(bytes, i) + " holds a zero byte, expected UTF-8 text (it is binary, or UTF-16 without"
            + " a byte-order mark)");
      }
    }
  }

  private static boolean startsWith(byte[] bytes, int... beginning) {
    if (bytes.length < beginning.length) {
      return false;
    }
    for (int i = 0; i < beginning.length; i++) {
      if ((bytes[i] & 0xff) != beginning[i]) {
        return false;
      }
    }
    return true;
  }

  private static int line(byte[] bytes, int position) {
    int line = 1;
    for (int i = 0; i < position; i++) {
      if (bytes[i] == '\n') {
        line++;
      }
    }
    return line;
  }
}
