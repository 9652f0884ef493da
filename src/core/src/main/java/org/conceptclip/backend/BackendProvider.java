package org.conceptclip.backend;

import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Starts one kind of backend. A module that brings a backend names its provider in {@code
 * META-INF/services/org.conceptclip.backend.BackendProvider}; {@link Backends#discovered} finds it there.
 *
 * <p>A provider is cheap to make: it loads native libraries and looks for devices only when it is asked to open or describe something.
 * Thread-safe.
 */
public interface BackendProvider {
  /** The backend's short name, which selects it. */
  String name();

  /**
   * The place of this backend among those that {@code auto} tries: the highest rank comes first. Empty for a backend that is only used
   * when it is named.
   */
  OptionalInt automaticRank();

  /** Whether the machine may have several devices of this kind, so that {@link BackendRequest#device} chooses one of them. */
  default boolean hasDevices() {
    return false;
  }

  /** The names of the {@link BackendRequest#options} that it accepts. */
  default Set<String> options() {
    return Set.of();
  }

  /**
   * Starts the backend. The caller closes it.
   *
   * @throws BackendUnavailableException if it cannot start on this machine; the message names the missing library or device
   * @throws UnsupportedRequestException if it cannot fulfil the request on any machine
   */
  Backend open(BackendRequest request);

  /** Whether the backend is usable on this machine, and if not, why. Starts it briefly, unless that takes long. */
  default Status probe(BackendRequest request) {
    try (Backend backend = open(request)) {
      return new Status(name(), true, backend.description());
    } catch (BackendUnavailableException | DeviceException e) {
      return new Status(name(), false, e.getMessage());
    } catch (LinkageError e) { // a library that it needs is not on the class path
      return new Status(name(), false, "cannot be loaded: " + e);
    }
  }

  /** Facts about the machine that concern this backend, by name: driver, libraries, devices. Empty if there are none. */
  default Map<String, String> facts(BackendRequest request) {
    return Map.of();
  }

  /**
   * One backend's state on this machine.
   *
   * @param detail the device that it would compute on, or why it is not usable
   */
  record Status(String name, boolean usable, String detail) {}
}
