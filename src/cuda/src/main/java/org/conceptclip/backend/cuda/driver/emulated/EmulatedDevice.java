package org.conceptclip.backend.cuda.driver.emulated;

import org.conceptclip.backend.DeviceException.Kind;
import org.conceptclip.backend.cuda.driver.CudaException;
import org.conceptclip.backend.cuda.driver.DeviceProperties;
import org.conceptclip.backend.cuda.driver.KernelLaunch;

/**
 * The properties of an emulated device.
 *
 * @param capability 80 or 90: decides which kernels exist and how much shared memory a block may have
 * @param memoryBytes of device memory; allocations beyond it fail as on a GPU
 * @param productLibrary whether it multiplies matrices as cuBLASLt would, or stands for a machine that has the NVIDIA driver alone
 * @param attentionLibrary whether it attends as cuDNN would; most machines have no cuDNN
 */
public record EmulatedDevice(int capability, long memoryBytes, boolean productLibrary, boolean attentionLibrary) {
  /** Much more than any test needs; host memory is the real limit. */
  private static final long PLENTY = 64L << 30;

  private static final int MAX_THREADS = 1024;
  private static final int MAX_GRID_YZ = 65535;

  public EmulatedDevice {
    if (capability != 80 && capability != 90) {
      throw new IllegalArgumentException("emulated device: capability " + capability + ", expected 80 or 90");
    }
    if (memoryBytes < 1) {
      throw new IllegalArgumentException("emulated device: " + memoryBytes + " bytes of memory, expected at least 1");
    }
  }

  /** A device with cuBLASLt and without cuDNN. */
  public EmulatedDevice(int capability, long memoryBytes) {
    this(capability, memoryBytes, true, false);
  }

  /** A device of this capability with memory to spare. */
  public static EmulatedDevice ofCapability(int capability) {
    return new EmulatedDevice(capability, PLENTY);
  }

  /** The same device on a machine without cuBLASLt. */
  public EmulatedDevice withoutProductLibrary() {
    return new EmulatedDevice(capability, memoryBytes, false, attentionLibrary);
  }

  /** The same device on a machine with cuDNN. */
  public EmulatedDevice withAttentionLibrary() {
    return new EmulatedDevice(capability, memoryBytes, productLibrary, true);
  }

  DeviceProperties properties() {
    // Multiprocessors of the A100 and the H100 SXM, so that reports look as they would there.
    return new DeviceProperties("emulated sm_" + capability, capability / 10, capability % 10, capability >= 90 ? 132 : 108,
        memoryBytes, 13000);
  }

  /** Dynamic shared memory that a block may ask for: 227 KiB on sm_90, 163 KiB on sm_80 (CUDA programming guide). */
  int sharedBytesPerBlock() {
    return (capability >= 90 ? 227 : 163) << 10;
  }

  /** Rejects what CUDA rejects at a launch, by the limits of the programming guide: but for memory, sm_80 and sm_90 have the same. */
  void requireLaunchable(KernelLaunch launch) {
    boolean possible = launch.gridX() > 0
        && launch.gridY() > 0 && launch.gridY() <= MAX_GRID_YZ
        && launch.threads() > 0 && launch.threads() <= MAX_THREADS
        && launch.sharedBytes() >= 0 && launch.sharedBytes() <= sharedBytesPerBlock()
        && launch.arguments().byteSize() <= EmulatorLibrary.MAX_ARGUMENT_BYTES;
    if (!possible) {
      throw new CudaException(Kind.FAILED, "cuLaunchKernel", "CUDA_ERROR_INVALID_VALUE", launch.describe()
          + "; at most " + MAX_THREADS + " threads, " + sharedBytesPerBlock() + " shared bytes, " + EmulatorLibrary.MAX_ARGUMENT_BYTES
          + " argument bytes, grid at least 1 and " + MAX_GRID_YZ + " at most in y");
    }
  }
}
