package org.conceptclip.backend.cuda.driver.nvidia;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.conceptclip.backend.BackendUnavailableException;
import org.conceptclip.util.NativeLibrary;

/**
 * The functions of the CUDA driver API that we call, by their names in {@code cuda.h}, bound to the symbols that it maps them to. All of
 * them lie in {@code libcuda.so.1}, which the NVIDIA driver installs: no library of a CUDA toolkit is needed.
 *
 * <p>Pointers, handles, sizes and device addresses are numbers of 64 bits; whoever passes a pointer keeps its memory alive during the call.
 * Every function returns a {@code CUresult}. None is linked as critical: each may take a lock of the driver, and a thread that waits for
 * one must not keep the collector waiting. Thread-safe.
 */
final class DriverApi {
  /** What our PTX asks for (its {@code .version 8.0}), as CUDA counts: 12000 for 12.0. All functions below are older or came with it. */
  static final int MIN_VERSION = 12_000;

  private static DriverApi loadedOrNull;

  private final SymbolLookup library;
  private final List<String> missing = new ArrayList<>();
  private final Map<String, FunctionDescriptor> types = new TreeMap<>();

  // I: int; B: unsigned char; L: anything of 64 bits.
  private final MethodHandle cuGetErrorName;
  private final MethodHandle cuDriverGetVersion;
  private final MethodHandle cuInit;
  private final MethodHandle cuDeviceGetCount;
  private final MethodHandle cuDeviceGet;
  private final MethodHandle cuDeviceGetName;
  private final MethodHandle cuDeviceTotalMem;
  private final MethodHandle cuDeviceGetAttribute;
  private final MethodHandle cuDevicePrimaryCtxRetain;
  private final MethodHandle cuDevicePrimaryCtxRelease;
  private final MethodHandle cuCtxGetCurrent;
  private final MethodHandle cuCtxSetCurrent;
  private final MethodHandle cuMemGetInfo;
  private final MethodHandle cuMemAlloc;
  private final MethodHandle cuMemFree;
  private final MethodHandle cuMemHostAlloc;
  private final MethodHandle cuMemFreeHost;
  private final MethodHandle cuMemcpyHtoDAsync;
  private final MethodHandle cuMemcpyDtoHAsync;
  private final MethodHandle cuMemsetD8Async;
  private final MethodHandle cuModuleLoadDataEx;
  private final MethodHandle cuModuleUnload;
  private final MethodHandle cuModuleGetFunction;
  private final MethodHandle cuFuncSetAttribute;
  private final MethodHandle cuLaunchKernel;
  private final MethodHandle cuTensorMapEncodeTiled;
  private final MethodHandle cuStreamCreate;
  private final MethodHandle cuStreamDestroy;
  private final MethodHandle cuStreamSynchronize;
  private final MethodHandle cuStreamWaitEvent;
  private final MethodHandle cuStreamBeginCapture;
  private final MethodHandle cuStreamEndCapture;
  private final MethodHandle cuGraphInstantiate;
  private final MethodHandle cuGraphDestroy;
  private final MethodHandle cuGraphLaunch;
  private final MethodHandle cuGraphExecDestroy;
  private final MethodHandle cuEventCreate;
  private final MethodHandle cuEventDestroy;
  private final MethodHandle cuEventRecord;

