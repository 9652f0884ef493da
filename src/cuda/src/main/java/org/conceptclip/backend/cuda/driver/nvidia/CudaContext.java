package org.conceptclip.backend.cuda.driver.nvidia;

import static org.conceptclip.backend.cuda.driver.nvidia.CudaNumbers.*;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.stream.IntStream;
import org.conceptclip.backend.BackendUnavailableException;
import org.conceptclip.backend.cuda.driver.DeviceProperties;

/**
 * A device and its primary context, retained until closed. Thread-safe.
 *
 * @param device its number in the driver
 * @param context the driver's handle
 */
record CudaContext(DriverApi api, int device, DeviceProperties properties, long context, CudaStatus status) implements AutoCloseable {
  private static final int MIN_CAPABILITY = 80;
  private static final int NAME_BYTES = 256;

  /**
   * Opens a device.
   *
   * @param index among the devices that CUDA_VISIBLE_DEVICES leaves visible
   * @throws BackendUnavailableException if driver or device are absent, too old or busy
   */
  static CudaContext open(DriverApi api, int index, CudaStatus status) {
    int driverVersion = initialize(api);
    int count = deviceCount(api);
    if (index < 0 || index >= count) {
      throw new BackendUnavailableException("CUDA: device " + index + " asked for, " + count + " visible" + visibleDevices());
    }
    int device = device(api, index);
    DeviceProperties properties = properties(api, device, driverVersion);
    if (properties.capability() < MIN_CAPABILITY) {
      throw new BackendUnavailableException("CUDA: " + describe(index, properties) + "; compute capability 8.0 (sm_80, Ampere) or"
          + " newer is needed");
    }
    require(api, "cuDevicePrimaryCtxRetain of " + describe(index, properties), api.cuDevicePrimaryCtxRetain(CallMemory.results(), device));
    return new CudaContext(api, device, properties, CallMemory.result(), status);
  }

  /** One line per visible device, for reports. */
  static List<String> describeDevices(DriverApi api) {
    int driverVersion = initialize(api);
    return IntStream.range(0, deviceCount(api)).mapToObj(i -> describe(i, properties(api, device(api, i), driverVersion))).toList();
  }

  private static String describe(int index, DeviceProperties device) {
    return "device " + index + ": " + device.describe();
  }

  /** Makes the context current on the calling thread, unless it is already. */
  void makeCurrent() {
    status.check("cuCtxGetCurrent", api.cuCtxGetCurrent(CallMemory.results()));
    if (CallMemory.result() != context) {
      status.check("cuCtxSetCurrent", api.cuCtxSetCurrent(context));
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
    status.checkRelease("cuDevicePrimaryCtxRelease", api.cuDevicePrimaryCtxRelease(device));
  }

  /** Starts the driver; returns its version. */
  private static int initialize(DriverApi api) {
    int version = driverVersion(api);
    if (version < DriverApi.MIN_VERSION) {
      throw new BackendUnavailableException("CUDA: the NVIDIA driver supports CUDA " + DriverApi.dotted(version) + "; CUDA "
          + DriverApi.dotted(DriverApi.MIN_VERSION) + " or newer is needed (update the driver)");
    }
    int initialized = api.cuInit(0);
    if (initialized == CUDA_ERROR_NO_DEVICE) {
      throw new BackendUnavailableException(
          "CUDA: the driver (CUDA " + DriverApi.dotted(version) + ") sees no device" + visibleDevices());
    }
    require(api, "cuInit", initialized);
    return version;
  }

  /** As CUDA counts: 13010 for 13.1. */
  static int driverVersion(DriverApi api) {
    require(api, "cuDriverGetVersion", api.cuDriverGetVersion(CallMemory.results()));
    return CallMemory.intResult();
  }

  private static int deviceCount(DriverApi api) {
    require(api, "cuDeviceGetCount", api.cuDeviceGetCount(CallMemory.results()));
    return CallMemory.intResult();
  }

  private static int device(DriverApi api, int index) {
    require(api, "cuDeviceGet", api.cuDeviceGet(CallMemory.results(), index));
    return CallMemory.intResult();
  }

  private static DeviceProperties properties(DriverApi api, int device, int driverVersion) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment name = arena.allocate(NAME_BYTES);
      require(api, "cuDeviceGetName", api.cuDeviceGetName(name.address(), NAME_BYTES, device));
      require(api, "cuDeviceTotalMem", api.cuDeviceTotalMem(CallMemory.results(), device));
      long memoryBytes = CallMemory.result();
      return new DeviceProperties(
          name.getString(0),
          attribute(api, device, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR),
          attribute(api, device, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR),
          attribute(api, device, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT),
          memoryBytes,
          driverVersion);
    }
  }

  private static int attribute(DriverApi api, int device, int attribute) {
    require(api, "cuDeviceGetAttribute", api.cuDeviceGetAttribute(CallMemory.results(), attribute, device));
    return CallMemory.intResult();
  }

  /** Before there is a context, whatever fails means that this backend cannot start. */
  private static void require(DriverApi api, String call, int status) {
    if (status != CUDA_SUCCESS) {
      throw new BackendUnavailableException("CUDA: " + call + ": " + CudaStatus.name(api, status));
    }
  }

  private static String visibleDevices() {
    String visible = System.getenv("CUDA_VISIBLE_DEVICES");
    return visible == null ? "" : " (CUDA_VISIBLE_DEVICES is \"" + visible + "\")";
  }
}
