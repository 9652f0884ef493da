package org.conceptclip.backend.cuda.driver.nvidia;

import static org.bytedeco.cuda.global.cudart.*;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.cuda.cudart.CUctx_st;
import org.bytedeco.javacpp.SizeTPointer;
import org.conceptclip.backend.BackendUnavailableException;
import org.conceptclip.backend.cuda.driver.DeviceProperties;

/** A device and its primary context, retained until closed. Thread-safe. */
record CudaContext(int device, DeviceProperties properties, CUctx_st context, CudaStatus status) implements AutoCloseable {
  private static final int MIN_CAPABILITY = 80;
  private static final int NAME_BYTES = 256;

  /** The libraries of a major version of CUDA need a driver of that version: minor versions are compatible in both directions. */
  private static final int MIN_DRIVER_VERSION = CUDA_VERSION / 1000 * 1000;

  /**
   * Opens a device.
   *
   * @param index among the devices that CUDA_VISIBLE_DEVICES leaves visible
   * @throws BackendUnavailableException if driver or device are absent, too old or busy
   */
  static CudaContext open(int index, CudaStatus status) {
    int driverVersion = initialize();
    int count = deviceCount();
    if (index < 0 || index >= count) {
      throw new BackendUnavailableException("CUDA: device " + index + " asked for, " + count + " visible" + visibleDevices());
    }
    int device = device(index);
    DeviceProperties properties = properties(device, driverVersion);
    if (properties.capability() < MIN_CAPABILITY) {
      throw new BackendUnavailableException("CUDA: " + describe(index, properties) + "; compute capability 8.0 (sm_80, Ampere) or"
          + " newer is needed");
    }
    CUctx_st context = new CUctx_st();
    require("cuDevicePrimaryCtxRetain of " + describe(index, properties), cuDevicePrimaryCtxRetain(context, device));
    return new CudaContext(device, properties, context, status);
  }

  /** One line per visible device, for reports. */
  static List<String> describeDevices() {
    int driverVersion = initialize();
    return IntStream.range(0, deviceCount()).mapToObj(i -> describe(i, properties(device(i), driverVersion))).toList();
  }

  private static String describe(int index, DeviceProperties device) {
    return "device " + index + ": " + device.describe();
  }

  /** Makes the context current on the calling thread, unless it is already. */
  void makeCurrent() {
    CUctx_st current = new CUctx_st();
    status.check("cuCtxGetCurrent", cuCtxGetCurrent(current));
    if (current.address() != context.address()) {
      status.check("cuCtxSetCurrent", cuCtxSetCurrent(context));
    }
  }

  /** {@link #makeCurrent} before a release: on a lost device nothing has to be current any more. */
  void makeCurrentForRelease() {
    if (!status.health.lost()) {
      makeCurrent();
    }
  }

  @Override
  public void close() {
    status.checkRelease("cuDevicePrimaryCtxRelease", cuDevicePrimaryCtxRelease(device));
  }

  /** Starts the driver; returns its version. */
  private static int initialize() {
    int[] version = new int[1];
    require("cuDriverGetVersion", cuDriverGetVersion(version));
    if (version[0] < MIN_DRIVER_VERSION) {
      throw new BackendUnavailableException("CUDA: the NVIDIA driver supports CUDA " + dotted(version[0]) + "; CUDA "
          + dotted(MIN_DRIVER_VERSION) + " or newer is needed (update the driver, or use a build for an older CUDA)");
    }
    int initialized = cuInit(0);
    if (initialized == CUDA_ERROR_NO_DEVICE) {
      throw new BackendUnavailableException("CUDA: the driver (CUDA " + dotted(version[0]) + ") sees no device" + visibleDevices());
    }
    require("cuInit", initialized);
    return version[0];
  }

  private static int deviceCount() {
    int[] count = new int[1];
    require("cuDeviceGetCount", cuDeviceGetCount(count));
    return count[0];
  }

  private static int device(int index) {
    int[] device = new int[1];
    require("cuDeviceGet", cuDeviceGet(device, index));
    return device[0];
  }

  private static DeviceProperties properties(int device, int driverVersion) {
    byte[] name = new byte[NAME_BYTES];
    require("cuDeviceGetName", cuDeviceGetName(name, name.length, device));
    try (SizeTPointer bytes = new SizeTPointer(1)) {
      require("cuDeviceTotalMem", cuDeviceTotalMem(bytes, device));
      return new DeviceProperties(
          new String(name, StandardCharsets.UTF_8).split("\0", 2)[0],
          attribute(device, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR),
          attribute(device, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR),
          attribute(device, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT),
          bytes.get(),
          driverVersion);
    }
  }

  private static int attribute(int device, int attribute) {
    int[] value = new int[1];
    require("cuDeviceGetAttribute", cuDeviceGetAttribute(value, attribute, device));
    return value[0];
  }

  /** Before there is a context, whatever fails means that this backend cannot start. */
  private static void require(String call, int status) {
    if (status != CUDA_SUCCESS) {
      throw new BackendUnavailableException("CUDA: " + call + ": " + CudaStatus.name(status));
    }
  }

  private static String visibleDevices() {
    String visible = System.getenv("CUDA_VISIBLE_DEVICES");
    return visible == null ? "" : " (CUDA_VISIBLE_DEVICES is \"" + visible + "\")";
  }

  private static String dotted(int version) {
    return version / 1000 + "." + version % 1000 / 10;
  }
}