  /**
   * Binds all functions.
   *
   * @param library the NVIDIA driver's
   * @throws BackendUnavailableException if it lacks one, in one line with its name and the driver that has it
   */
  DriverApi(SymbolLookup library) {
    this.library = library;
    cuGetErrorName = bind("cuGetErrorName", "IL");
    cuDriverGetVersion = bind("cuDriverGetVersion", "L");
    cuInit = bind("cuInit", "I");
    cuDeviceGetCount = bind("cuDeviceGetCount", "L");
    cuDeviceGet = bind("cuDeviceGet", "LI");
    cuDeviceGetName = bind("cuDeviceGetName", "LII");
    cuDeviceTotalMem = bind("cuDeviceTotalMem_v2", "LI");
    cuDeviceGetAttribute = bind("cuDeviceGetAttribute", "LII");
    cuDevicePrimaryCtxRetain = bind("cuDevicePrimaryCtxRetain", "LI");
    cuDevicePrimaryCtxRelease = bind("cuDevicePrimaryCtxRelease_v2", "I");
    cuCtxGetCurrent = bind("cuCtxGetCurrent", "L");
    cuCtxSetCurrent = bind("cuCtxSetCurrent", "L");
    cuMemGetInfo = bind("cuMemGetInfo_v2", "LL");
    cuMemAlloc = bind("cuMemAlloc_v2", "LL");
    cuMemFree = bind("cuMemFree_v2", "L");
    cuMemHostAlloc = bind("cuMemHostAlloc", "LLI");
    cuMemFreeHost = bind("cuMemFreeHost", "L");
    cuMemcpyHtoDAsync = bind("cuMemcpyHtoDAsync_v2", "LLLL");
    cuMemcpyDtoHAsync = bind("cuMemcpyDtoHAsync_v2", "LLLL");
    cuMemsetD8Async = bind("cuMemsetD8Async", "LBLL");
    cuModuleLoadDataEx = bind("cuModuleLoadDataEx", "LLILL");
    cuModuleUnload = bind("cuModuleUnload", "L");
    cuModuleGetFunction = bind("cuModuleGetFunction", "LLL");
    cuFuncSetAttribute = bind("cuFuncSetAttribute", "LII");
    cuLaunchKernel = bind("cuLaunchKernel", "LIIIIIIILLL");
    cuTensorMapEncodeTiled = bind("cuTensorMapEncodeTiled", "LIILLLLLIIII");
    cuStreamCreate = bind("cuStreamCreate", "LI");
    cuStreamDestroy = bind("cuStreamDestroy_v2", "L");
    cuStreamSynchronize = bind("cuStreamSynchronize", "L");
    cuStreamWaitEvent = bind("cuStreamWaitEvent", "LLI");
    cuStreamBeginCapture = bind("cuStreamBeginCapture_v2", "LI");
    cuStreamEndCapture = bind("cuStreamEndCapture", "LL");
    cuGraphInstantiate = bind("cuGraphInstantiateWithFlags", "LLL");
    cuGraphDestroy = bind("cuGraphDestroy", "L");
    cuGraphLaunch = bind("cuGraphLaunch", "LL");
    cuGraphExecDestroy = bind("cuGraphExecDestroy", "L");
    cuEventCreate = bind("cuEventCreate", "LI");
    cuEventDestroy = bind("cuEventDestroy_v2", "L");
    cuEventRecord = bind("cuEventRecord", "LL");
    if (!missing.isEmpty()) {
      throw new BackendUnavailableException("CUDA: the NVIDIA driver" + ownVersion() + " has no function " + String.join(", ", missing)
          + " in " + CudaLibraries.DRIVER + "; a driver for CUDA " + dotted(MIN_VERSION) + " or newer is needed");
    }
  }

  /**
   * The driver of this machine, loaded once a class loader. It stays in the process, as CUDA wants it to.
   *
   * @throws BackendUnavailableException if there is none or it is too old
   */
  static synchronized DriverApi load() {
    if (loadedOrNull == null) {
      SymbolLookup library;
      try {
        library = SymbolLookup.libraryLookup(CudaLibraries.DRIVER, Arena.global());
      } catch (IllegalArgumentException e) {
        throw new BackendUnavailableException("CUDA: " + CudaLibraries.NO_DRIVER, e);
      }
      loadedOrNull = new DriverApi(library);
    }
    return loadedOrNull;
  }

