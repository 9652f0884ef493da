package org.conceptclip.util;

import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/**
 * File names as text and back, whatever their bytes and whatever the locale.
 *
 * <p>A name is a row of bytes, most often UTF-8. {@link Path#toString} and {@link Path#of} go by the encoding of the locale: under the
 * locale {@code C} they know ASCII alone, and nowhere do they bring back bytes that the encoding does not allow. Here a byte that is part
 * of no UTF-8 character is the code unit U+DC00 + byte, a lone surrogate, which cannot stem from valid UTF-8. So text that came from a name
 * leads to the file again; {@link OneLine} shows such units as {@code \xE9}. (Python calls this encoding surrogateescape.)
 */
public final class FileNames {
  private static final char REPLACEMENT = '\uFFFD';
  private static final char FIRST_RAW = '\uDC80';
  private static final char LAST_RAW = '\uDCFF';
  private static final int RAW = 0xDC00;

  /** Characters of a name that a message repeats: the longest path that Linux takes. */
  private static final int LONGEST_IN_MESSAGE = 4096;

  private FileNames() {}

  /** Bytes as text: UTF-8, with a lone surrogate for each byte that is not part of a character. */
  public static String decode(byte[] bytes) {
    CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder()
        .onMalformedInput(CodingErrorAction.REPORT).onUnmappableCharacter(CodingErrorAction.REPORT);
    ByteBuffer in = ByteBuffer.wrap(bytes);
    CharBuffer out = CharBuffer.allocate(bytes.length);
    for (CoderResult result = decoder.decode(in, out, true); result.isError(); result = decoder.decode(in, out, true)) {
      for (int i = 0; i < result.length(); i++) {
        out.put((char) (RAW + (in.get() & 0xFF)));
      }
      decoder.reset();
    }
    return out.flip().toString();
  }

  /** Whether text stands for bytes that are not UTF-8. */
  public static boolean isRaw(String text) {
    return text.codePoints().anyMatch(FileNames::isRaw);
  }

  /** Whether a code point, of text whose surrogate pairs are code points, stands for a byte that is not UTF-8. */
  static boolean isRaw(int codePoint) {
    return codePoint >= FIRST_RAW && codePoint <= LAST_RAW;
  }

  /** The byte as people read it, {@code \xE9}. */
  static String readable(int codePoint) {
    return String.format("\\x%02X", codePoint - RAW);
  }

  /**
   * The file of a name.
   *
   * @param name text of a user, or of {@link #text}
   * @throws InvalidPathException if it holds the character 0 or a surrogate that stands for no byte
   */
  public static Path path(String name) {
    if (name.indexOf('\0') >= 0) {
      throw new InvalidPathException(OneLine.of(name), "it holds the character 0");
    }
    if (!isRaw(name)) {
      try {
        return Path.of(name);
      } catch (InvalidPathException e) {
        // The locale has no encoding for it.
      }
    }
    // The path of an URI is taken byte by byte. It is absolute; a part of it need not be.
    StringBuilder uri = new StringBuilder("file:///");
    for (byte each : encode(name)) {
      uri.append(each == '/' ? "/" : String.format("%%%02X", each & 0xFF));
    }
    Path absolute = Path.of(URI.create(uri.toString()));
    return name.startsWith("/") ? absolute : absolute.subpath(0, absolute.getNameCount());
  }

  private static byte[] encode(String name) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    name.codePoints().forEach(codePoint -> {
      if (isRaw(codePoint)) {
        bytes.write(codePoint - RAW);
      } else if (codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE) {
        throw new InvalidPathException(OneLine.of(name), "half of a character");
      } else {
        bytes.writeBytes(Character.toString(codePoint).getBytes(StandardCharsets.UTF_8));
      }
    });
    return bytes.toByteArray();
  }

  /** The name of a file as text that {@link #path} takes back, the same in every locale. */
  public static String text(Path path) {
    String text = path.toString();
    if (text.indexOf(REPLACEMENT) < 0 || path.getFileSystem() != FileSystems.getDefault()) {
      return text;
    }
    StringBuilder names = new StringBuilder(path.isAbsolute() ? "/" : "");
    for (int i = 0; i < path.getNameCount(); i++) {
      // Below a folder that does not exist: the URI of a folder that does ends in a slash.
      String uri = Path.of("/dev/null").resolve(path.getName(i)).toUri().getRawPath();
      names.append(i == 0 ? "" : "/").append(decode(bytes(uri.substring("/dev/null/".length()))));
    }
    return names.toString();
  }

  private static byte[] bytes(String escaped) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int at = 0; at < escaped.length(); at++) {
      char next = escaped.charAt(at);
      if (next == '%') {
        bytes.write(Integer.parseInt(escaped, at + 1, at + 3, 16));
        at += 2;
      } else {
        bytes.write(next);
      }
    }
    return bytes.toByteArray();
  }

  /** The name of a file for people: bytes that are not UTF-8 as {@code \xE9}, all others as they are, also in every locale. */
  public static String readable(Path path) {
    String text = text(path);
    if (!isRaw(text)) {
      return text;
    }
    StringBuilder shown = new StringBuilder();
    text.codePoints().forEach(codePoint -> shown.append(isRaw(codePoint) ? readable(codePoint) : Character.toString(codePoint)));
    return shown.toString();
  }

  /** The name of a file in a message: as {@link #readable(Path)}, on one line, cut if it is longer than a path can be. */
  public static String inMessage(Path path) {
    return OneLine.of(readable(path), LONGEST_IN_MESSAGE);
  }
}
