package org.conceptclip.backend.cuda.arch;

import java.util.Map;
import java.util.Set;
import org.conceptclip.arch.ArchitectureContract;
import org.conceptclip.arch.Arrows;
import org.conceptclip.backend.cuda.CudaProvider;
import org.conceptclip.backend.cuda.EmulatedProvider;

/** The backend works on the seam; the two drivers behind it know neither each other nor the backend; one of them alone binds CUDA. */
class CudaArchitectureTest extends ArchitectureContract {
  private static final String BASE = "org.conceptclip.backend.cuda";

  CudaArchitectureTest() {
    super(BASE, BASE + ".arch.planted", allowed(), Map.of("org.bytedeco", Set.of("driver.nvidia")), providers());
  }

  private static Map<String, Set<String>> allowed() {
    return Map.of(
        Arrows.FRONT_DOOR, Set.of("driver"),
        "driver", Set.of(),
        "driver.nvidia", Set.of("driver"),
        "driver.emulated", Set.of("driver"));
  }

  /** They choose a driver, so they name it. */
  private static Set<String> providers() {
    return Set.of(CudaProvider.class.getName(), EmulatedProvider.class.getName());
  }
}