  private MethodHandle bind(String symbol, String parameters) {
    MemoryLayout[] layouts = parameters.chars().mapToObj(DriverApi::layout).toArray(MemoryLayout[]::new);
    FunctionDescriptor type = FunctionDescriptor.of(ValueLayout.JAVA_INT, layouts);
    types.put(symbol, type);
    Optional<MemorySegment> address = library.find(symbol);
    if (address.isEmpty()) {
      missing.add(symbol);
      return null;
    }
    // Called with numbers of 64 bits alone, so that a call needs one method per number of them.
    MethodType wide = MethodType.methodType(int.class, Collections.nCopies(layouts.length, long.class));
    return MethodHandles.explicitCastArguments(Linker.nativeLinker().downcallHandle(address.get(), type), wide);
  }

  private static MemoryLayout layout(int letter) {
    return switch (letter) {
      case 'I' -> ValueLayout.JAVA_INT;
      case 'B' -> ValueLayout.JAVA_BYTE;
      case 'L' -> ValueLayout.JAVA_LONG;
      default -> throw new IllegalArgumentException("parameter type " + (char) letter);
    };
  }

  /** The C types of all functions by symbol. */
  Map<String, FunctionDescriptor> types() {
    return Collections.unmodifiableMap(types);
  }

  private String ownVersion() {
    return cuDriverGetVersion != null && cuDriverGetVersion(CallMemory.results()) == CudaNumbers.CUDA_SUCCESS
        ? " (CUDA " + dotted(CallMemory.intResult()) + ")" : "";
  }

  /** 13010 as 13.1. */
  static String dotted(int version) {
    return version / 1000 + "." + version % 1000 / 10;
  }

  int cuGetErrorName(int status, long name) {
    return call(cuGetErrorName, status, name);
  }

  int cuDriverGetVersion(long version) {
    return call(cuDriverGetVersion, version);
  }

  int cuInit(int flags) {
    return call(cuInit, flags);
  }

  int cuDeviceGetCount(long count) {
    return call(cuDeviceGetCount, count);
  }

  int cuDeviceGet(long device, int index) {
    return call(cuDeviceGet, device, index);
  }

  int cuDeviceGetName(long name, int bytes, int device) {
    return call(cuDeviceGetName, name, bytes, device);
  }

  int cuDeviceTotalMem(long bytes, int device) {
    return call(cuDeviceTotalMem, bytes, device);
  }

  int cuDeviceGetAttribute(long value, int attribute, int device) {
    return call(cuDeviceGetAttribute, value, attribute, device);
  }

  int cuDevicePrimaryCtxRetain(long context, int device) {
    return call(cuDevicePrimaryCtxRetain, context, device);
  }

  int cuDevicePrimaryCtxRelease(int device) {
    return call(cuDevicePrimaryCtxRelease, device);
  }

  int cuCtxGetCurrent(long context) {
    return call(cuCtxGetCurrent, context);
  }

  int cuCtxSetCurrent(long context) {
    return call(cuCtxSetCurrent, context);
  }

  int cuMemGetInfo(long free, long total) {
    return call(cuMemGetInfo, free, total);
  }

  int cuMemAlloc(long address, long bytes) {
    return call(cuMemAlloc, address, bytes);
  }

  int cuMemFree(long address) {
    return call(cuMemFree, address);
  }

  int cuMemHostAlloc(long address, long bytes, int flags) {
    return call(cuMemHostAlloc, address, bytes, flags);
  }

  int cuMemFreeHost(long memory) {
    return call(cuMemFreeHost, memory);
  }

  int cuMemcpyHtoDAsync(long to, long from, long bytes, long stream) {
    return call(cuMemcpyHtoDAsync, to, from, bytes, stream);
  }

  int cuMemcpyDtoHAsync(long to, long from, long bytes, long stream) {
    return call(cuMemcpyDtoHAsync, to, from, bytes, stream);
  }

  int cuMemsetD8Async(long address, byte value, long bytes, long stream) {
    return call(cuMemsetD8Async, address, value, bytes, stream);
  }

  int cuModuleLoadDataEx(long module, long image, int options, long names, long values) {
    return call(cuModuleLoadDataEx, module, image, options, names, values);
  }

