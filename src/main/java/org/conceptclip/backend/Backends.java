package org.conceptclip.backend;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The backends of this build, as the command line sees them: by name. The composition root implements it. */
public interface Backends {
  /**
   * Starts a backend. The caller closes it.
   *
   * @throws org.conceptclip.backend.BackendUnavailableException if a backend that was asked for by name cannot start here
   * @throws UnsupportedRequestException if there is no such backend, or it does not compute in the precision that was asked for
   */
  Choice open(BackendRequest request);

  /**
   * Every backend, and why it is or is not usable here. Starts each for a moment.
   *
   * @param cudaLibraries folder of the CUDA libraries; empty for the usual places
   */
  List<Status> probe(Optional<Path> cudaLibraries);

  /**
   * What of CUDA this machine has, as facts for people: driver, libraries with their files and versions, devices.
   *
   * @param cudaLibraries folder of the CUDA libraries; empty for the usual places
   */
  Map<String, String> cuda(Optional<Path> cudaLibraries);

  /**
   * A started backend.
   *
   * @param note one line for people when the choice was left to us: what was taken and why not a faster one; or {@code null}
   */
  record Choice(Backend backend, String note) {}

  /**
   * One backend's state on this machine.
   *
   * @param detail what it would compute on, or why it cannot
   */
  record Status(String name, boolean usable, String detail) {}
}
