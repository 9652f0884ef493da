package org.conceptclip.bench.throughput;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.conceptclip.bench.Checkout;
import org.conceptclip.bench.Gpu;
import org.conceptclip.bench.Machine;

/**
 * When and where a row was measured.
 *
 * @param date ISO 8601, UTC
 * @param commit of the measured sources; "+" at its end when the tree had changes
 * @param machine where; figures compare only between equal ones
 * @param gpu that computed; {@code null} when the CPU computed, or an emulated device
 */
public record Origin(String date, String commit, Machine machine, Gpu gpu) {

  /**
   * Here and now.
   *
   * @param backend that computes, by its short name: the GPU is looked at for {@code cuda} alone
   */
  public static Origin now(String backend) {
    return new Origin(Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(), Checkout.commit(), Machine.current(),
        backend.equals("cuda") ? Gpu.current().orElse(null) : null);
  }

  /** Whether figures of the two may be compared. */
  boolean comparable(Origin other) {
    return machine.equals(other.machine) && device().equals(other.device());
  }

  private String device() {
    return gpu == null ? "" : gpu.board();
  }
}
