// Streams, events, graphs. Work is done when it is given; a capture writes it down.
#include "fake_device.hpp"

API cuStreamCreate(FakeStream** stream, unsigned flags) {
  ENTER();
  constexpr unsigned NON_BLOCKING = 1;
  if (flags != NON_BLOCKING) {
    return INVALID_VALUE;
  }
  *stream = device.streams.add();
  return SUCCESS;
}

API cuStreamDestroy_v2(FakeStream* stream) {
  ENTER();
  return device.streams.remove(stream) ? SUCCESS : INVALID_HANDLE;
}

API cuStreamSynchronize(FakeStream* stream) {
  ENTER();
  if (!device.streams.has(stream)) {
    return INVALID_HANDLE;
  }
  if (stream->capturing) {
    stream->spoiled = true;
    return CAPTURE_UNSUPPORTED;
  }
  return SUCCESS;
}

API cuStreamWaitEvent(FakeStream* stream, Event* event, unsigned flags) {
  ENTER();
  return device.streams.has(stream) && device.events.has(event) && flags == 0 ? SUCCESS : INVALID_HANDLE;
}

API cuStreamBeginCapture_v2(FakeStream* stream, int mode) {
  ENTER();
  constexpr int RELAXED = 2;
  if (!device.streams.has(stream) || mode != RELAXED) {
    return INVALID_VALUE;
  }
  if (stream->capturing) {
    return ILLEGAL_STATE;
  }
  stream->capturing = true;
  return SUCCESS;
}

API cuStreamEndCapture(FakeStream* stream, Graph** graph) {
  ENTER();
  if (!device.streams.has(stream) || !stream->capturing) {
    return ILLEGAL_STATE;
  }
  bool spoiled = stream->spoiled;
  *graph = spoiled ? nullptr : device.graphs.add({std::move(stream->captured)});
  *stream = {};
  return spoiled ? CAPTURE_INVALIDATED : SUCCESS;
}

API cuGraphInstantiateWithFlags(GraphExec** executable, Graph* graph, unsigned long long flags) {
  ENTER();
  if (!device.graphs.has(graph) || flags != 0) {
    return INVALID_VALUE;
  }
  *executable = device.graphExecs.add({graph->work});
  return SUCCESS;
}

API cuGraphDestroy(Graph* graph) {
  ENTER();
  return device.graphs.remove(graph) ? SUCCESS : INVALID_VALUE;
}

API cuGraphLaunch(GraphExec* executable, FakeStream* stream) {
  ENTER();
  if (!device.graphExecs.has(executable) || !device.streams.has(stream)) {
    return INVALID_HANDLE;
  }
  for (const Work& work : executable->work) {
    submit(stream, work);
  }
  return SUCCESS;
}

API cuGraphExecDestroy(GraphExec* executable) {
  ENTER();
  return device.graphExecs.remove(executable) ? SUCCESS : INVALID_HANDLE;
}

API cuEventCreate(Event** event, unsigned) {
  ENTER();
  *event = device.events.add();
  return SUCCESS;
}

API cuEventDestroy_v2(Event* event) {
  ENTER();
  return device.events.remove(event) ? SUCCESS : INVALID_HANDLE;
}

API cuEventRecord(Event* event, FakeStream* stream) {
  ENTER();
  if (!device.events.has(event) || !device.streams.has(stream)) {
    return INVALID_HANDLE;
  }
  return SUCCESS;
}

