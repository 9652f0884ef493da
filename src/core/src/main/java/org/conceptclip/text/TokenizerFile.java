package org.conceptclip.text;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.OneLine;
import org.conceptclip.util.TextBytes;

/** The text of a tokenizer's file: bounded, UTF-8, and what it is expected to be. */
final class TokenizerFile {
  /** Bytes of a file. The largest WordPiece vocabularies in use, of half a million tokens, take 10 MB. */
  static final int LARGEST = 32 << 20;

  private static final String POINTER = "version https://git-lfs";

  private TokenizerFile() {}

  /**
   * Reads a file whole.
   *
   * @throws BadInputException if it cannot be read, is no regular file or is larger than {@link #LARGEST}
   */
  static byte[] read(Path file) {
    if (Files.exists(file) && !Files.isRegularFile(file)) { // a named pipe would have to be waited for
      throw new BadInputException(file + ": cannot be read: " + (Files.isDirectory(file) ? "a folder" : "not a regular file"));
    }
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(LARGEST + 1);
      if (bytes.length > LARGEST) {
        throw new BadInputException(file + ": larger than " + (LARGEST >> 20) + " MiB, expected the file of a tokenizer");
      }
      return bytes;
    } catch (IOException e) {
      throw new BadInputException(file + ": cannot be read: " + OneLine.of(e.toString()), e);
    }
  }

  /**
   * Decodes a file and tells what is often found in its place: the pointer that git leaves where large files were not fetched, or the page
   * that a server sent instead.
   *
   * @param file what messages call it
   */
  static String text(String file, byte[] bytes) {
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new BadInputException(file + ": not UTF-8 text", e);
    }
    if (text.startsWith(POINTER)) {
      throw new BadInputException(file + ": a pointer of git-lfs, expected the file that it stands for; fetch it with git lfs pull");
    }
    String start = text.substring(0, Math.min(text.length(), 200)).stripLeading();
    if (start.regionMatches(true, 0, "<!doctype html", 0, 14) || start.regionMatches(true, 0, "<html", 0, 5)) {
      throw new BadInputException(file + ": a web page, expected the file of a tokenizer; download the file itself");
    }
    return text;
  }

  /** {@link #text} without the byte-order mark that some editors put in front of it. In JSON it stands for nothing. */
  static String json(String file, byte[] bytes) {
    return TextBytes.withoutMark(text(file, bytes));
  }
}
