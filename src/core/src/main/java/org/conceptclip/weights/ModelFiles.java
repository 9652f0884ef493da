package org.conceptclip.weights;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.OneLine;

/**
 * Checks that the files of a model folder are what their names say, before anything waits for them or reads much of them. A
 * download that went wrong leaves something else under the name: a pointer of git-lfs, a web page, an archive, nothing at all.
 */
public final class ModelFiles {
  /** So many bytes at the start of a file are enough for {@link #contentInstead}. */
  static final int HEAD_BYTES = 64;

  /** What to do with a checkpoint of PyTorch. */
  static final String CONVERT_ADVICE = "convert it in Python with safetensors.torch.save_file";

  private ModelFiles() {}

  /**
   * Refuses a path that is not a regular file. Opening a pipe would wait for its writer for ever, and a device may never end.
   *
   * @param expected what the file should be, with its article
   * @throws BadInputException if it is missing, a folder, a pipe or a device
   */
  public static void requireRegular(Path file, String expected) {
    String found;
    if (Files.isRegularFile(file)) {
      return;
    } else if (Files.isDirectory(file)) {
      found = "is a folder";
    } else if (Files.exists(file)) {
      found = "is a pipe or device";
    } else if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
      found = "is a link to a file that does not exist";
    } else {
      found = "no such file";
    }
    throw new BadInputException(file + ": " + found + ", expected " + expected);
  }

  /** Whether a file of this name is in the folder, whatever it is: also a link that leads nowhere, which reading then names. */
  public static boolean has(Path folder, String name) {
    return Files.exists(folder.resolve(name), LinkOption.NOFOLLOW_LINKS);
  }

  /**
   * The text of a file.
   *
   * @param most bytes that it may have
   * @param expected what the file should be, with its article
   * @throws BadInputException if it is no regular file, empty, too long, not UTF-8, or something else than text
   */
  public static String text(Path file, int most, String expected) {
    requireRegular(file, expected);
    byte[] bytes;
    try (InputStream in = Files.newInputStream(file)) {
      bytes = in.readNBytes(most + 1);
      if (bytes.length > most) {
        throw new BadInputException(
            file + ": " + Math.max(bytes.length, Files.size(file)) + " bytes, expected " + expected + " of at most " + most);
      }
    } catch (IOException e) {
      throw new BadInputException(file + ": " + reason(e) + ", expected " + expected, e);
    }
    refuseOtherContent(file, Arrays.copyOf(bytes, Math.min(bytes.length, HEAD_BYTES)), expected);
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new BadInputException(file + ": not valid UTF-8, expected " + expected, e);
    }
  }

  /**
   * Refuses a file that begins as something else does.
   *
   * @param head its first bytes, {@link #HEAD_BYTES} if it has as many
   */
  static void refuseOtherContent(Path file, byte[] head, String expected) {
    contentInstead(head).ifPresent(found -> {
      throw new BadInputException(file + ": " + found + ", expected " + expected);
    });
  }

  /** What content is that begins with these bytes, if it is a known kind of wrong content. */
  static Optional<String> contentInstead(byte[] head) {
    if (head.length == 0) {
      return Optional.of("is empty");
    }
    String text = new String(head, StandardCharsets.ISO_8859_1);
    String start = text.replaceFirst("^\u00ef\u00bb\u00bf", "").stripLeading().toLowerCase(Locale.ROOT);
    if (text.startsWith("version https://git-lfs.github.com/")) {
      return Optional.of("is a git-lfs pointer, not the file itself (run `git lfs pull` in its folder)");
    }
    if (start.startsWith("<!doctype") || start.startsWith("<html") || start.startsWith("<?xml") || start.startsWith("<head")) {
      return Optional.of("is a web page, not the file itself (download it again; the site may ask for a login or the raw file)");
    }
    if (text.startsWith("PK\3\4")) {
      return Optional.of("is a zip archive (a PyTorch checkpoint is one: " + CONVERT_ADVICE + ")");
    }
    if (text.startsWith("\u001f\u008b")) {
      return Optional.of("is compressed with gzip (unpack it)");
    }
    if (text.startsWith("\u0080") && head.length > 1 && head[1] >= 2 && head[1] <= 5) {
      return Optional.of("is a Python pickle, as old PyTorch checkpoints are (" + CONVERT_ADVICE + ")");
    }
    if (text.startsWith("\u0089HDF\r\n")) {
      return Optional.of("is an HDF5 file, as Keras writes");
    }
    return Optional.empty();
  }

  /** Why a file cannot be read, in a few words. */
  static String reason(IOException failure) {
    return switch (failure) {
      case NoSuchFileException none -> "no such file";
      case AccessDeniedException denied -> "not allowed to read it";
      default -> "cannot be read: " + OneLine.of(String.valueOf(failure.getMessage()));
    };
  }
}
