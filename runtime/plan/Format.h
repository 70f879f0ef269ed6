//===- Format.h - Container header of an engine plan ------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An engine plan is one little-endian file:
//
//   offset 0     Header (192 bytes, fixed for every format version)
//   offset 192   with kFeatureSigned alone: SignatureBlock (128 bytes)
//   64-aligned   metadata section: one FlatBuffer, schema plan.fbs
//   4096-aligned code section: one ELF shared object, or for a GPU cubins at multiples of
//                kImageAlignment (Block in plan.fbs says where), then the seal: 32 bytes, the
//                hash of the metadata section that the code belongs to
//   4096-aligned tables section: index tables (tid2eid as i32), hashed at load
//   4096-aligned hashes section: one 32-byte hash per 4 MiB chunk of weights
//   2 MiB-aligned weights section: tensors, each 4096-aligned
//
// Weights may lie elsewhere. With kFeatureExternalWeights they are in the file
// <plan stem>.v4weights:
//
//   offset 0     WeightsHeader (128 bytes), bound to its plan by planHash
//   2 MiB        the bytes of the weights section, to the end of the file
//
// and hashes are those of its chunks. With kFeatureNoWeights there are no tables,
// hashes and weights: such a plan can be read and costed, not run. Offsets of
// tensors are the same in all three.
//
// The gap between two sections is zero. Sections never overlap and appear in
// the order of SectionKind; the last one ends at Header::fileBytes. Header
// fields up to `fileBytes` keep their place in every version, so that an old
// reader can still say what it is looking at. All hashes are BLAKE2b-256
// (libsodium's crypto_generichash with a 32-byte output and no key).
//
// `headerHash` covers the 160 bytes in front of it. It is compared first, then
// the hashes of metadata, code, tables and hashes; only then is the FlatBuffer
// verified, then the semantic rules, and only a step that runs maps code.
// A weights chunk is compared with its entry of the hashes section on request.
//
// The signature covers the whole header, so through its hashes everything but the
// weights, and through the hashes section these too, once they are compared. It is
// checked right behind the header: with the key that it names, and where one key is
// demanded, that this is the one.
//
// No rule about metadata alone can prove that a kernel stays inside the buffers
// that a launch gives it. So code accepts only the metadata it was compiled for:
// the seal, inside the hashed code section, names it, and a device compares it
// before it maps the code.
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_PLAN_FORMAT_H
#define V4_RUNTIME_PLAN_FORMAT_H

#include <cstdint>

namespace v4::plan {

inline constexpr char kMagic[8] = {'V', '4', 'P', 'L', 'A', 'N', '\r', '\n'};
/// Written by this compiler, and the range that this runtime reads.
inline constexpr uint32_t kFormatVersion = 1;
inline constexpr uint32_t kOldestFormatVersion = 1;
/// Changes whenever KernelAbi.h changes meaning.
inline constexpr uint32_t kAbiVersion = 1;

inline constexpr uint64_t kMetadataAlignment = 64;
inline constexpr uint64_t kSectionAlignment = 4096;
inline constexpr uint64_t kWeightsAlignment = 2u << 20;
inline constexpr uint64_t kTensorAlignment = 4096;
inline constexpr uint64_t kImageAlignment = 64;
inline constexpr uint64_t kHashChunkBytes = 4u << 20;
inline constexpr uint32_t kHashBytes = 32;
/// A cache page covers this many source tokens: a multiple of every ratio.
inline constexpr uint32_t kPageTokens = 128;

/// Order of sections in the file and index in Header::sections.
enum class SectionKind : uint32_t { Metadata = 0, Code = 1, Tables = 2, Hashes = 3, Weights = 4 };
inline constexpr uint32_t kSectionCount = 5;

/// A feature the reader must know; an unknown set bit refuses the plan.
inline constexpr uint64_t kFeatureExternalWeights = 1;
inline constexpr uint64_t kFeatureNoWeights = 2;
inline constexpr uint64_t kFeatureSigned = 4;
/// A kernel has a Call: set exactly then.
inline constexpr uint64_t kFeatureCalls = 8;
/// A kernel has variants: set exactly then.
inline constexpr uint64_t kFeatureVariants = 16;
/// A launch is of the group Sample: set exactly then.
inline constexpr uint64_t kFeatureSampling = 32;
inline constexpr uint64_t kKnownFeatures = kFeatureExternalWeights | kFeatureNoWeights | kFeatureSigned |
                                           kFeatureCalls | kFeatureVariants | kFeatureSampling;

struct Section {
  uint64_t offset; ///< From the start of the file; 0 when `bytes` is 0.
  uint64_t bytes;  ///< Without the padding that follows.
};

/// Offset 0 of the file.
struct Header {
  char magic[8];
  uint32_t formatVersion;
  uint32_t abiVersion;
  uint64_t requiredFeatures;
  uint64_t fileBytes; ///< Total size; a different size on disk is a truncated or grown file.
  Section sections[kSectionCount];
  /// BLAKE2b-256 over metadataHash | codeHash | tablesHash | hashesHash (32
  /// bytes each, of the bytes of those sections): one value names the plan.
  uint8_t planHash[kHashBytes];
  uint32_t sectionCount;          ///< kSectionCount.
  uint32_t reserved0;             ///< 0.
  uint64_t reserved1;             ///< 0.
  uint8_t headerHash[kHashBytes]; ///< Over the 160 bytes in front of it.
};
static_assert(sizeof(Header) == 192, "the header's size is part of the format");

/// Behind the header of a signed plan. Ed25519, so that the same key and plan give the same bytes.
struct SignatureBlock {
  uint8_t publicKey[32];
  uint8_t signature[64]; ///< Of SignedMessage.
  uint8_t reserved[32];  ///< 0.
};
static_assert(sizeof(SignatureBlock) == 128, "the block's size is part of the format");

/// What is signed: no signature made for another purpose can pass for one of a plan.
struct SignedMessage {
  char domain[32] = "v4c engine plan, signature 1";
  Header header;
};
static_assert(sizeof(SignedMessage) == 224, "the message has no padding");

/// Where the metadata section of a plan may begin, at the earliest.
inline constexpr uint64_t headerBytes(uint64_t requiredFeatures) {
  return sizeof(Header) + (requiredFeatures & kFeatureSigned ? sizeof(SignatureBlock) : 0);
}

inline constexpr char kWeightsMagic[8] = {'V', '4', 'W', 'G', 'H', 'T', '\r', '\n'};
inline constexpr uint32_t kWeightsVersion = 1;

/// Offset 0 of a file of external weights; the gap behind it is zero.
struct WeightsHeader {
  char magic[8];
  uint32_t formatVersion;
  uint32_t reserved0;             ///< 0.
  uint64_t fileBytes;             ///< Total size.
  uint64_t weightsOffset;         ///< kWeightsAlignment.
  uint64_t weightsBytes;          ///< To the end of the file.
  uint8_t planHash[kHashBytes];   ///< Of the plan that these weights belong to.
  uint64_t reserved1[3];          ///< 0.
  uint8_t headerHash[kHashBytes]; ///< Over the 96 bytes in front of it.
};
static_assert(sizeof(WeightsHeader) == 128, "the header's size is part of the format");

} // namespace v4::plan

#endif // V4_RUNTIME_PLAN_FORMAT_H
