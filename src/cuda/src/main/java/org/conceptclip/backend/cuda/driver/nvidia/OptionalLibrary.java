package org.conceptclip.backend.cuda.driver.nvidia;

import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.conceptclip.backend.DeviceException.Kind;
import org.conceptclip.backend.cuda.driver.CudaException;
import org.conceptclip.util.Closer;

/**
 * A library of a driver's device, looked for and loaded when somebody first asks for it: a program that computes with our own kernels alone
 * needs neither the library nor JavaCPP. Whether there is one is decided once. Thread-safe; the context must be current.
 *
 * @param <T> the library, opened
 */
final class OptionalLibrary<T extends AutoCloseable> implements AutoCloseable {
  /**
   * Why there is no library.
   *
   * @param reason one line
   * @param notable whether a user should be told: there is one, and it cannot be used
   */
  record Absence(String reason, boolean notable) {}

  private final String name;
  private final Supplier<Optional<Absence>> load;
  private final Supplier<T> start;
  private final Consumer<String> notices;
  private T openOrNull;
  private String absenceOrNull;

  /**
   * @param name for messages
   * @param load finds the library and loads it, or says why there is none
   * @param start starts the loaded library on the device
   * @param notices gets a line when there is a library and it cannot be used; none where there is none
   */
  OptionalLibrary(String name, Supplier<Optional<Absence>> load, Supplier<T> start, Consumer<String> notices) {
    this.name = name;
    this.load = load;
    this.start = start;
    this.notices = notices;
  }

  /** Why there is none, in one line; empty when there is one, which is then open. */
  synchronized Optional<String> absence() {
    if (!isDecided()) {
      open();
    }
    return Optional.ofNullable(absenceOrNull);
  }

  /**
   * The library, opened.
   *
   * @param call that needs it, for the message
   * @throws CudaException of kind FAILED if there is none, with the reason; of any kind if it does not start on the device
   */
  synchronized T require(String call) {
    absence().ifPresent(absence -> {
      throw new CudaException(Kind.FAILED, call, "no " + name, absence);
    });
    return openOrNull;
  }

  /** Whether somebody asked for it and it is there. */
  synchronized boolean isOpen() {
    return openOrNull != null;
  }

  /** Whether {@link #absence} can be answered without a call of CUDA. */
  synchronized boolean isDecided() {
    return openOrNull != null || absenceOrNull != null;
  }

  private void open() {
    Absence absence = load.get().orElse(null);
    if (absence != null) {
      absenceOrNull = absence.reason();
      if (absence.notable()) {
        notices.accept(name + " is not used: " + absenceOrNull);
      }
      return;
    }
    CudaBindings.libraryOpened();
    try {
      openOrNull = start.get();
    } catch (RuntimeException e) {
      CudaBindings.libraryClosed();
      throw e;
    }
  }

  @Override
  public synchronized void close() {
    if (openOrNull == null) {
      return;
    }
    try (Closer owned = new Closer()) {
      owned.own(CudaBindings::libraryClosed);
      owned.own(openOrNull);
      openOrNull = null;
    }
  }
}