  int cuModuleUnload(long module) {
    return call(cuModuleUnload, module);
  }

  int cuModuleGetFunction(long function, long module, long name) {
    return call(cuModuleGetFunction, function, module, name);
  }

  int cuFuncSetAttribute(long function, int attribute, int value) {
    return call(cuFuncSetAttribute, function, attribute, value);
  }

  int cuStreamCreate(long stream, int flags) {
    return call(cuStreamCreate, stream, flags);
  }

  int cuStreamDestroy(long stream) {
    return call(cuStreamDestroy, stream);
  }

  int cuStreamSynchronize(long stream) {
    return call(cuStreamSynchronize, stream);
  }

  int cuStreamWaitEvent(long stream, long event, int flags) {
    return call(cuStreamWaitEvent, stream, event, flags);
  }

  int cuStreamBeginCapture(long stream, int mode) {
    return call(cuStreamBeginCapture, stream, mode);
  }

  int cuStreamEndCapture(long stream, long graph) {
    return call(cuStreamEndCapture, stream, graph);
  }

  int cuGraphInstantiate(long executable, long graph, long flags) {
    return call(cuGraphInstantiate, executable, graph, flags);
  }

  int cuGraphDestroy(long graph) {
    return call(cuGraphDestroy, graph);
  }

  int cuGraphLaunch(long executable, long stream) {
    return call(cuGraphLaunch, executable, stream);
  }

  int cuGraphExecDestroy(long executable) {
    return call(cuGraphExecDestroy, executable);
  }

  int cuEventCreate(long event, int flags) {
    return call(cuEventCreate, event, flags);
  }

  int cuEventDestroy(long event) {
    return call(cuEventDestroy, event);
  }

  int cuEventRecord(long event, long stream) {
    return call(cuEventRecord, event, stream);
  }

  /** A launch of one-dimensional blocks with dynamic shared memory, its arguments by pointers. */
  int cuLaunchKernel(long function, int gridX, int gridY, int threads, int sharedBytes, long stream, long arguments) {
    try {
      return (int) cuLaunchKernel.invokeExact(function, (long) gridX, (long) gridY, 1L, (long) threads, 1L, 1L, (long) sharedBytes, stream,
          arguments, 0L);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** A map without interleaving that fills what lies outside with zeros. */
  int cuTensorMapEncodeTiled(
      long map, int type, int rank, long address, long extents, long strideBytes, long box, long elementStrides, int swizzle, int promotion) {
    try {
      return (int) cuTensorMapEncodeTiled.invokeExact(map, (long) type, (long) rank, address, extents, strideBytes, box, elementStrides,
          (long) CudaNumbers.CU_TENSOR_MAP_INTERLEAVE_NONE, (long) swizzle, (long) promotion,
          (long) CudaNumbers.CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  private static int call(MethodHandle function, long a) {
    try {
      return (int) function.invokeExact(a);
    } catch (Throwable failure) {
      throw unexpected(failure);
    }
  }

  private static int call(MethodHandle function, long a, long b) {
    try {
      return (int) function.invokeExact(a, b);
    } catch (Throwable failure) {
      throw unexpected(failure);
    }
  }

  private static int call(MethodHandle function, long a, long b, long c) {
    try {
      return (int) function.invokeExact(a, b, c);
    } catch (Throwable failure) {
      throw unexpected(failure);
    }
  }

  private static int call(MethodHandle function, long a, long b, long c, long d) {
    try {
      return (int) function.invokeExact(a, b, c, d);
    } catch (Throwable failure) {
      throw unexpected(failure);
    }
  }

  private static int call(MethodHandle function, long a, long b, long c, long d, long e) {
    try {
      return (int) function.invokeExact(a, b, c, d, e);
    } catch (Throwable failure) {
      throw unexpected(failure);
    }
  }

  private static IllegalStateException unexpected(Throwable failure) {
    return NativeLibrary.unexpected(CudaLibraries.DRIVER, failure);
  }
}
