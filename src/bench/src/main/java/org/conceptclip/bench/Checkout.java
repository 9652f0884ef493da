package org.conceptclip.bench;

import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The sources that this program was built from, found by the place of its jar. */
public final class Checkout {
  /** Set by a launcher that runs far from the checkout. */
  private static final String PROPERTY = "conceptclip.commit";

  private Checkout() {}

  /**
   * The closest folder above this program's jar or classes that has the peers' scripts: the checkout, or the unpacked GPU bundle. The
   * working directory when there is none.
   */
  public static Path root() {
    try {
      Path code = Path.of(Checkout.class.getProtectionDomain().getCodeSource().getLocation().toURI());
      for (Path folder = code; folder != null; folder = folder.getParent()) {
        if (Files.isDirectory(folder.resolve("bench/peers")) || Files.isRegularFile(folder.resolve("peers/torch_peer.py"))) {
          return folder;
        }
      }
      return Path.of("").toAbsolutePath();
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Where {@code bench/peers/prepare} puts the peers and their models. */
  public static Path work() {
    return root().resolve("bench").resolve("work");
  }

  /**
   * Short hash of the checkout's commit, with "+" when tracked files differ from it; the value of {@code -Dconceptclip.commit} if that is
   * given; "unknown" outside a checkout.
   */
  public static String commit() {
    return Known.COMMIT;
  }

  /**
   * Asked for once: a run must not start git between its rounds. Without optional locks, because {@code git status} otherwise writes the
   * index, and one that is ended meanwhile leaves its lock in the checkout.
   */
  private static final class Known {
    static final String COMMIT = Optional.ofNullable(System.getProperty(PROPERTY)).or(() -> fromGit(root().toString())).orElse("unknown");
  }

  private static Optional<String> fromGit(String root) {
    return Programs.output("git", "-C", root, "rev-parse", "--short=10", "HEAD")
        .flatMap(hash -> Programs.output("git", "--no-optional-locks", "-C", root, "status", "--porcelain", "--untracked-files=no")
            .map(changes -> changes.isEmpty() ? hash : hash + "+"));
  }
}
