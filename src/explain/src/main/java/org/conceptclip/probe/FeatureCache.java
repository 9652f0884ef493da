package org.conceptclip.probe;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import org.conceptclip.util.OneLine;
import org.conceptclip.util.Sha256;
import org.conceptclip.util.TargetFile;
import org.conceptclip.util.WholeFile;

/**
 * Feature vectors of images on disk, by the SHA-256 of the image's file, for one model, preprocessing and way of computing: what was
 * computed once is read by later runs, whatever the file is called by then.
 *
 * <p>Each of these combinations has a folder, named by its hash: {@code about.txt} tells people what it is; {@code vectors} holds float32
 * vectors one after the other, {@code keys} for each of them 32 bytes of SHA-256 and 4 of a CRC-32C of the vector, both little-endian and
 * append-only. A vector is written before its key, so a process that is killed leaves a tail without a key, which the next one cuts off;
 * a vector whose checksum does not fit (a crash of the system, a damaged disk) counts as absent.
 *
 * <p>Several processes may read; the first one alone writes, and others compute what they miss without keeping it, and say so. A cache
 * never makes a run fail: when the disk does not do its part, a notice says so once, and nothing more is kept. An entry takes 36 bytes on
 * disk and about 130 in memory beside its vector. Thread-safe.
 */
public final class FeatureCache implements AutoCloseable {
  private static final int HASH_BYTES = 32;
  private static final int KEY_BYTES = HASH_BYTES + Integer.BYTES;
  private static final int KEYS_AT_ONCE = 1 << 14;

  /** A SHA-256 in full. */
  private record Key(long a, long b, long c, long d) {
    static Key of(ByteBuffer bytes) {
      return new Key(bytes.getLong(), bytes.getLong(), bytes.getLong(), bytes.getLong());
    }
  }

  private record Place(long number, int checksum) {}

  private final Path folder;
  private final int width;
  private final Consumer<String> notices;
  private final Map<Key, Place> places = new HashMap<>();
  private FileChannel keys;
  private FileChannel vectors;
  private FileChannel lockFile;
  private boolean writes;
  private long count;
  private long hits;

  private FeatureCache(Path folder, int width, Consumer<String> notices) {
    this.folder = folder;
    this.width = width;
    this.notices = notices;
  }

  /**
   * Opens the cache for what is computed now.
   *
   * @param root folder of all caches; made if it is absent
   * @param source model and preprocessing
   * @param computedBy backend and precision, in words: other words are another cache
   * @param width elements of a vector
   * @param notices receives a line for users if features are not kept
   */
  public static FeatureCache open(Path root, FeatureSource source, String computedBy, int width, Consumer<String> notices) {
    String about = "model " + source.model() + "\npreprocessing " + source.preprocessing() + "\ncomputed by " + OneLine.of(computedBy, 1000)
        + "\nfeatures " + width + "\n";
    String name = HexFormat.of().formatHex(Sha256.of(about.getBytes(StandardCharsets.UTF_8)), 0, 16);
    FeatureCache cache = new FeatureCache(root.resolve(name), width, notices);
    try {
      cache.open(about);
    } catch (IOException e) {
      cache.giveUp(e);
    }
    return cache;
  }

