//===- CertificateFile.cpp - The bytes of a certificate -------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   header    Header
//   texts     target, device
//   stretches Stretch[]
//   weights   WeightSample[]
//   probe     ProbeHeader, name, Row[], f32 sketch[rows][width]
//   hash      BLAKE2b-256 of all bytes in front
//
// Numbers are little endian, nothing is aligned.
//
//===----------------------------------------------------------------------===//

#include "tools/certify/Certificate.h"

#include "runtime/base/AtomicFile.h"
#include "runtime/base/MappedFile.h"

#include <cerrno>
#include <sys/stat.h>

using namespace v4;
using namespace v4::certify;
using plan::fb::ElementType;

namespace {

constexpr char kMagic[8] = {'V', '4', 'C', 'E', 'R', 'T', '\r', '\n'};
constexpr uint32_t kVersion = 1;
constexpr uint64_t kMaxPositions = uint64_t(1) << 31;

struct Header {
  char magic[8];
  uint32_t version;
  uint32_t targetBytes;
  uint32_t deviceBytes;
  uint32_t stretches;
  uint32_t weights;
  uint32_t probes;
  uint64_t seed;
  Digest plan;
  Digest config;
};
static_assert(sizeof(Header) == 104, "written as it is");

struct ProbeHeader {
  uint32_t nameBytes;
  uint32_t element;
  uint32_t rowValues;
  uint32_t width;
  uint64_t rows;
  double rms;
  Digest digest;
};
static_assert(sizeof(ProbeHeader) == 64, "written as it is");
static_assert(sizeof(Stretch) == 12 && sizeof(WeightSample) == 16 && sizeof(Row) == 24, "written as they are");

/// Takes what the file still has; a count is compared with it before anything is allocated.
class Reader {
public:
  Reader(const uint8_t *data, uint64_t bytes) : at(data), left(bytes) {}

  template <typename T>
  bool take(uint64_t count, T *out) {
    if (count > left / sizeof(T))
      return false;
    if (count)
      std::memcpy(static_cast<void *>(out), at, count * sizeof(T));
    at += count * sizeof(T);
    left -= count * sizeof(T);
    return true;
  }
  template <typename List>
  bool takeList(uint64_t count, List &out) {
    if (count > left / sizeof(typename List::value_type))
      return false;
    out.resize(count);
    return take(count, out.data());
  }
  bool isAtEnd() const { return left == 0; }

private:
  const uint8_t *at;
  uint64_t left;
};

bool areLegal(const std::vector<Stretch> &stretches) {
  for (const Stretch &stretch : stretches)
    if (stretch.prompt == 0 || stretch.logits > stretch.prompt || stretch.positions() > kMaxPositions)
      return false;
  return !stretches.empty();
}

bool areLegal(const std::vector<Row> &rows, const std::vector<Stretch> &stretches) {
  for (size_t i = 0; i < rows.size(); ++i) {
    const Row &row = rows[i];
    if (row.stretch >= stretches.size() || row.position >= stretches[row.stretch].positions())
      return false;
    if (i && std::pair(rows[i - 1].stretch, rows[i - 1].position) >= std::pair(row.stretch, row.position))
      return false;
  }
  return true;
}

bool readProbe(Reader &reader, const std::vector<Stretch> &stretches, ProbeRecord &out) {
  ProbeHeader header;
  if (!reader.take(1, &header) || header.width == 0 || header.width > kMaxWidth || header.rowValues == 0)
    return false;
  out.element = static_cast<ElementType>(header.element);
  if (header.element > 0xFF ||
      (out.element != ElementType::BF16 && out.element != ElementType::F32 && out.element != ElementType::I32))
    return false;
  out.rowValues = header.rowValues;
  out.width = header.width;
  out.rms = header.rms;
  out.digest = header.digest;
  return reader.takeList(header.nameBytes, out.name) && reader.takeList(header.rows, out.rows) &&
         areLegal(out.rows, stretches) && reader.takeList(header.rows * header.width, out.sketch);
}

bool readContent(Reader &reader, const Header &header, Certificate &out) {
  out.plan = header.plan;
  out.config = header.config;
  out.seed = header.seed;
  if (!reader.takeList(header.targetBytes, out.target) || !reader.takeList(header.deviceBytes, out.device) ||
      !reader.takeList(header.stretches, out.stretches) || !areLegal(out.stretches) ||
      !reader.takeList(header.weights, out.weights))
    return false;
  for (uint32_t i = 0; i < header.probes; ++i)
    if (!readProbe(reader, out.stretches, out.probes.emplace_back()))
      return false;
  return reader.isAtEnd();
}

void writeProbe(AtomicFile &file, const ProbeRecord &probe) {
  ProbeHeader header = {};
  header.nameBytes = static_cast<uint32_t>(probe.name.size());
  header.element = static_cast<uint32_t>(probe.element);
  header.rowValues = probe.rowValues;
  header.width = probe.width;
  header.rows = probe.rows.size();
  header.rms = probe.rms;
  header.digest = probe.digest;
  file.writeValue(header);
  file.write(probe.name.data(), probe.name.size());
  for (const Row &row : probe.rows) {
    // Field by field into zeros: padding is part of what is hashed.
    unsigned char bytes[sizeof(Row)] = {};
    std::memcpy(bytes, &row.stretch, 4);
    std::memcpy(bytes + 4, &row.position, 4);
    std::memcpy(bytes + 8, &row.hash, 8);
    std::memcpy(bytes + 16, &row.scale, 4);
    file.write(bytes, sizeof(bytes));
  }
  file.write(probe.sketch.data(), probe.sketch.size() * sizeof(float));
}

} // namespace

