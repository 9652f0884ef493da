package org.conceptclip.backend.cuda;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import org.conceptclip.backend.cuda.driver.CudaDriver;
import org.conceptclip.util.Closer;

/**
 * Named pieces of device memory. Owns them. Not thread-safe.
 *
 * <p>The first request for a name, and any larger one later, gets a block of its own, because work with the old block may be under way.
 * {@link #settle} combines everything into one block with one piece per name: from then on, requests of known sizes allocate nothing.
 */
final class DeviceArena implements AutoCloseable {
  /** Alignment of CUDA's allocations, which kernels require of base addresses. */
  static final long ALIGNMENT = 256;

  private final CudaDriver driver;
  private final Map<String, Piece> pieces = new LinkedHashMap<>();
  private final List<Piece> loose = new ArrayList<>();
  private Piece blockOrNull;

  private record Piece(long address, long bytes) {}

  DeviceArena(CudaDriver driver) {
    this.driver = driver;
  }

  /**
   * Address of at least {@code bytes} bytes under this name. The content is undefined. An earlier address of the name stays
   * allocated until {@link #settle}.
   */
  long address(String name, long bytes) {
    Piece piece = pieces.get(name);
    if (piece == null || piece.bytes() < bytes) {
      piece = new Piece(driver.allocate(rounded(bytes)), rounded(bytes));
      loose.add(piece);
      pieces.put(name, piece);
    }
    return piece.address();
  }

  /**
   * Puts all pieces into one block. The device must be done with them; addresses change.
   *
   * @return whether anything moved
   * @throws org.conceptclip.backend.DeviceException if the block cannot be allocated; then nothing is held
   */
  boolean settle() {
    if (loose.isEmpty()) {
      return false;
    }
    List<Map.Entry<String, Piece>> plan = List.copyOf(pieces.entrySet());
    close();
    long bytes = plan.stream().mapToLong(entry -> entry.getValue().bytes()).sum();
    blockOrNull = new Piece(driver.allocate(bytes), bytes);
    long offset = 0;
    for (Map.Entry<String, Piece> entry : plan) {
      pieces.put(entry.getKey(), new Piece(blockOrNull.address() + offset, entry.getValue().bytes()));
      offset += entry.getValue().bytes();
    }
    return true;
  }

  /** Bytes of all blocks. */
  long bytes() {
    return loose.stream().mapToLong(Piece::bytes).sum() + (blockOrNull == null ? 0 : blockOrNull.bytes());
  }

  /** A printable table: name, bytes, and the offset in the settled block, or a note that the piece has a block of its own. */
  String describePlan() {
    StringJoiner lines = new StringJoiner("\n");
    pieces.forEach((name, piece) -> {
      String place = loose.contains(piece) ? "own block" : Long.toString(piece.address() - blockOrNull.address());
      lines.add(String.format("%-24s %14d bytes at %s", name, piece.bytes(), place));
    });
    return lines.add(String.format("%-24s %14d bytes", "in all", bytes())).toString();
  }

  static long rounded(long bytes) {
    return Math.max(1, Math.ceilDiv(bytes, ALIGNMENT)) * ALIGNMENT;
  }

  /** Frees everything; names are forgotten. */
  @Override
  public void close() {
    Closer owned = new Closer();
    if (blockOrNull != null) {
      loose.add(blockOrNull);
    }
    loose.forEach(piece -> owned.own(piece, () -> driver.free(piece.address())));
    loose.clear();
    blockOrNull = null;
    pieces.clear();
    owned.close();
  }
}
