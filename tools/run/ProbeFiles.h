//===- ProbeFiles.h - One .npy file per probe -------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Receives the probes of a session that feeds one sequence and writes each to
// DIR/<name>.npy, one row per position that is fed. bf16 becomes f32.
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_RUN_PROBEFILES_H
#define V4_TOOLS_RUN_PROBEFILES_H

#include "tools/NpyFile.h"

#include <algorithm>
#include <exception>
#include <map>
#include <memory>
#include <sys/stat.h>
#include <v4/runtime.h>

namespace v4 {

class ProbeFiles {
public:
  /// Creates the folder.
  explicit ProbeFiles(std::string folder) : folder(std::move(folder)) {
    if (mkdir(this->folder.c_str(), 0755) != 0 && errno != EEXIST)
      throw InputError(this->folder + ": cannot be created (" + std::strerror(errno) + "); choose another folder");
  }

  /// Rows are those of positions from `first` on, at most `count`: until then all are dropped.
  void expect(uint64_t first, uint64_t count) {
    base = first;
    rowLimit = count;
  }

  /// A v4_probe_callback; `self` is the ProbeFiles. What goes wrong waits for `rethrow`, since no exception may pass
  /// through the runtime.
  static void receive(void *self, const v4_probe_rows *rows) {
    ProbeFiles &files = *static_cast<ProbeFiles *>(self);
    if (files.failure)
      return;
    try {
      files.add(*rows);
    } catch (...) {
      files.failure = std::current_exception();
    }
  }
  void rethrow() const {
    if (failure)
      std::rethrow_exception(failure);
  }

  void finish(uint64_t rows) {
    for (auto &[name, file] : files)
      file->finish(rows);
  }

private:
  void add(const v4_probe_rows &rows) {
    // Rows of one sequence have ascending, consecutive positions; others have none.
    if (rows.rows != V4_ROWS_TOKENS && rows.rows != V4_ROWS_LOGITS)
      return;
    uint64_t first = static_cast<uint64_t>(rows.positions[rows.token_rows ? rows.token_rows[0] : 0]) - base;
    uint64_t skipped = 0;
    if (rows.is_mtp) {
      skipped = first == 0;
      first = first == 0 ? 0 : first - 1;
    }
    if (skipped >= rows.row_count || first >= rowLimit)
      return;
    uint64_t count = std::min(rows.row_count - skipped, rowLimit - first);
    const char *data = static_cast<const char *>(rows.data) + skipped * rows.row_bytes;
    NpyFile &file = fileOf(rows);
    if (rows.element != V4_BF16) {
      file.write(first, data, count);
      return;
    }
    widen(data, count * rows.row_bytes / 2);
    file.write(first, wide.data(), count);
  }

  NpyFile &fileOf(const v4_probe_rows &rows) {
    std::string name(rows.name, rows.name_length);
    std::unique_ptr<NpyFile> &file = files[name];
    if (file)
      return *file;
    if (rows.element != V4_BF16 && rows.element != V4_F32 && rows.element != V4_I32)
      throw InputError("probe " + name + " has element type " + std::to_string(rows.element) +
                       ", expected bf16, f32 or i32; it cannot be dumped");
    std::vector<uint64_t> shape(rows.shape, rows.shape + rows.rank);
    file = std::make_unique<NpyFile>(folder + "/" + name + ".npy", rows.element == V4_I32 ? "<i4" : "<f4", 4, shape);
    return *file;
  }

  void widen(const char *data, uint64_t count) {
    wide.resize(count);
    for (uint64_t i = 0; i < count; ++i) {
      uint16_t half;
      std::memcpy(&half, data + 2 * i, 2);
      uint32_t bits = static_cast<uint32_t>(half) << 16;
      std::memcpy(&wide[i], &bits, 4);
    }
  }

  std::string folder;
  uint64_t base = 0, rowLimit = 0;
  std::map<std::string, std::unique_ptr<NpyFile>> files;
  std::vector<float> wide;
  std::exception_ptr failure;
};

} // namespace v4

#endif // V4_TOOLS_RUN_PROBEFILES_H
