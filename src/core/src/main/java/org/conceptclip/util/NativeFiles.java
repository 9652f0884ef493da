package org.conceptclip.util;

import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.JarURLConnection;
import java.net.URL;
import java.net.URLConnection;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.zip.CRC32;
import java.util.zip.CheckedInputStream;

/**
 * Native libraries of jars, unpacked to files that the system can load, in the folder {@code native} of the user's {@link CacheFolder},
 * where nobody else can have put code. Files are kept for later processes, in a folder whose name holds the CRC-32 of their content in the
 * jar; if they are there already, the file system may be read-only.
 *
 * <p>A file that was damaged there is unpacked anew. Whoever writes to a file changes its time of modification, so a whole file has a time
 * that follows from its content: one that has another is read through and compared. (Reading every file at every start would cost some 30
 * ms for the 90 MB of oneDNN.) A file that the system does not load is compared as well, whatever its time.
 *
 * <p>Where the default folder cannot be used, or libraries in it cannot be loaded (a file system that forbids execution), the files go to a
 * fresh folder of random name and mode 0700 under {@code java.io.tmpdir}, which is deleted after loading: a loaded library does not need
 * its file any more. A {@code $CONCEPTCLIP_CACHE} that cannot be used is an error. Several threads, class loaders and processes may unpack
 * at once; what one that was killed left behind is deleted by a later one.
 */
public final class NativeFiles implements AutoCloseable {
  /** From this moment on, in seconds, the times of modification count that stand for contents: long ago, on every file system. */
  private static final long FIRST_MARK_SECONDS = 978_307_200; // 2001

  private static final int MARKS_SECONDS = 0x1FFFFFFF; // 17 years

  /** A resource: its place, file name, size in bytes and CRC-32. */
  private record Content(URL url, String name, long bytes, long crc) {
    FileTime mark() {
      return FileTime.fromMillis(1000 * (FIRST_MARK_SECONDS + (crc & MARKS_SECONDS)));
    }
  }

  /** Loads a library. */
  @FunctionalInterface
  public interface Loading<T> {
    /** @throws UnsatisfiedLinkError if the system does not load the file */
    T from(Path file);
  }

  private final Path last;
  private final Path temporaryOrNull;

  private NativeFiles(Path last, Path temporaryOrNull) {
    this.last = last;
    this.temporaryOrNull = temporaryOrNull;
  }

  /**
   * Unpacks resources to one folder, unless they lie there already, and loads the last of them.
   *
   * @param name of the library, for the folder and for messages
   * @param near a class whose class loader finds the resources
   * @param resources names as {@link ClassLoader#getResource} takes them
   * @return what {@code loading} returned
   * @throws IOException with a message of one line if a resource is missing or no folder can be used
   * @throws UnsatisfiedLinkError with a message of one line if the system does not load the library
   */
  public static <T> T load(String name, Class<?> near, Loading<T> loading, String... resources) throws IOException {
    return load(name, contents(name, near, resources), loading);
  }

  private static <T> T load(String name, List<Content> contents, Loading<T> loading) throws IOException {
    StringBuilder version = new StringBuilder(name);
    contents.forEach(content -> version.append('-').append(Long.toHexString(content.crc)));
    UnsatisfiedLinkError problem;
    try (NativeFiles files = inPrivateFolder(name, false, root -> unpack(contents, root.resolve(version.toString())))) {
      try {
        return loading.from(files.last);
      } catch (UnsatisfiedLinkError e) {
        problem = e;
      }
      try {
        if (files.temporaryOrNull == null && unpackDamaged(contents, files.last.getParent())) {
          return loading.from(files.last);
        }
      } catch (IOException | UnsatisfiedLinkError e) {
        problem.addSuppressed(e);
      }
      if (files.temporaryOrNull == null && !CacheFolder.isNamed() && mayNotExecute(problem)) {
        try (NativeFiles others = inTemporaryFolder(false, folder -> unpack(contents, folder))) {
          return loading.from(others.last);
        } catch (IOException | UnsatisfiedLinkError e) {
          problem.addSuppressed(e);
        }
      }
    }
    UnsatisfiedLinkError told = new UnsatisfiedLinkError(reason(problem));
    told.initCause(problem);
    throw told;
  }

  /** Whether the system's refusal looks like that of a file system that forbids execution. */
  private static boolean mayNotExecute(UnsatisfiedLinkError failure) {
    String reason = String.valueOf(failure.getMessage());
    return reason.contains("failed to map segment") || reason.contains("not permitted") || reason.contains("ermission denied");
  }

  /** Why the system did not load an unpacked file, in one line. Says what to do if the file system forbids execution. */
  public static String reason(UnsatisfiedLinkError failure) {
    String reason = OneLine.of(failure.getMessage(), 1000).replaceFirst("^(.+): \\1: ", "$1: "); // the JVM names the file twice
    String advice = "; mounted noexec (then set " + CacheFolder.VARIABLE + " to a folder that may execute), or short of address space?";
    return reason + (mayNotExecute(failure) && !reason.endsWith(advice) ? advice : "");
  }

  /**
   * A private folder, as the last file, for a library that unpacks itself. {@link #close()} deletes a temporary one, but not the private
   * folder around it, in which the library may make it again.
   *
   * @throws IOException with a message of one line if no folder can be used
   */
  public static NativeFiles folder(String name) throws IOException {
    NativeFiles files = inPrivateFolder(name, true, root -> {
      Path folder = root.resolve(name);
      CacheFolder.createFolder(folder);
      return folder;
    });
    if (files.temporaryOrNull == null) {
      return files;
    }
    files.temporaryOrNull.toFile().deleteOnExit();
    return new NativeFiles(files.last, files.last);
  }