std::string certify::certificatePathOf(const std::string &planPath) {
  constexpr std::string_view ending = ".v4plan";
  std::string stem = planPath;
  if (stem.size() > ending.size() && stem.compare(stem.size() - ending.size(), ending.size(), ending) == 0)
    stem.resize(stem.size() - ending.size());
  return stem + ".v4cert";
}

Status certify::writeCertificate(const std::string &path, const Certificate &certificate) {
  Header header = {};
  std::memcpy(header.magic, kMagic, sizeof(kMagic));
  header.version = kVersion;
  header.targetBytes = static_cast<uint32_t>(certificate.target.size());
  header.deviceBytes = static_cast<uint32_t>(certificate.device.size());
  header.stretches = static_cast<uint32_t>(certificate.stretches.size());
  header.weights = static_cast<uint32_t>(certificate.weights.size());
  header.probes = static_cast<uint32_t>(certificate.probes.size());
  header.seed = certificate.seed;
  header.plan = certificate.plan;
  header.config = certificate.config;
  AtomicFile file(path);
  V4_RETURN_IF_ERROR(file.open());
  file.writeValue(header);
  file.write(certificate.target.data(), certificate.target.size());
  file.write(certificate.device.data(), certificate.device.size());
  file.write(certificate.stretches.data(), certificate.stretches.size() * sizeof(Stretch));
  file.write(certificate.weights.data(), certificate.weights.size() * sizeof(WeightSample));
  for (const ProbeRecord &probe : certificate.probes)
    writeProbe(file, probe);
  return file.commit();
}

Status certify::readCertificate(const std::string &path, Certificate &out) {
  struct stat information;
  if (stat(path.c_str(), &information) != 0 && (errno == ENOENT || errno == ENOTDIR))
    return unsupported(path, ": there is no certificate, expected one of v4-compile --certify or of v4-verify "
                             "--numerics --record; make one where the plan is known to be right");
  MappedFile file;
  V4_RETURN_IF_ERROR(MappedFile::open(path, LoadMode::Copy, file));
  Header header;
  if (file.size() < sizeof(header) + plan::kHashBytes)
    return invalidInput(path, ": has ", file.size(), " bytes, no certificate is that short; record it again");
  std::memcpy(static_cast<void *>(&header), file.data(), sizeof(header));
  if (std::memcmp(header.magic, kMagic, sizeof(kMagic)) != 0)
    return invalidInput(path, ": is no certificate, expected a file of v4-verify --numerics --record");
  if (header.version != kVersion)
    return invalidInput(path, ": certificate version ", header.version, ", this tool reads ", kVersion,
                        "; record it again");
  uint64_t end = file.size() - plan::kHashBytes;
  Digest digest = hashBytes(file.data(), end);
  if (std::memcmp(digest.bytes, file.data() + end, plan::kHashBytes) != 0)
    return invalidInput(path, ": does not match its checksum, the file is damaged; record it again");
  Reader reader(file.data() + sizeof(header), end - sizeof(header));
  Certificate read;
  if (!readContent(reader, header, read))
    return invalidInput(path, ": its parts do not fit its ", file.size(), " bytes or each other; record it again");
  out = std::move(read);
  return Status();
}
