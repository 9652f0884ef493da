package org.conceptclip.results;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.FileNames;
import org.conceptclip.util.OneLine;
import org.conceptclip.util.Sha256;
import org.conceptclip.util.TargetFile;

/**
 * Keeps what a model computed as it comes, so that a run that was ended goes on where it stopped.
 *
 * <p>A run that is under way has {@value #PART}: a line of JSON with the facts that its results depend on, and then a line an item, its key
 * and its result, parted by a tab. A line that a kill cut off has no end and is dropped. A run that is complete has {@value #RECORD}: the
 * same facts, and the keys of the rows of each file with the file's hash, so that results are not taken for what they are not.
 *
 * <p>Not thread-safe. Two processes cannot keep a run in the same folder: the file is locked.
 */
public final class RunStore implements AutoCloseable {
  /** Name of the file of a run that is under way. */
  public static final String PART = "scores.part";
  /** Name of the file of a run that is complete. */
  public static final String RECORD = "run.json";

  private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();
  private static final int LONGEST_SHOWN = 120;

  private final Path file;
  private final FileChannel channel;

  private RunStore(Path file, FileChannel channel) {
    this.file = file;
    this.channel = channel;
  }

  /**
   * What a folder holds of a run.
   *
   * @param folder where it lies
   * @param facts what its results depend on, by name
   * @param kept results by key, of a run that is under way; empty of a complete one, whose files hold them
   * @param files of a complete run, by name
   */
  public record Stored(Path folder, SequencedMap<String, String> facts, SequencedMap<String, String> kept, Map<String, StoredFile> files) {
    /** Whether all results are in files. */
    public boolean complete() {
      return !files.isEmpty();
    }

    /**
     * Fails unless these facts are those of the stored run. Facts of only one of the two do not matter.
     *
     * @throws BadInputException that says what differs and what to do, in one line
     */
    public void requireSame(Map<String, String> others) {
      List<String> different = new ArrayList<>();
      others.forEach((name, value) -> {
        String stored = facts.get(name);
        if (stored != null && !stored.equals(value)) {
          different.add(name + " " + OneLine.of(stored, LONGEST_SHOWN) + ", now " + OneLine.of(value, LONGEST_SHOWN));
        }
      });
      if (!different.isEmpty()) {
        throw new BadInputException(FileNames.inMessage(folder) + ": holds " + (complete() ? "a run" : "an unfinished run") + " of "
            + String.join("; of ", different) + "; expected the same, or --force, which starts anew here (another --out keeps both)");
      }
    }

    /**
     * The keys of the rows of a file of a complete run.
     *
     * @throws BadInputException if the file is not the one that the run wrote
     */
    public List<String> keys(String name) {
      StoredFile stored = files.get(name);
      if (stored == null) {
        return List.of();
      }
      String found = hash(folder.resolve(name));
      if (!found.equals(stored.sha256())) {
        throw new BadInputException(FileNames.inMessage(folder.resolve(name)) + ": was changed since the run that wrote it,"
            + " expected the same content; --from-scores evaluates it as it is, --force starts anew");
      }
      return stored.keys();
    }
  }

  /** @param keys of its rows, in their order */
  public record StoredFile(List<String> keys, String sha256) {}

  /**
   * What a folder holds of a run; empty if there is none.
   *
   * @throws BadInputException if the files of a run are damaged
   */
  public static Optional<Stored> find(Path folder) {
    try {
      Path part = folder.resolve(PART);
      long valid = Files.exists(part) ? wholeLines(part) : 0;
      if (valid > 0) {
        return Optional.of(readPart(folder, part, valid));
      }
      Path record = folder.resolve(RECORD);
      return Files.exists(record) ? Optional.of(readRecord(folder, record)) : Optional.empty();
    } catch (IOException e) {
      throw new BadInputException(FileNames.inMessage(folder) + ": the run in it cannot be read (" + e.getMessage()
          + "), expected files that eval wrote; --force starts anew", e);
    }
  }

