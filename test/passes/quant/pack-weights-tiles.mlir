// RUN: v4-opt %s --v4-pack-weights -verify-diagnostics -split-input-file | FileCheck %s

!x = tensor<?x256xbf16, #v4.rows<tokens>>
!y = tensor<?x512xbf16, #v4.rows<tokens>>

// On a GPU whose tensor cores read them, matrices of bf16 and FP8 become tiles, in the form that their product reads.
module attributes {v4.target = #kernel.target<"cuda:sm_90a", cpu = "sm_90a", features = [], vector_bits = 128, limits = <threads = 1024, shared_bytes = 232448, registers = 65536, processors = 132>>} {
// CHECK: ml_program.global private @a({{.*}}) : tensor<512x256xbf16, #v4.tiles<bf16, rows>>
// expected-remark @below {{v4-pack-weights: 'a' is packed as 'tensor<512x256xbf16, #v4.tiles<bf16, rows>>'}}
ml_program.global private @a(#ml_program.extern<tensor<512x256xbf16>>) : tensor<512x256xbf16>
// CHECK: @fused({{.*}}) : tensor<40x256xbf16, #v4.tiles<bf16, rows>>
// expected-remark @below {{v4-pack-weights: 'fused' is packed}}
ml_program.global private @fused(#ml_program.extern<tensor<40x256xbf16>>) : tensor<40x256xbf16>
// CHECK: @narrow({{.*}}) : tensor<512x256xf8E4M3FN, #v4.tiles<f8E4M3FN, rows>>
// expected-remark @below {{v4-pack-weights: 'narrow' is packed}}
ml_program.global private @narrow(#ml_program.extern<tensor<512x256xf8E4M3FN>>) : tensor<512x256xf8E4M3FN>
// CHECK: @scales({{.*}}) : tensor<4x2xf8E8M0FNU>
// expected-remark @below {{v4-pack-weights: 'scales' keeps its layout: scales of 128 x 128 blocks need no layout}}
ml_program.global private @scales(#ml_program.extern<tensor<4x2xf8E8M0FNU>>) : tensor<4x2xf8E8M0FNU>
// CHECK: @grouped({{.*}}) : tensor<256x128xf8E4M3FN, #v4.tiles<f8E4M3FN, wide>>
// expected-remark @below {{v4-pack-weights: 'grouped' is packed}}
ml_program.global private @grouped(#ml_program.extern<tensor<256x128xf8E4M3FN>>) : tensor<256x128xf8E4M3FN>
// CHECK: @both({{.*}}) : tensor<256x128xf8E4M3FN>
// expected-remark @below {{v4-pack-weights: 'both' keeps its layout: products of two kinds read it, whose tiles have different forms}}
ml_program.global private @both(#ml_program.extern<tensor<256x128xf8E4M3FN>>) : tensor<256x128xf8E4M3FN>
// CHECK: @codes({{.*}}) : tensor<512x128xi8, #v4.packed<f4E2M1FN>>
// expected-remark @below {{v4-pack-weights: 'codes' keeps its layout: no template has its product}}
ml_program.global private @codes(#ml_program.extern<tensor<512x128xi8, #v4.packed<f4E2M1FN>>>) : tensor<512x128xi8, #v4.packed<f4E2M1FN>>
// CHECK: @rowScales({{.*}}) : tensor<512x8xf8E8M0FNU>
// expected-remark @below {{v4-pack-weights: 'rowScales' keeps its layout: no template has its product}}
ml_program.global private @rowScales(#ml_program.extern<tensor<512x8xf8E8M0FNU>>) : tensor<512x8xf8E8M0FNU>
// CHECK: @small({{.*}}) : tensor<64x128xbf16>
// expected-remark @below {{v4-pack-weights: 'small' keeps its layout: a group has 32 rows, not a multiple of 64}}
ml_program.global private @small(#ml_program.extern<tensor<64x128xbf16>>) : tensor<64x128xbf16>
// CHECK: @made({{.*}}) : tensor<256x128xf8E4M3FN>
// expected-remark @below {{v4-pack-weights: 'made' keeps its layout: its bytes are made when the plan is written}}
ml_program.global private @made(#ml_program.extern<tensor<256x128xf8E4M3FN>>) : tensor<256x128xf8E4M3FN> {v4.recipe = "quantize_e4m3", v4.sources = ["made"]}
// CHECK: @table({{.*}}) : tensor<512x256xbf16>
// expected-remark @below {{v4-pack-weights: 'table' keeps its layout: its use in v4.embed is no matrix product}}
ml_program.global private @table(#ml_program.extern<tensor<512x256xbf16>>) : tensor<512x256xbf16>
// CHECK: @odd({{.*}}) : tensor<512x96xbf16>
// expected-remark @below {{v4-pack-weights: 'odd' keeps its layout: 96 columns are no multiple of 64}}
ml_program.global private @odd(#ml_program.extern<tensor<512x96xbf16>>) : tensor<512x96xbf16>

// CHECK-LABEL: func.func @main
func.func @main(%x: !x, %n: tensor<?x96xbf16, #v4.rows<tokens>>, %h: tensor<?x4x64xbf16, #v4.rows<tokens>>, %c: tensor<2x1xf8E8M0FNU>, %h2: tensor<?x128xbf16, #v4.rows<tokens>>) -> !y {
  %a = ml_program.global_load_const @a : tensor<512x256xbf16>
  %f = ml_program.global_load_const @fused : tensor<40x256xbf16>
  %w = ml_program.global_load_const @narrow : tensor<512x256xf8E4M3FN>
  %s = ml_program.global_load_const @scales : tensor<4x2xf8E8M0FNU>
  %t = ml_program.global_load_const @table : tensor<512x256xbf16>
  %o = ml_program.global_load_const @odd : tensor<512x96xbf16>
  %0 = v4.linear %x, %a : !x, tensor<512x256xbf16> -> !y
  %1:2 = v4.projections %x, [%f, %f] : !x, [tensor<40x256xbf16>, tensor<40x256xbf16>] -> tensor<?x40xbf16, #v4.rows<tokens>>, tensor<?x40xbf16, #v4.rows<tokens>>
  %2 = v4.linear %x, %w scales %s : !x, tensor<512x256xf8E4M3FN>, tensor<4x2xf8E8M0FNU> -> !y
  %3 = v4.embed %t : tensor<512x256xbf16> -> !x
  %4 = v4.linear %n, %o : tensor<?x96xbf16, #v4.rows<tokens>>, tensor<512x96xbf16> -> !y
  %g = ml_program.global_load_const @grouped : tensor<256x128xf8E4M3FN>
  %m = ml_program.global_load_const @small : tensor<64x128xbf16>
  %d = ml_program.global_load_const @made : tensor<256x128xf8E4M3FN>
  %b = ml_program.global_load_const @both : tensor<256x128xf8E4M3FN>
  %k = ml_program.global_load_const @codes : tensor<512x128xi8, #v4.packed<f4E2M1FN>>
  %z = ml_program.global_load_const @rowScales : tensor<512x8xf8E8M0FNU>
  %8 = v4.grouped_linear %h, %b scales %c groups 2 : tensor<?x4x64xbf16, #v4.rows<tokens>>, tensor<256x128xf8E4M3FN>, tensor<2x1xf8E8M0FNU> -> !x
  %9 = v4.linear %h2, %b scales %c : tensor<?x128xbf16, #v4.rows<tokens>>, tensor<256x128xf8E4M3FN>, tensor<2x1xf8E8M0FNU> -> !x
  %10 = v4.linear %x, %k scales %z : !x, tensor<512x128xi8, #v4.packed<f4E2M1FN>>, tensor<512x8xf8E8M0FNU> -> !y
  %5 = v4.grouped_linear %h, %g scales %c groups 2 : tensor<?x4x64xbf16, #v4.rows<tokens>>, tensor<256x128xf8E4M3FN>, tensor<2x1xf8E8M0FNU> -> !x
  %6 = v4.grouped_linear %h, %m groups 2 : tensor<?x4x64xbf16, #v4.rows<tokens>>, tensor<64x128xbf16> -> tensor<?x64xbf16, #v4.rows<tokens>>
  %7 = v4.grouped_linear %h, %d scales %c groups 2 : tensor<?x4x64xbf16, #v4.rows<tokens>>, tensor<256x128xf8E4M3FN>, tensor<2x1xf8E8M0FNU> -> !x
  return %0 : !y
}
}

// -----

// Other GPUs run the decomposition, which reads the checkpoint's layout.
module attributes {v4.target = #kernel.target<"cuda:sm_100a", cpu = "sm_100a", features = [], vector_bits = 128, limits = <threads = 1024, shared_bytes = 232448, registers = 65536, processors = 148>>} {
// CHECK: @other({{.*}}) : tensor<512x256xbf16>
ml_program.global private @other(#ml_program.extern<tensor<512x256xbf16>>) : tensor<512x256xbf16>
func.func @main(%x: tensor<?x256xbf16, #v4.rows<tokens>>) -> tensor<?x512xbf16, #v4.rows<tokens>> {
  %a = ml_program.global_load_const @other : tensor<512x256xbf16>
  %0 = v4.linear %x, %a : tensor<?x256xbf16, #v4.rows<tokens>>, tensor<512x256xbf16> -> tensor<?x512xbf16, #v4.rows<tokens>>
  return %0 : tensor<?x512xbf16, #v4.rows<tokens>>
}
}

// -----

!x = tensor<?x128xbf16, #v4.rows<tokens>>
!codes = tensor<4x128x64xi8, #v4.packed<f4E2M1FN>>
!scales = tensor<4x128x4xf8E8M0FNU>
!order = tensor<?x2xi32, #v4.rows<tokens>>
!runs = tensor<?x5xi32, #v4.rows<one>>
!h = tensor<?x2x128xbf16, #v4.rows<tokens>>

// Experts: codes for registers, their scales in the same tiles, both or none.
module attributes {v4.target = #kernel.target<"cuda:sm_90a", cpu = "sm_90a", features = [], vector_bits = 128, limits = <threads = 1024, shared_bytes = 232448, registers = 65536, processors = 132>>} {
// CHECK: @gate({{.*}}) : tensor<4x128x64xi8, #v4.tiles<f4E2M1FN, wide>>
// expected-remark @below {{v4-pack-weights: 'gate' is packed as 'tensor<4x128x64xi8, #v4.tiles<f4E2M1FN, wide>>'}}
ml_program.global private @gate(#ml_program.extern<!codes>) : !codes
// CHECK: @gate.scale({{.*}}) : tensor<4x128x4xf8E8M0FNU, #v4.tiles<f8E8M0FNU, rows>>
// expected-remark @below {{v4-pack-weights: 'gate.scale' is packed as 'tensor<4x128x4xf8E8M0FNU, #v4.tiles<f8E8M0FNU, rows>>'}}
ml_program.global private @gate.scale(#ml_program.extern<!scales>) : !scales
// CHECK: @down({{.*}}) : tensor<4x128x64xi8, #v4.tiles<f4E2M1FN, wide>>
// expected-remark @below {{v4-pack-weights: 'down' is packed}}
ml_program.global private @down(#ml_program.extern<!codes>) : !codes
// CHECK: @down.scale({{.*}}) : tensor<4x128x4xf8E8M0FNU, #v4.tiles<f8E8M0FNU, rows>>
// expected-remark @below {{v4-pack-weights: 'down.scale' is packed}}
ml_program.global private @down.scale(#ml_program.extern<!scales>) : !scales
// Quantized when the plan is written, and so neither its scales nor the other matrix of its op are packed.
// expected-remark @below {{v4-pack-weights: 'made' keeps its layout: its bytes are made when the plan is written}}
ml_program.global private @made(#ml_program.extern<!codes>) : !codes {v4.recipe = "quantize_e2m1", v4.sources = ["made"]}
// CHECK: @made.scale({{.*}}) : tensor<4x128x4xf8E8M0FNU>
// expected-remark @below {{v4-pack-weights: 'made.scale' keeps its layout: the other half of its FP4 matrix is not packed}}
ml_program.global private @made.scale(#ml_program.extern<!scales>) : !scales
// CHECK: @up({{.*}}) : tensor<4x128x64xi8, #v4.packed<f4E2M1FN>>
// expected-remark @below {{v4-pack-weights: 'up' keeps its layout: the other matrix of its v4.gate_up is not packed}}
ml_program.global private @up(#ml_program.extern<!codes>) : !codes
// expected-remark @below {{v4-pack-weights: 'up.scale' keeps its layout: the other}}
ml_program.global private @up.scale(#ml_program.extern<!scales>) : !scales
// CHECK: @odd({{.*}}) : tensor<4x128x96xi8, #v4.packed<f4E2M1FN>>
// expected-remark @below {{v4-pack-weights: 'odd' keeps its layout: 192 columns are no multiple of 128}}
ml_program.global private @odd(#ml_program.extern<tensor<4x128x96xi8, #v4.packed<f4E2M1FN>>>) : tensor<4x128x96xi8, #v4.packed<f4E2M1FN>>
// expected-remark @below {{v4-pack-weights: 'odd.scale' keeps its layout: the other half of its FP4 matrix is not packed}}
ml_program.global private @odd.scale(#ml_program.extern<tensor<4x128x6xf8E8M0FNU>>) : tensor<4x128x6xf8E8M0FNU>
// CHECK: @plain({{.*}}) : tensor<4x128x128xbf16>
// expected-remark @below {{v4-pack-weights: 'plain' keeps its layout: no template has its product}}
ml_program.global private @plain(#ml_program.extern<tensor<4x128x128xbf16>>) : tensor<4x128x128xbf16>

func.func @main(%x: !x, %z: tensor<?x192xbf16, #v4.rows<tokens>>, %o: !order, %f: !runs, %n: !runs, %w: tensor<?x2xf32, #v4.rows<tokens>>) {
  %g = ml_program.global_load_const @gate : !codes
  %gs = ml_program.global_load_const @gate.scale : !scales
  %d = ml_program.global_load_const @down : !codes
  %ds = ml_program.global_load_const @down.scale : !scales
  %m = ml_program.global_load_const @made : !codes
  %ms = ml_program.global_load_const @made.scale : !scales
  %u = ml_program.global_load_const @up : !codes
  %us = ml_program.global_load_const @up.scale : !scales
  %c = ml_program.global_load_const @odd : tensor<4x128x96xi8, #v4.packed<f4E2M1FN>>
  %cs = ml_program.global_load_const @odd.scale : tensor<4x128x6xf8E8M0FNU>
  %p = ml_program.global_load_const @plain : tensor<4x128x128xbf16>
  %0 = v4.gate_up %x, %g, %g scales %gs, %gs weights %w order %o, %f, %n : !x, !codes, !codes scales !scales, !scales weights tensor<?x2xf32, #v4.rows<tokens>> order !order, !runs, !runs -> !h
  %1 = v4.expert_linear %0, %d scales %ds order %o, %f, %n : !h, !codes scales !scales order !order, !runs -> !h
  %2 = v4.gate_up %x, %m, %u scales %ms, %us weights %w order %o, %f, %n : !x, !codes, !codes scales !scales, !scales weights tensor<?x2xf32, #v4.rows<tokens>> order !order, !runs, !runs -> !h
  %3 = v4.expert_linear %z, %c scales %cs order %o, %f, %n : tensor<?x192xbf16, #v4.rows<tokens>>, tensor<4x128x96xi8, #v4.packed<f4E2M1FN>> scales tensor<4x128x6xf8E8M0FNU> order !order, !runs -> !h
  %4 = v4.expert_linear %x, %p order %o, %f, %n : !x, tensor<4x128x128xbf16> order !order, !runs -> !h
  return
}
}
