package org.conceptclip.cli;

import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.conceptclip.util.FileNames;
import org.conceptclip.util.OneLine;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Arguments exactly as they were typed. The JVM decodes them by the locale: under {@code C}, or a locale that is named but not installed,
 * each byte outside ASCII becomes a replacement character, so that labels change without a word and files are not found. The system keeps
 * the bytes; they are read again as UTF-8, where a byte that is not UTF-8 has the form of {@link FileNames}, good for names of files only.
 */
final class Arguments {
  /** The arguments of this process, the JVM's own included, each ended by a zero byte. */
  static final Path COMMAND_LINE = Path.of("/proc/self/cmdline");

  private static final char REPLACEMENT = '\uFFFD';

  private Arguments() {}

  /**
   * The arguments as they were typed.
   *
   * @param decoded by the JVM
   * @param commandLine holds the bytes of the JVM's arguments, and of these as the last
   * @param encoding by which the JVM decoded them
   * @throws UsageException if one was changed on its way and its bytes cannot be had
   */
  static String[] exact(String[] decoded, Path commandLine, Charset encoding) {
    if (!changed(String.join("", decoded))) {
      return decoded;
    }
    List<byte[]> all = split(commandLine);
    String[] exact = decoded.clone();
    for (int i = 0; i < decoded.length; i++) {
      int from = all.size() - decoded.length + i;
      // The comparison tells whether these are the arguments of the command line: a program may call main with its own.
      if (changed(decoded[i]) && (from < 0 || !new String(all.get(from), encoding).equals(decoded[i]))) {
        throw new UsageException("argument " + (i + 1) + " (" + OneLine.of(decoded[i]) + ") holds characters that the locale, of encoding "
            + encoding + ", does not have; set LC_ALL=C.UTF-8");
      }
      if (changed(decoded[i])) {
        exact[i] = FileNames.decode(all.get(from));
      }
    }
    return exact;
  }

  private static boolean changed(String decoded) {
    return decoded.indexOf(REPLACEMENT) >= 0;
  }

  /** The rows of bytes between zeros; none if the file cannot be read. */
  private static List<byte[]> split(Path commandLine) {
    List<byte[]> rows = new ArrayList<>();
    try {
      byte[] bytes = Files.readAllBytes(commandLine);
      for (int from = 0, at = 0; at < bytes.length; at++) {
        if (bytes[at] == 0) {
          rows.add(Arrays.copyOfRange(bytes, from, at));
          from = at + 1;
        }
      }
    } catch (IOException e) {
      return List.of(); // a system without this file: the caller says what to set
    }
    return rows;
  }

  /** Converter of text that is no file name: refuses bytes that are not UTF-8. */
  static String text(String argument) {
    if (FileNames.isRaw(argument)) {
      throw new TypeConversionException(notText(argument));
    }
    return argument;
  }

  /** Why text cannot be used that {@link FileNames#isRaw} is true of, in one line. */
  static String notText(String argument) {
    return OneLine.quoted(argument) + " is not UTF-8, expected text in UTF-8";
  }

  /** The file that an argument names, whatever its bytes. */
  static Path path(String argument) {
    try {
      return FileNames.path(argument);
    } catch (InvalidPathException e) {
      throw new TypeConversionException(OneLine.quoted(argument) + " cannot be the name of a file: " + OneLine.of(e.getReason()));
    }
  }

  /** Converter of text that may name a file: a model, or {@code @FILE} with labels. {@link #path} or the library turns it into a path. */
  static final class MayNameFile implements ITypeConverter<String> {
    @Override
    public String convert(String argument) {
      return argument;
    }
  }
}
