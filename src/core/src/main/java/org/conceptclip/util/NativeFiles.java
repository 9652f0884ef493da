package org.conceptclip.util;

import java.io.FileOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.JarURLConnection;
import java.net.URL;
import java.net.URLConnection;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.CheckedInputStream;

/**
 * Native libraries of jars, unpacked to files that the system can load, in a folder that only this user can write.
 *
 * <p>The folder is {@code native} under {@code $CONCEPTCLIP_CACHE}, or else under {@code $XDG_CACHE_HOME/conceptclip} or
 * {@code ~/.cache/conceptclip}. It must be a folder (a symbolic link is rejected), belong to this user or to root, and be writable by
 * nobody else, so that nobody else can have put code there. (The folders above it are the user's choice and are not checked.) A folder that
 * others can write is deleted and made again with mode 0700. Files are kept for later processes, in a folder whose name holds the CRC-32 of
 * their content in the jar; if they are there already, the file system may be read-only.
 *
 * <p>Where the default folder cannot be used, the files go to a fresh folder of random name and mode 0700 under
 * {@code java.io.tmpdir}, which {@link #close()} deletes: a loaded library does not need its file any more. A
 * {@code $CONCEPTCLIP_CACHE} that cannot be used is an error. Several threads, class loaders and processes may unpack at once.
 */
public final class NativeFiles implements AutoCloseable {
  /** The environment variable that names the folder of caches. */
  public static final String VARIABLE = "CONCEPTCLIP_CACHE";

  private static final FileAttribute<?> OWNER_ONLY =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

  private static final int MODE_OF_TYPE = 0170000;
  private static final int FOLDER = 0040000;
  private static final int WRITABLE_BY_OTHERS = 0022;

  /** A resource: its place, file name, size in bytes and CRC-32. */
  private record Content(URL url, String name, long bytes, long crc) {}

  private final Path last;
  private final Path temporaryOrNull;

  private NativeFiles(Path last, Path temporaryOrNull) {
    this.last = last;
    this.temporaryOrNull = temporaryOrNull;
  }

  /**
   * Unpacks resources to one folder, unless they lie there already.
   *
   * @param name of the library, for the folder and for messages
   * @param near a class whose class loader finds the resources
   * @param resources names as {@link ClassLoader#getResource} takes them
   * @throws IOException with a message of one line if a resource is missing or no folder can be used
   */
  public static NativeFiles unpack(String name, Class<?> near, String... resources) throws IOException {
    List<Content> contents = new ArrayList<>();
    StringBuilder version = new StringBuilder(name);
    for (String resource : resources) {
      Content content = content(name, near.getClassLoader(), resource);
      contents.add(content);
      version.append('-').append(Long.toHexString(content.crc));
    }
    return inPrivateFolder(name, root -> unpack(contents, root.resolve(version.toString())));
  }

  /** Why the system did not load an unpacked file, in one line. Says what to do if the file system forbids execution. */
  public static String reason(UnsatisfiedLinkError failure) {
    String reason = OneLine.of(failure.getMessage(), 1000).replaceFirst("^(.+): \\1: ", "$1: "); // the JVM names the file twice
    return reason + (reason.contains("failed to map segment") ? "; mounted noexec? " + VARIABLE + " names another folder" : "");
  }