  /** Length of a file up to the end of its last whole line. */
  private static long wholeLines(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file)) {
      ByteBuffer bytes = ByteBuffer.allocate(1 << 16);
      for (long end = channel.size(); end > 0;) {
        long begin = Math.max(0, end - bytes.capacity());
        bytes.clear().limit((int) (end - begin));
        while (bytes.hasRemaining() && channel.read(bytes, begin + bytes.position()) >= 0) {
          // until the piece is there
        }
        for (int i = bytes.position() - 1; i >= 0; i--) {
          if (bytes.get(i) == '\n') {
            return begin + i + 1;
          }
        }
        end = begin;
      }
      return 0;
    }
  }

  private static Stored readPart(Path folder, Path part, long valid) throws IOException {
    SequencedMap<String, String> kept = new LinkedHashMap<>();
    try (BufferedReader lines = Files.newBufferedReader(part)) {
      String head = lines.readLine();
      long at = head.getBytes(StandardCharsets.UTF_8).length + 1L;
      SequencedMap<String, String> facts = facts(part, head);
      while (at < valid) {
        String line = lines.readLine();
        int tab = line.indexOf('\t');
        if (tab < 1) {
          throw damaged(part, null);
        }
        kept.put(line.substring(0, tab), line.substring(tab + 1));
        at += line.getBytes(StandardCharsets.UTF_8).length + 1L;
      }
      return new Stored(folder, facts, kept, Map.of());
    }
  }

  private static SequencedMap<String, String> facts(Path file, String json) {
    try {
      return facts(JsonParser.parseString(json).getAsJsonObject().getAsJsonObject("facts"));
    } catch (JsonParseException | IllegalStateException | NullPointerException e) {
      throw damaged(file, e);
    }
  }

  private static SequencedMap<String, String> facts(JsonObject object) {
    SequencedMap<String, String> facts = new LinkedHashMap<>();
    object.asMap().forEach((name, value) -> facts.put(name, value.getAsString()));
    return facts;
  }

  private static BadInputException damaged(Path file, Exception causeOrNull) {
    return new BadInputException(FileNames.inMessage(file) + ": damaged, expected what eval wrote; --force starts anew", causeOrNull);
  }

  private static Stored readRecord(Path folder, Path record) throws IOException {
    try {
      JsonObject root = JsonParser.parseString(Files.readString(record)).getAsJsonObject();
      Map<String, StoredFile> files = new LinkedHashMap<>();
      for (Map.Entry<String, JsonElement> file : root.getAsJsonObject("files").entrySet()) {
        JsonObject content = file.getValue().getAsJsonObject();
        List<String> keys = content.getAsJsonArray("rows").asList().stream().map(JsonElement::getAsString).toList();
        files.put(file.getKey(), new StoredFile(keys, content.get("sha256").getAsString()));
      }
      return new Stored(folder, facts(root.getAsJsonObject("facts")), new LinkedHashMap<>(), files);
    } catch (JsonParseException | IllegalStateException | NullPointerException | ClassCastException e) {
      throw damaged(record, e);
    }
  }

  /**
   * Begins a run, or goes on with one. The caller closes the store.
   *
   * @param kept results that are there already
   * @throws BadInputException if the folder cannot be written to, or another process keeps a run in it
   */
  public static RunStore begin(Path folder, SequencedMap<String, String> facts, Map<String, String> kept) {
    Path file = folder.resolve(PART);
    FileChannel channel = null;
    try {
      channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.READ);
      if (!locked(channel)) {
        throw new BadInputException(FileNames.inMessage(file) + ": another process is writing it, expected one run at a time in a folder");
      }
      long valid = wholeLines(file);
      channel.truncate(valid).position(valid);
      RunStore store = new RunStore(file, channel);
      if (valid == 0) {
        JsonObject head = new JsonObject();
        head.add("facts", GSON.toJsonTree(facts));
        StringBuilder text = new StringBuilder(GSON.toJson(head)).append('\n');
        kept.forEach((key, result) -> text.append(key).append('\t').append(result).append('\n'));
        store.write(text.toString());
      }
      return store;
    } catch (IOException e) {
      close(channel, e);
      throw unwritable(file, e);
    } catch (RuntimeException | Error failure) {
      close(channel, failure);
      throw failure;
    }
  }

  private static boolean locked(FileChannel channel) throws IOException {
    try {
      return channel.tryLock() != null;
    } catch (OverlappingFileLockException e) {
      return false;
    }
  }

  private static void close(FileChannel channelOrNull, Throwable failure) {
    try {
      if (channelOrNull != null) {
        channelOrNull.close();
      }
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }

  /** Keeps a result. It is with the system when this returns, so the end of this process does not lose it. */
  public void add(String key, String result) {
    try {
      write(key + '\t' + result + '\n');
    } catch (IOException e) {
      throw unwritable(file, e);
    }
  }

  private void write(String text) throws IOException {
    TargetFile.writeAll(channel, ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
  }

  private static BadInputException unwritable(Path file, IOException failure) {
    return new BadInputException(FileNames.inMessage(file) + ": cannot be written (" + failure.getMessage()
        + "), expected a place to write to", failure);
  }

  /**
   * Ends a run, all of whose files are written: records them, and takes away what was kept on the way.
   *
   * @param rows keys of the rows of each file, by its name
   */
  public static void complete(Path folder, Map<String, String> facts, Map<String, List<String>> rows) throws IOException {
    JsonObject files = new JsonObject();
    rows.forEach((name, keys) -> {
      JsonArray array = new JsonArray();
      keys.forEach(array::add);
      JsonObject content = new JsonObject();
      content.addProperty("sha256", hash(folder.resolve(name)));
      content.add("rows", array);
      files.add(name, content);
    });
    JsonObject root = new JsonObject();
    root.add("facts", GSON.toJsonTree(facts));
    root.add("files", files);
    TargetFile.write(folder.resolve(RECORD), (GSON.toJson(root) + "\n").getBytes(StandardCharsets.UTF_8));
    Files.deleteIfExists(folder.resolve(PART));
  }

  /** Forgets a run; files of results stay until they are replaced. */
  public static void forget(Path folder) throws IOException {
    Files.deleteIfExists(folder.resolve(PART));
    Files.deleteIfExists(folder.resolve(RECORD));
  }

  /** SHA-256 of a file, in hexadecimal digits. */
  public static String hash(Path file) {
    try {
      return HexFormat.of().formatHex(Sha256.of(file));
    } catch (IOException e) {
      throw new BadInputException(FileNames.inMessage(file) + ": cannot be read (" + e.getMessage() + "), expected a file", e);
    }
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw unwritable(file, e);
    }
  }
}