  /** The file of the last resource; the others lie beside it. */
  public Path last() {
    return last;
  }

  /** Deletes what is not kept for later processes. Libraries must be loaded before. */
  @Override
  public void close() throws IOException {
    if (temporaryOrNull != null) {
      CacheFolder.deleteTree(temporaryOrNull);
    }
  }

  private interface Unpacking {
    Path into(Path folder) throws IOException;
  }

  private static NativeFiles inPrivateFolder(String name, boolean lasting, Unpacking unpacking) throws IOException {
    IOException problem;
    try {
      return new NativeFiles(unpacking.into(CacheFolder.privateFolder("native")), null);
    } catch (IOException e) {
      if (CacheFolder.isNamed()) {
        throw new IOException("cannot unpack " + name + " to " + OneLine.of(System.getenv(CacheFolder.VARIABLE)) + "/native ("
            + CacheFolder.VARIABLE + "): " + reason(e), e);
      }
      problem = e;
    }
    try {
      return inTemporaryFolder(lasting, unpacking);
    } catch (IOException e) {
      e.addSuppressed(problem);
      throw new IOException("cannot unpack " + name + ": neither to the cache (" + reason(problem) + ") nor to java.io.tmpdir ("
          + reason(e) + "); set " + CacheFolder.VARIABLE + " to a folder that can be written", e);
    }
  }

  private static NativeFiles inTemporaryFolder(boolean lasting, Unpacking unpacking) throws IOException {
    Path folder = CacheFolder.temporaryFolder(lasting);
    try {
      return new NativeFiles(unpacking.into(folder), folder);
    } catch (IOException | RuntimeException | Error e) {
      CacheFolder.deleteTree(folder);
      throw e;
    }
  }

  /** The file system's exceptions name their kind by their class alone. */
  private static String reason(IOException failure) {
    return OneLine.of(switch (failure) {
      case AccessDeniedException e -> e.getFile() + ": permission denied";
      case NoSuchFileException e -> e.getFile() + ": no such folder";
      case FileAlreadyExistsException e -> e.getFile() + ": not a folder";
      case FileSystemException e -> e.getFile() + ": " + e.getReason();
      default -> failure.getClass() == IOException.class ? failure.getMessage() : failure.toString();
    });
  }

  private static List<Content> contents(String name, Class<?> near, String... resources) throws IOException {
    List<Content> contents = new ArrayList<>();
    for (String resource : resources) {
      contents.add(content(name, near.getClassLoader(), resource));
    }
    return contents;
  }

  private static Content content(String library, ClassLoader loader, String resource) throws IOException {
    URL url = loader.getResource(resource);
    if (url == null) {
      throw new IOException("the class path lacks /" + resource + " (" + library + ")");
    }
    String name = resource.substring(resource.lastIndexOf('/') + 1);
    URLConnection connection = uncached(url);
    if (connection instanceof JarURLConnection jar) {
      try (JarFile file = jar.getJarFile()) {
        JarEntry entry = file.getJarEntry(jar.getEntryName());
        if (entry != null && entry.getCrc() >= 0 && entry.getSize() >= 0) {
          return new Content(url, name, entry.getSize(), entry.getCrc());
        }
      }
    }
    try (CheckedInputStream in = new CheckedInputStream(uncached(url).getInputStream(), new CRC32())) {
      long bytes = in.skip(Long.MAX_VALUE);
      return new Content(url, name, bytes, in.getChecksum().getValue());
    }
  }

  /** A cached connection would keep the jar open after its class loader was closed. */
  private static URLConnection uncached(URL url) throws IOException {
    URLConnection connection = url.openConnection();
    connection.setUseCaches(false);
    return connection;
  }

  /** Returns the last of the files. */
  private static Path unpack(List<Content> contents, Path folder) throws IOException {
    CacheFolder.createFolder(folder);
    WholeFile.sweep(folder);
    for (Content content : contents) {
      Path target = folder.resolve(content.name);
      boolean there = Files.isRegularFile(target, LinkOption.NOFOLLOW_LINKS) && Files.size(target) == content.bytes;
      if (!there || !(Files.getLastModifiedTime(target).equals(content.mark()) || isWhole(target, content))) {
        unpack(content, target);
      }
    }
    return folder.resolve(contents.getLast().name);
  }

  private static void unpack(Content content, Path target) throws IOException {
    WholeFile.write(target, out -> {
      try (CheckedInputStream in = new CheckedInputStream(uncached(content.url).getInputStream(), new CRC32())) {
        if (in.transferTo(out) != content.bytes || in.getChecksum().getValue() != content.crc) {
          throw new IOException(content.url + ": damaged, or replaced while it was read");
        }
      }
    }, content.mark());
  }

  /** Whether a file has its content, by reading it; then it is marked so. */
  private static boolean isWhole(Path file, Content content) throws IOException {
    try (InputStream bytes = new FileInputStream(file.toFile()); CheckedInputStream in = new CheckedInputStream(bytes, new CRC32())) {
      if (in.transferTo(OutputStream.nullOutputStream()) != content.bytes || in.getChecksum().getValue() != content.crc) {
        return false;
      }
    }
    try {
      Files.setLastModifiedTime(file, content.mark());
    } catch (IOException e) {
      // A file system that can only be read: the next start reads the file again.
    }
    return true;
  }

  /** Unpacks anew what lies in a folder and is damaged, whatever its mark. Returns whether there was such a file. */
  private static boolean unpackDamaged(List<Content> contents, Path folder) throws IOException {
    boolean damaged = false;
    for (Content content : contents) {
      Path target = folder.resolve(content.name);
      if (!isWhole(target, content)) {
        unpack(content, target);
        damaged = true;
      }
    }
    return damaged;
  }
}
