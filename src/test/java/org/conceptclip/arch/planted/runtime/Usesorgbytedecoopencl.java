package org.conceptclip.arch.planted.runtime;

/** Breaks the arrows on purpose: org.bytedeco.opencl must stay behind its users. */
interface Usesorgbytedecoopencl {
  org.bytedeco.opencl._cl_device_id forbidden();
}
