//===- Engine.h - A mapped, checked plan, ready for sessions ----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Immutable once opened; threads may share it. Opening checks the plan and maps
// no code, so it works on any machine; the first session loads the code.
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_EXEC_ENGINE_H
#define V4_RUNTIME_EXEC_ENGINE_H

#include "runtime/exec/Session.h"

#include <mutex>

namespace v4 {

class Engine {
public:
  static Status open(const std::string &path, const plan::LoadOptions &options, const Host &host,
                     std::unique_ptr<Engine> &out);

  const plan::Plan &plan() const { return loaded; }
  const plan::fb::Program &program() const { return loaded.program(); }

  /// Unsupported when this machine cannot run the plan. The session must not outlive the engine.
  Status createSession(const SessionOptions &options, std::unique_ptr<Session> &out);

  /// Zeros without a GPU. REQUIRES: there was a session.
  UploadTime uploadTime() const { return gpu ? gpu->uploadTime() : UploadTime(); }

private:
  /// `options` are those of the first session: of a GPU it must find room.
  Status loadCode(const SessionOptions &options);

  plan::Plan loaded;
  Host host;
  std::vector<const uint8_t *> weights;
  std::mutex codeMutex; ///< Guards the two devices, of which a plan has one.
  std::unique_ptr<CpuDevice> device;
  std::unique_ptr<CudaDevice> gpu;
};

} // namespace v4

#endif // V4_RUNTIME_EXEC_ENGINE_H
