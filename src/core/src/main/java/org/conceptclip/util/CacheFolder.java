package org.conceptclip.util;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * The folder of this user's caches, one for everything that is kept: {@code $CONCEPTCLIP_CACHE}, or else {@code conceptclip} under
 * {@code $XDG_CACHE_HOME} or {@code ~/.cache}.
 *
 * <p>What is kept lies in folders of it that are this user's alone, because code is loaded from there: each must be a folder (a symbolic
 * link is rejected), belong to this user or to root, and be writable by nobody else. (The folders above it are the user's choice and are
 * not checked.) One that others can write is deleted and made again with mode 0700. Thread-safe; several processes may do so at once.
 */
public final class CacheFolder {
  /** The environment variable that names the folder of caches. */
  public static final String VARIABLE = "CONCEPTCLIP_CACHE";

  static final FileAttribute<?> OWNER_ONLY = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

  private static final int MODE_OF_TYPE = 0170000;
  private static final int FOLDER = 0040000;
  private static final int WRITABLE_BY_OTHERS = 0022;
  private static final int ALL_BUT_OWNERS = MODE_OF_TYPE | 0077;

  private CacheFolder() {}

  /**
   * The folder, which need not exist.
   *
   * @throws IOException with a message of one line if the user has no place for caches
   */
  public static Path location() throws IOException {
    return location(System.getenv(), System.getProperty("user.home"));
  }

  static Path location(Map<String, String> environment, String home) throws IOException {
    String named = environment.getOrDefault(VARIABLE, "");
    if (!named.isEmpty()) {
      return path(VARIABLE, named).toAbsolutePath();
    }
    String xdg = environment.getOrDefault("XDG_CACHE_HOME", "");
    // The specification of the variable says to ignore a relative path.
    if (xdg.startsWith("/")) {
      return path("XDG_CACHE_HOME", xdg).resolve("conceptclip");
    }
    if (!home.startsWith("/")) { // the JVM says "?" for a user without HOME who is not in the system's list of users
      throw new IOException("the user has no home, user.home is " + OneLine.of(home));
    }
    return path("user.home", home).resolve(".cache/conceptclip");
  }

  private static Path path(String name, String value) throws IOException {
    if (value.indexOf('\uFFFD') >= 0) {
      throw new IOException(name + " holds characters that the locale does not have; set LC_ALL=C.UTF-8");
    }
    try {
      return Path.of(value);
    } catch (InvalidPathException e) {
      throw new IOException(name + " is no path: " + OneLine.of(e.getMessage()), e);
    }
  }

  /** Whether the user named the folder. */
  static boolean isNamed() {
    return !System.getenv().getOrDefault(VARIABLE, "").isEmpty();
  }

  /**
   * A folder of the cache, made if it is absent, if nobody but this user (and root) can have written to it.
   *
   * @throws IOException with a message that says why it cannot be used
   */
  public static Path privateFolder(String name) throws IOException {
    Path folder = location().resolve(name);
    Files.createDirectories(folder.getParent(), OWNER_ONLY);
    createFolder(folder);
    if (isWritableByOthers(folder)) {
      replace(folder);
      if (isWritableByOthers(folder)) {
        throw new IOException(folder + ": others can write to it, and its file system does not keep mode 0700");
      }
    }
    return folder;
  }

  /**
   * A fresh folder of random name, this user's alone, under {@code java.io.tmpdir}.
   *
   * @param lasting whether it may be used as long as the process lives; others last for a moment, and are deleted later if a process was
   *     killed in it
   */
  static Path temporaryFolder(boolean lasting) throws IOException {
    // Not Files.createTempDirectory: a temporary folder that is no path would fail it with an error of its class, at every later call.
    Path temporary = path("java.io.tmpdir", System.getProperty("java.io.tmpdir"));
    if (lasting) {
      return Files.createDirectory(temporary.resolve("conceptclip" + UUID.randomUUID()), OWNER_ONLY);
    }
    Path made = Files.createDirectory(temporary.resolve("conceptclip-" + WholeFile.passing(temporary, "lib").getFileName()), OWNER_ONLY);
    try (DirectoryStream<Path> others = Files.newDirectoryStream(temporary, "conceptclip-*.lib")) {
      int self = attribute(made, "uid");
      for (Path other : others) {
        // Another user's folder could change while it is deleted.
        boolean ours = attribute(other, "uid") == self && (attribute(other, "mode") & ALL_BUT_OWNERS) == FOLDER;
        if (ours && WholeFile.isAbandoned(other.getFileName().toString().substring("conceptclip-".length()))) {
          deleteTree(other);
        }
      }
    } catch (IOException | DirectoryIteratorException e) {
      // Somebody else deletes it as well, or the folder cannot be listed: nothing depends on it.
    }
    return made;
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

  /** Makes a folder, unless it is there and belongs to this user or to root. */
  static void createFolder(Path folder) throws IOException {
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

  /** Deletes a folder with all that is in it; that it is gone already is no failure. */
  static void deleteTree(Path root) throws IOException {
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