  /**
   * A private folder, as the last file, for a library that unpacks itself. {@link #close()} deletes a temporary one, but not the private
   * folder around it, in which the library may make it again.
   *
   * @throws IOException with a message of one line if no folder can be used
   */
  public static NativeFiles folder(String name) throws IOException {
    NativeFiles files = inPrivateFolder(name, root -> {
      Path folder = root.resolve(name);
      createFolder(folder);
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
      deleteTree(temporaryOrNull);
    }
  }

  private interface Unpacking {
    Path into(Path folder) throws IOException;
  }

  private static NativeFiles inPrivateFolder(String name, Unpacking unpacking) throws IOException {
    String explicit = System.getenv(VARIABLE);
    boolean named = explicit != null && !explicit.isEmpty();
    IOException problem;
    try {
      Path cache = named ? Path.of(explicit) : defaultCache();
      return new NativeFiles(unpacking.into(checked(cache.resolve("native"))), null);
    } catch (IOException e) {
      if (named) {
        throw new IOException(
            "cannot unpack " + name + " to " + Path.of(explicit, "native") + " (" + VARIABLE + "): " + reason(e), e);
      }
      problem = e;
    }
    try {
      return inTemporaryFolder(unpacking);
    } catch (IOException e) {
      e.addSuppressed(problem);
      throw new IOException("cannot unpack " + name + ": neither to the cache (" + reason(problem) + ") nor to java.io.tmpdir ("
          + reason(e) + "); set " + VARIABLE + " to a folder that can be written", e);
    }
  }

  private static NativeFiles inTemporaryFolder(Unpacking unpacking) throws IOException {
    Path folder = Files.createTempDirectory("conceptclip", OWNER_ONLY);
    try {
      return new NativeFiles(unpacking.into(folder), folder);
    } catch (IOException | RuntimeException | Error e) {
      deleteTree(folder);
      throw e;
    }
  }

  private static Path defaultCache() throws IOException {
    String xdg = System.getenv("XDG_CACHE_HOME");
    // The specification of the variable says to ignore a relative path.
    Path caches = xdg != null && xdg.startsWith("/") ? Path.of(xdg) : Path.of(System.getProperty("user.home"), ".cache");
    if (!caches.isAbsolute()) { // the JVM says "?" for a user who is not in the system's list of users
      throw new IOException("the user has no home, user.home is " + System.getProperty("user.home"));
    }
    return caches.resolve("conceptclip");
  }

  /** The file system's exceptions name their kind by their class alone. */
  private static String reason(IOException e) {
    return OneLine.of(e.getClass() == IOException.class ? e.getMessage() : e.toString());
  }

  /** The folder, made if it is absent, if nobody but this user (and root) can have written to it. */
  private static Path checked(Path folder) throws IOException {
    Files.createDirectories(folder.toAbsolutePath().getParent(), OWNER_ONLY);
    createFolder(folder);
    if (isWritableByOthers(folder)) {
      replace(folder);
      if (isWritableByOthers(folder)) {
        throw new IOException(folder + ": others can write to it, and its file system does not keep mode 0700");
      }
    }
    return folder;
  }

  /** Makes a folder anew, because whatever is in it may be somebody else's. Other processes may do the same, and use theirs at once. */
  private static void replace(Path folder) throws IOException {
    Path aside = folder.resolveSibling(UUID.randomUUID().toString());
    try {
      Files.move(folder, aside, StandardCopyOption.ATOMIC_MOVE);
      if (!isWritableByOthers(aside)) { // another process was faster: this is the new folder
        Files.move(aside, folder, StandardCopyOption.ATOMIC_MOVE);
        return;
      }
    } catch (NoSuchFileException e) {
      // Another process has moved the folder away and makes the new one.
    }
    createFolder(folder);
    try {
      deleteTree(aside);
    } catch (IOException e) {
      // Somebody else's folders in it cannot be deleted. Nothing is loaded from there.
    }
  }

  private static boolean isWritableByOthers(Path folder) throws IOException {
    return (attribute(folder, "mode") & WRITABLE_BY_OTHERS) != 0;
  }

  private static void createFolder(Path folder) throws IOException {
    try {
      Files.createDirectory(folder, OWNER_ONLY);
    } catch (FileAlreadyExistsException e) { // the usual case
      if ((attribute(folder, "mode") & MODE_OF_TYPE) != FOLDER) {
        throw new IOException(folder + ": not a folder (a symbolic link is not followed)");
      }
      int owner = attribute(folder, "uid");
      if (owner != 0 && owner != ownUid(folder)) {
        throw new IOException(folder + ": belongs to user " + owner + ", not to the user of this process");
      }
    }
  }

  private static int attribute(Path file, String name) throws IOException {
    return (int) Files.getAttribute(file, "unix:" + name, LinkOption.NOFOLLOW_LINKS);
  }

  /** The user as whom this process accesses files: Java has no call for it. */
  private static int ownUid(Path folder) throws IOException {
    Path status = Path.of("/proc/self/status");
    if (Files.exists(status)) {
      try (Stream<String> lines = Files.lines(status)) {
        String users = lines.filter(line -> line.startsWith("Uid:")).findFirst().orElseThrow();
        return Integer.parseUnsignedInt(users.split("\\s+")[4]); // after the real, the effective and the saved one
      }
    }
    // Systems other than Linux: the owner of a new file.
    Path probe = Files.createTempFile(folder, "owner", null);
    try {
      return attribute(probe, "uid");
    } finally {
      Files.delete(probe);
    }
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
    createFolder(folder);
    for (Content content : contents) {
      Path target = folder.resolve(content.name);
      if (Files.isRegularFile(target, LinkOption.NOFOLLOW_LINKS) && Files.size(target) == content.bytes) {
        continue;
      }
      // Written beside its place and renamed, so that no other process, nor one after a crash of the system, sees half a file.
      Path partial = Files.createTempFile(folder, content.name, ".part");
      try (CheckedInputStream in = new CheckedInputStream(uncached(content.url).getInputStream(), new CRC32());
          FileOutputStream out = new FileOutputStream(partial.toFile())) {
        if (in.transferTo(out) != content.bytes || in.getChecksum().getValue() != content.crc) {
          throw new IOException(content.url + ": damaged, or replaced while it was read");
        }
        out.getFD().sync();
        Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } finally {
        Files.deleteIfExists(partial);
      }
    }
    return folder.resolve(contents.getLast().name);
  }

  private static void deleteTree(Path root) throws IOException {
    try (Stream<Path> tree = Files.walk(root)) {
      for (Path file : tree.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (NoSuchFileException e) {
      // The system's cleaner of temporary files was here.
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }
}