  private void open(String about) throws IOException {
    Files.createDirectories(folder);
    lockFile = FileChannel.open(folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    writes = isFirst(lockFile);
    if (!writes) {
      notices.accept("features: another process uses the cache " + folder + "; what it lacks is computed and not kept");
      if (!Files.exists(folder.resolve("keys")) || !Files.exists(folder.resolve("vectors"))) {
        return;
      }
    } else if (!Files.exists(folder.resolve("about.txt"))) {
      WholeFile.write(folder.resolve("about.txt"), out -> out.write(about.getBytes(StandardCharsets.UTF_8)));
    }
    StandardOpenOption[] how = writes
        ? new StandardOpenOption[] {StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE}
        : new StandardOpenOption[] {StandardOpenOption.READ};
    keys = FileChannel.open(folder.resolve("keys"), how);
    vectors = FileChannel.open(folder.resolve("vectors"), how);
    count = Math.min(keys.size() / KEY_BYTES, vectors.size() / vectorBytes());
    if (writes) {
      keys.truncate(count * KEY_BYTES);
      vectors.truncate(count * vectorBytes());
    }
    readKeys();
  }

  private static boolean isFirst(FileChannel file) throws IOException {
    try {
      FileLock lock = file.tryLock();
      return lock != null;
    } catch (OverlappingFileLockException e) {
      return false; // this process has it open already
    }
  }

  private void readKeys() throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(KEYS_AT_ONCE * KEY_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (long number = 0; number < count;) {
      bytes.clear().limit((int) Math.min(bytes.capacity(), (count - number) * KEY_BYTES));
      read(keys, number * KEY_BYTES, bytes);
      for (bytes.flip(); bytes.hasRemaining(); number++) {
        places.put(Key.of(bytes), new Place(number, bytes.getInt()));
      }
    }
  }

  /** The vector [width] of an image; null if there is none. */
  public synchronized float[] getOrNull(byte[] hash) {
    Place place = places.get(key(hash));
    if (place == null || vectors == null) {
      return null;
    }
    ByteBuffer bytes = ByteBuffer.allocate(vectorBytes()).order(ByteOrder.LITTLE_ENDIAN);
    try {
      read(vectors, place.number * vectorBytes(), bytes);
    } catch (IOException e) {
      giveUp(e);
      return null;
    }
    if (checksum(bytes.array()) != place.checksum) {
      return null;
    }
    float[] vector = new float[width];
    bytes.flip().asFloatBuffer().get(vector);
    hits++;
    return vector;
  }

  /** Keeps the vector [width] of an image. */
  public synchronized void put(byte[] hash, float[] vector) {
    if (vector.length != width) {
      throw new IllegalArgumentException("vector of " + vector.length + " elements, expected " + width);
    }
    if (!writes) {
      return;
    }
    ByteBuffer bytes = ByteBuffer.allocate(vectorBytes()).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(vector);
    int checksum = checksum(bytes.array());
    ByteBuffer entry = ByteBuffer.allocate(KEY_BYTES).order(ByteOrder.LITTLE_ENDIAN).put(hash).putInt(checksum).flip();
    try {
      vectors.position(count * vectorBytes());
      TargetFile.writeAll(vectors, bytes);
      keys.position(count * KEY_BYTES);
      TargetFile.writeAll(keys, entry);
      places.put(key(hash), new Place(count++, checksum));
    } catch (IOException e) {
      giveUp(e);
    }
  }

  /** How many vectors were found, so far. */
  public synchronized long hits() {
    return hits;
  }

  /** Number of images whose vectors are kept. */
  public synchronized int size() {
    return places.size();
  }

  /** Where the vectors are. */
  public Path folder() {
    return folder;
  }

  private void giveUp(IOException failure) {
    writes = false;
    places.clear();
    notices.accept("features are not kept in " + folder + " for later runs: " + OneLine.of(failure.getClass().getSimpleName() + " "
        + failure.getMessage()));
  }

  private int vectorBytes() {
    return width * Float.BYTES;
  }

  private static Key key(byte[] hash) {
    return Key.of(ByteBuffer.wrap(hash).order(ByteOrder.LITTLE_ENDIAN));
  }

  private static int checksum(byte[] bytes) {
    CRC32C sum = new CRC32C();
    sum.update(bytes);
    return (int) sum.getValue();
  }

  private static void read(FileChannel channel, long position, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      int got = channel.read(bytes, position);
      if (got < 0) {
        throw new IOException("ends at byte " + position);
      }
      position += got;
    }
  }

  @Override
  public synchronized void close() {
    writes = false;
    places.clear();
    for (FileChannel channel : new FileChannel[] {keys, vectors, lockFile}) {
      try {
        if (channel != null) {
          channel.close();
        }
      } catch (IOException e) {
        notices.accept("features: " + folder + " cannot be closed: " + OneLine.of(e.getMessage()));
      }
    }
  }
}
